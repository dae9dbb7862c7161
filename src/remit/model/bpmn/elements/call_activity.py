"""Call activity: which process it calls, and what goes in and comes back (rules 13, 14, 71)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from lxml import etree

from remit import feel
from remit.model.bpmn import xml
from remit.model.bpmn.checks.finding import fault
from remit.model.bpmn.extensions import binding
from remit.model.bpmn.filling import fill
from remit.model.bpmn.graph import Activity, Binding, ElementType, Node
from remit.model.bpmn.reading import Reading
from remit.model.finding import Finding

TAG = "callActivity"


@dataclass(slots=True, eq=False)
class CallActivity(Activity):
    """`business_id` None: the called instance inherits that of its caller."""

    process_id: feel.Expression = field(default_factory=lambda: feel.compile_attribute(""))
    binding: Binding = Binding.LATEST
    version_tag: str | None = None
    propagate_all_parent: bool = True
    propagate_all_child: bool = True
    business_id: feel.Expression | None = None


def called_process(element: etree._Element) -> str:
    """The id as it is written: Zeebe's, its older form as an expression, or BPMN's own attribute."""
    called = xml.extension(element, "calledElement")
    if called is not None:
        older = (called.get("processIdExpression") or "").strip()
        written = called.get("processId") or (older and "=" + older.removeprefix("="))
        if written:
            return written.strip()
    return (element.get("calledElement") or "").strip().rpartition(":")[2]


def read(reading: Reading, element: etree._Element) -> Node:
    node = CallActivity(*xml.head(element), "call_activity", ElementType.CALL_ACTIVITY)
    node.process_id = reading.attribute(element, called_process(element), "the called process")
    called = xml.extension(element, "calledElement")
    if called is not None:
        node.binding, node.version_tag = binding(reading, element, called)
        node.propagate_all_parent = xml.is_true(called, "propagateAllParentVariables", default=True)
        node.propagate_all_child = xml.is_true(called, "propagateAllChildVariables", default=True)
        node.business_id = reading.optional_attribute(
            element, called.get("businessId"), "the business id"
        )
    return fill(reading, element, node)


def check(node: CallActivity) -> Iterator[Finding]:
    if not node.process_id.text.strip():
        yield fault(
            node, "called-element", "it does not say which process it calls",
            "add a zeebe:calledElement with a processId",
        )  # fmt: skip
