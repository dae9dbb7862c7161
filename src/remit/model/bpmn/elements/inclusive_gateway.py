"""Inclusive gateway: every flow that holds is taken, and all that may still come are joined (42, 43)."""

from __future__ import annotations

from lxml import etree

from remit.model.bpmn import xml
from remit.model.bpmn.filling import fill
from remit.model.bpmn.graph import ElementType, Node
from remit.model.bpmn.reading import Reading

TAG = "inclusiveGateway"


def read(reading: Reading, element: etree._Element) -> Node:
    return fill(
        reading,
        element,
        Node(*xml.head(element), "inclusive_gateway", ElementType.INCLUSIVE_GATEWAY),
    )
