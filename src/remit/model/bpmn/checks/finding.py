"""How a check says what it found."""

from __future__ import annotations

from remit.model.bpmn.graph import Flow, JobDefinition, Node
from remit.model.bpmn.rules import RULES
from remit.model.finding import Finding


def fault(node: Node | Flow, rule: str, message: str, fix: str) -> Finding:
    """An error at a node or flow; the rule is one of `remit.model.bpmn.rules`."""
    assert rule in RULES, rule
    return Finding(node.id, node.name, node.line, rule, message, fix)


def no_job(node: Node, job: JobDefinition | None) -> list[Finding]:
    """What is done by a worker needs a job type."""
    if job is not None:
        return []
    return [
        fault(
            node, "implementation", "it is done by a worker, but it has no job type",
            "add a zeebe:taskDefinition with a type",
        )
    ]  # fmt: skip
