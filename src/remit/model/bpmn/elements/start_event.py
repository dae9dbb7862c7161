"""Start event, of a process or of any kind of sub-process; it may have a form."""

from __future__ import annotations

from collections.abc import Iterator

from lxml import etree

from remit.model.bpmn import xml
from remit.model.bpmn.checks.finding import fault
from remit.model.bpmn.event_definitions import read_definitions
from remit.model.bpmn.extensions import form
from remit.model.bpmn.filling import fill
from remit.model.bpmn.graph import ElementType, Node, StartNode
from remit.model.bpmn.reading import Reading
from remit.model.finding import Finding

TAG = "startEvent"


def read(reading: Reading, element: etree._Element) -> Node:
    definitions, event_type = read_definitions(reading, element)
    node = StartNode(
        *xml.head(element),
        "start_event",
        ElementType.START_EVENT,
        event_type,
        definitions=definitions,
        parallel_multiple=xml.is_true(element, "parallelMultiple"),
        interrupting=xml.is_true(element, "isInterrupting", default=True),
        form=form(reading, element),
    )
    return fill(reading, element, node)


def check(node: StartNode) -> Iterator[Finding]:
    if node.incoming:
        yield fault(node, "start-event-flows", "a start event has no incoming flows", "remove them")
    if node.form is not None and not (node.form.form_id or node.form.form_key):
        yield fault(
            node,
            "start-event-form",
            "its form has neither id nor key",
            "give it a formId or formKey",
        )
