"""Parallel gateway: all flows are taken, all are joined (rule 41)."""

from __future__ import annotations

from lxml import etree

from remit.model.bpmn import xml
from remit.model.bpmn.filling import fill
from remit.model.bpmn.graph import ElementType, Node
from remit.model.bpmn.reading import Reading

TAG = "parallelGateway"


def read(reading: Reading, element: etree._Element) -> Node:
    return fill(
        reading, element, Node(*xml.head(element), "parallel_gateway", ElementType.PARALLEL_GATEWAY)
    )
