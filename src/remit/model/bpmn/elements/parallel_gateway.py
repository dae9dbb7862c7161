"""Parallel gateway."""

from __future__ import annotations

from lxml import etree

from remit.model.bpmn import xml
from remit.model.bpmn.graph import ElementType, Node
from remit.model.bpmn.reading import Reading, fill

TAG = "parallelGateway"


def read(reading: Reading, element: etree._Element) -> Node:
    node = Node(
        *xml.head(element),
        "parallel_gateway",
        ElementType.PARALLEL_GATEWAY,
    )
    return fill(reading, element, node)
