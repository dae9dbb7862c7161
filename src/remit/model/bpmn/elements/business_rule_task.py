"""Business rule task: evaluates a decision, or is done by a worker; one of the two."""

from __future__ import annotations

from dataclasses import dataclass

from lxml import etree

from remit import feel
from remit.model.bpmn import xml
from remit.model.bpmn.graph import Binding, ElementType, JobActivity, Node
from remit.model.bpmn.reading import Reading, fill, job

TAG = "businessRuleTask"
_BINDINGS = {binding.value: binding for binding in Binding}


@dataclass(slots=True, eq=False)
class BusinessRuleTask(JobActivity):
    decision: feel.Expression | None = None
    result_variable: str = ""
    binding: Binding = Binding.LATEST
    version_tag: str | None = None


def read(reading: Reading, element: etree._Element) -> Node:
    called = xml.extension(element, "calledDecision")
    work = job(reading, element)
    node = BusinessRuleTask(
        *xml.head(element), "business_rule_task", ElementType.BUSINESS_RULE_TASK, job=work
    )
    if (called is None) == (work is None):
        reading.find_fault(
            element, "element-type",
            "a business rule task evaluates a decision or is done by a worker: one of the two",
            "add either a zeebe:calledDecision or a zeebe:taskDefinition",
        )  # fmt: skip
    elif called is not None:
        node.decision = reading.attribute(element, called.get("decisionId"), "the decision id")
        node.result_variable = called.get("resultVariable") or ""
        node.binding = _BINDINGS.get(called.get("bindingType") or "latest", Binding.LATEST)
        node.version_tag = xml.attribute(called, "versionTag")
        if not called.get("decisionId") or not node.result_variable:
            reading.find_fault(
                element, "called-decision", "its decision id or its result variable is missing",
                "give the zeebe:calledDecision both",
            )  # fmt: skip
    return fill(reading, element, node)
