"""Boundary event. The reader attaches it to its activity."""

from __future__ import annotations

from collections.abc import Iterator

from lxml import etree

from remit.model.bpmn import xml
from remit.model.bpmn.checks.finding import fault
from remit.model.bpmn.event_definitions import read_definitions
from remit.model.bpmn.filling import fill
from remit.model.bpmn.graph import BoundaryNode, ElementType, EventType, Node
from remit.model.bpmn.reading import Reading
from remit.model.finding import Finding

TAG = "boundaryEvent"


def read(reading: Reading, element: etree._Element) -> Node:
    definitions, event_type = read_definitions(reading, element)
    node = BoundaryNode(
        *xml.head(element),
        "boundary_event",
        ElementType.BOUNDARY_EVENT,
        event_type,
        definitions=definitions,
        parallel_multiple=xml.is_true(element, "parallelMultiple"),
        interrupting=xml.is_true(element, "cancelActivity", default=True),
    )
    return fill(reading, element, node)


def check(node: BoundaryNode) -> Iterator[Finding]:
    if node.incoming:
        yield fault(
            node, "boundary-event-flows", "a boundary event has no incoming flows", "remove them"
        )
    if node.event_type is EventType.COMPENSATION:
        yield from _compensation(node)
    elif not node.outgoing:
        yield fault(
            node, "boundary-event-flows", "a boundary event needs an outgoing flow", "add one"
        )


def _compensation(node: BoundaryNode) -> Iterator[Finding]:
    if node.outgoing:
        yield fault(
            node, "compensation-handler", "a compensation event has no outgoing flows",
            "associate it with its handler instead",
        )  # fmt: skip
    if node.handler is None:
        yield fault(
            node, "compensation-handler", "it is not associated with a compensation handler",
            'draw an association to an activity with isForCompensation="true"',
        )  # fmt: skip
