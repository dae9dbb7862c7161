"""Business rule task: evaluates a decision, or is done by a worker; one of the two."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from lxml import etree

from remit import feel
from remit.model.bpmn import xml
from remit.model.bpmn.checks.finding import fault
from remit.model.bpmn.extensions import binding, job
from remit.model.bpmn.filling import fill
from remit.model.bpmn.graph import Binding, ElementType, JobActivity, Node
from remit.model.bpmn.reading import Reading
from remit.model.finding import Finding

TAG = "businessRuleTask"


@dataclass(slots=True, eq=False)
class BusinessRuleTask(JobActivity):
    """`decision` and `result_variable` come together; with them `job` is None."""

    decision: feel.Expression | None = None
    result_variable: str = ""
    binding: Binding = Binding.LATEST
    version_tag: str | None = None


def read(reading: Reading, element: etree._Element) -> Node:
    called = xml.extension(element, "calledDecision")
    node = BusinessRuleTask(
        *xml.head(element),
        "business_rule_task",
        ElementType.BUSINESS_RULE_TASK,
        job=job(reading, element),
    )
    if called is not None:
        node.decision = reading.attribute(element, called.get("decisionId"), "the decision id")
        node.result_variable = (called.get("resultVariable") or "").strip()
        node.binding, node.version_tag = binding(reading, element, called)
    return fill(reading, element, node)


def check(node: BusinessRuleTask) -> Iterator[Finding]:
    if (node.decision is None) == (node.job is None):
        yield fault(
            node, "implementation",
            "a business rule task evaluates a decision or is done by a worker: one of the two",
            "add either a zeebe:calledDecision or a zeebe:taskDefinition",
        )  # fmt: skip
    if node.decision is not None and not (node.decision.text.strip() and node.result_variable):
        yield fault(
            node, "called-decision", "its decision id or its result variable is missing",
            "give the zeebe:calledDecision both",
        )  # fmt: skip
