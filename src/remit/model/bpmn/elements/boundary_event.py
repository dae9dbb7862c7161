"""Boundary event. The reader attaches it to its activity."""

from __future__ import annotations

from lxml import etree

from remit.model.bpmn import xml
from remit.model.bpmn.event_definitions import read_definitions
from remit.model.bpmn.graph import BoundaryNode, ElementType, Node
from remit.model.bpmn.reading import Reading, fill

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
