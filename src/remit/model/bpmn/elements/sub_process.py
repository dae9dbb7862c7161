"""Sub-process: embedded, or triggered by an event (then its node is an event sub-process)."""

from __future__ import annotations

from lxml import etree

from remit.model.bpmn import xml
from remit.model.bpmn.graph import Container, ElementType, Node
from remit.model.bpmn.reading import Reading, fill

TAG = "subProcess"


def read(reading: Reading, element: etree._Element) -> Node:
    by_event = xml.is_true(element, "triggeredByEvent")
    node = Container(
        *xml.head(element),
        "event_sub_process" if by_event else "sub_process",
        ElementType.EVENT_SUB_PROCESS if by_event else ElementType.SUB_PROCESS,
    )
    return fill(reading, element, node)
