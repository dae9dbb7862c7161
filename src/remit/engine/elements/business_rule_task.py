"""Business rule task: a decision is evaluated when it opens, or a worker does it (rule 73).

The result becomes a local variable and leaves with the task, by its output mappings or by itself.
"""

from __future__ import annotations

from collections.abc import Sequence

from remit.engine import decisions
from remit.engine.definitions import Plan, Stage
from remit.engine.elements.activity import ActivityElement
from remit.engine.elements.event import PAYLOAD
from remit.engine.elements.job_activity import JOB
from remit.engine.expressions import evaluate
from remit.engine.faults import IncidentRaised, extract_value_error
from remit.engine.governance import admit_step
from remit.engine.run import Run
from remit.engine.variables import set_local, visible
from remit.model.bpmn.elements.business_rule_task import BusinessRuleTask as BusinessRuleTaskNode
from remit.model.bpmn.graph import Node


def decide(run: Run, plan: Plan, key: int) -> bool:
    node, element = plan.node, run.element(key)
    assert isinstance(node, BusinessRuleTaskNode)
    assert node.decision is not None
    decision_id = evaluate(run, node.decision, key)
    if not isinstance(decision_id, str):
        raise extract_value_error(
            f"Expected the decision id '{node.decision.text}' of '{node.id}' to be a string, but it "
            f"is {decision_id!r}"
        )
    row = decisions.bound(
        run, element.tenant, decision_id, node.binding,
        deployment=plan.definition.row.deployment, version_tag=node.version_tag,
    )  # fmt: skip
    if row is None:
        raise IncidentRaised(
            "CALLED_DECISION_ERROR",
            f"Expected to evaluate decision '{decision_id}' from '{node.id}', but no decision with "
            f"this id is deployed (binding {node.binding.value})",
        )
    facts = {"decisionId": decision_id, "decisionVersion": row.version}
    admit_step(run, element, "decision.evaluate", facts)
    evaluation = decisions.evaluate(
        run, row, visible(run, key), element_key=key, instance=element.instance
    )
    if evaluation["failedDecisionId"]:
        run.choices[key] = evaluation["failureMessage"]
    else:
        set_local(run, element, {node.result_variable: evaluation["output"]})
    return False


def check(run: Run, plan: Plan, key: int) -> bool:
    """A failure is an incident, and its record stands."""
    failure = run.choices.pop(key, None)
    if failure is not None:
        raise IncidentRaised(
            "DECISION_EVALUATION_ERROR",
            f"Expected to evaluate a decision at '{plan.node.id}', but {failure}",
        )
    return False


DECISION = Stage("decision", decide)
CHECK = Stage("decision", check)
"""Named like the stage before it: resolving the incident evaluates again."""


class BusinessRuleTask(ActivityElement):
    def opening(self, node: Node) -> Sequence[Stage]:
        stages = super().opening(node)
        return (*stages, JOB) if _has_job(node) else (*stages, DECISION, CHECK)

    def closing(self, node: Node) -> Sequence[Stage]:
        stages = super().closing(node)
        return stages if _has_job(node) or node.outputs else (*stages, PAYLOAD)

    def waits(self, plan: Plan) -> bool:
        return _has_job(plan.node)


def _has_job(node: Node) -> bool:
    assert isinstance(node, BusinessRuleTaskNode)
    return node.job is not None


ELEMENT = BusinessRuleTask()
