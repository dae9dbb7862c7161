"""Intermediate throw event: a message is sent by a worker, or along a message flow (B22)."""

from __future__ import annotations

from lxml import etree

from remit.model.bpmn import xml
from remit.model.bpmn.event_definitions import read_definitions
from remit.model.bpmn.extensions import job
from remit.model.bpmn.filling import fill
from remit.model.bpmn.graph import ElementType, EventNode, Node
from remit.model.bpmn.reading import Reading

TAG = "intermediateThrowEvent"


def read(reading: Reading, element: etree._Element) -> Node:
    definitions, event_type = read_definitions(reading, element)
    node = EventNode(
        *xml.head(element),
        "intermediate_throw_event",
        ElementType.INTERMEDIATE_THROW_EVENT,
        event_type,
        definitions=definitions,
        parallel_multiple=xml.is_true(element, "parallelMultiple"),
        job=job(reading, element),
    )
    return fill(reading, element, node)
