"""EVALUATE conditional start events: an instance for each whose condition holds over the variables."""

from __future__ import annotations

from collections.abc import Iterator

from remit.base.errors import NotFound
from remit.engine import instances
from remit.engine.expressions import evaluate_with
from remit.engine.faults import IncidentRaised
from remit.engine.governance import begin_by_event
from remit.engine.run import Handler, Run
from remit.model.bpmn.graph import ConditionalDefinition, EventNode
from remit.protocol.commands import EvaluateConditional
from remit.protocol.events.condition import ConditionsEvaluated
from remit.protocol.replies import InstancesStarted
from remit.protocol.values import NONE_KEY, ProcessDefinition


def evaluate_conditional(run: Run, command: EvaluateConditional) -> None:
    """Of one definition, or of the latest version of every process."""
    started, rows = [], list(_definitions(run, command))
    evaluation = run.new_key()
    run.emit(ConditionsEvaluated(evaluation, command.definition, command.tenant))
    for row in rows:
        definition = run.definition(row.key)
        for start in definition.process.event_starts:
            if _holds(run, start, command):
                key = run.new_key()
                run.root = key
                unborn = instances.unborn(definition, key)
                if not begin_by_event(run, definition, unborn, start.id, command.variables):
                    continue
                instances.start(run, definition, unborn, start=start.id, payload=command.variables)
                started.append((row.key, key))
    run.reply = InstancesStarted(tuple(started), evaluation)


def _definitions(run: Run, command: EvaluateConditional) -> Iterator[ProcessDefinition]:
    rows = run.state.processes
    if command.definition != NONE_KEY:
        row = rows.get(command.definition)
        if row is None or row.is_deleted or row.tenant != command.tenant:
            raise NotFound(
                f"Expected to find process definition with key '{command.definition}', but none found"
            )
        yield row
        return
    for process_id in sorted({row.process_id for row in rows.rows.values()}):
        latest = run.state.latest_process(command.tenant, process_id)
        if latest is not None:
            yield latest


def _holds(run: Run, start: EventNode, command: EvaluateConditional) -> bool:
    """A condition that can't be evaluated does not hold."""
    for definition in start.definitions:
        if not isinstance(definition, ConditionalDefinition):
            continue
        names = definition.condition.variables
        known = {name: command.variables[name] for name in names if name in command.variables}
        try:
            if evaluate_with(run, definition.condition, known) is True:
                return True
        except IncidentRaised:
            continue
    return False


HANDLES = {EvaluateConditional: Handler("EVALUATE", evaluate_conditional)}
