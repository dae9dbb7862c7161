"""Start event."""

from __future__ import annotations

from lxml import etree

from remit.model.bpmn import xml
from remit.model.bpmn.event_definitions import read_definitions
from remit.model.bpmn.graph import ElementType, Node, StartNode
from remit.model.bpmn.reading import Reading, fill

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
    )
    return fill(reading, element, node)
