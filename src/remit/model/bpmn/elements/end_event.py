"""End event: a message is sent by a worker, or along a message flow (B22)."""

from __future__ import annotations

from collections.abc import Iterator

from lxml import etree

from remit.model.bpmn import xml
from remit.model.bpmn.checks.finding import fault
from remit.model.bpmn.event_definitions import read_definitions
from remit.model.bpmn.extensions import job
from remit.model.bpmn.filling import fill
from remit.model.bpmn.graph import ElementType, EventNode, Node
from remit.model.bpmn.reading import Reading
from remit.model.finding import Finding

TAG = "endEvent"


def read(reading: Reading, element: etree._Element) -> Node:
    definitions, event_type = read_definitions(reading, element)
    node = EventNode(
        *xml.head(element),
        "end_event",
        ElementType.END_EVENT,
        event_type,
        definitions=definitions,
        parallel_multiple=xml.is_true(element, "parallelMultiple"),
        job=job(reading, element),
    )
    return fill(reading, element, node)


def check(node: EventNode) -> Iterator[Finding]:
    if node.outgoing:
        yield fault(node, "end-event-flows", "an end event has no outgoing flows", "remove them")
