"""EVALUATE a decision by key or by id. One that fails is an answer, not a rejection."""

from __future__ import annotations

from remit.base.errors import InvalidArgument
from remit.engine import decisions
from remit.engine.run import Handler, Run
from remit.protocol.commands import EvaluateDecision
from remit.protocol.replies import DecisionEvaluated
from remit.protocol.values import NONE_KEY


def evaluate_decision(run: Run, command: EvaluateDecision) -> None:
    if (command.key == NONE_KEY) == (not command.decision_id):
        raise InvalidArgument(
            "Expected either a decision id or a decision key, but none or both were given"
        )
    if command.key != NONE_KEY:
        row = run.state.decisions.get(command.key)
        said = f"key '{command.key}'"
    else:
        row = decisions.latest(run, command.tenant, command.decision_id)
        said = f"id '{command.decision_id}'"
    if row is None or not run.sees(row.tenant):
        raise InvalidArgument(
            f"Expected to evaluate decision with {said}, but no decision found for it"
        )
    evaluation = decisions.evaluate(run, row, command.variables)
    requirements = run.state.requirements[row.requirements_key]
    run.reply = DecisionEvaluated(run.state.next_key - 1, row, requirements.version, evaluation)


HANDLES = {EvaluateDecision: Handler("EVALUATE", evaluate_decision)}
