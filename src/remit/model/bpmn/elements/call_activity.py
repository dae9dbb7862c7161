"""Call activity: which process it calls, and what goes in and comes back."""

from __future__ import annotations

from dataclasses import dataclass, field

from lxml import etree

from remit import feel
from remit.model.bpmn import xml
from remit.model.bpmn.graph import Activity, Binding, ElementType, Node
from remit.model.bpmn.reading import Reading, fill

TAG = "callActivity"
_BINDINGS = {binding.value: binding for binding in Binding}


@dataclass(slots=True, eq=False)
class CallActivity(Activity):
    process_id: feel.Expression = field(default_factory=lambda: feel.compile_attribute(""))
    binding: Binding = Binding.LATEST
    version_tag: str | None = None
    propagate_all_parent: bool = True
    propagate_all_child: bool = True


def read(reading: Reading, element: etree._Element) -> Node:
    called = xml.extension(element, "calledElement")
    if called is None or not (called.get("processId") or "").strip():
        reading.find_fault(
            element, "called-element", "it does not say which process it calls",
            "add a zeebe:calledElement with a processId",
        )  # fmt: skip
        called = etree.Element("calledElement")
    node = CallActivity(
        *xml.head(element),
        "call_activity",
        ElementType.CALL_ACTIVITY,
        process_id=reading.attribute(element, called.get("processId"), "the called process"),
        binding=_BINDINGS.get(called.get("bindingType") or "latest", Binding.LATEST),
        version_tag=xml.attribute(called, "versionTag"),
        propagate_all_parent=xml.is_true(called, "propagateAllParentVariables", default=True),
        propagate_all_child=xml.is_true(called, "propagateAllChildVariables", default=True),
    )
    return fill(reading, element, node)
