"""Exclusive gateway: one flow is chosen (rule 39)."""

from __future__ import annotations

from lxml import etree

from remit.model.bpmn import xml
from remit.model.bpmn.filling import fill
from remit.model.bpmn.graph import ElementType, Node
from remit.model.bpmn.reading import Reading

TAG = "exclusiveGateway"


def read(reading: Reading, element: etree._Element) -> Node:
    return fill(
        reading,
        element,
        Node(*xml.head(element), "exclusive_gateway", ElementType.EXCLUSIVE_GATEWAY),
    )
