"""Intermediate catch event: waits for what its definitions say."""

from __future__ import annotations

from lxml import etree

from remit.model.bpmn import xml
from remit.model.bpmn.event_definitions import read_definitions
from remit.model.bpmn.filling import fill
from remit.model.bpmn.graph import ElementType, EventNode, Node
from remit.model.bpmn.reading import Reading

TAG = "intermediateCatchEvent"


def read(reading: Reading, element: etree._Element) -> Node:
    definitions, event_type = read_definitions(reading, element)
    node = EventNode(
        *xml.head(element),
        "intermediate_catch_event",
        ElementType.INTERMEDIATE_CATCH_EVENT,
        event_type,
        definitions=definitions,
        parallel_multiple=xml.is_true(element, "parallelMultiple"),
    )
    return fill(reading, element, node)
