"""Transaction: a sub-process that can be cancelled; what it had done is compensated then (B5-B8)."""

from __future__ import annotations

from collections.abc import Iterator

from lxml import etree

from remit.model.bpmn import xml
from remit.model.bpmn.checks.starts import embedded_start
from remit.model.bpmn.filling import fill
from remit.model.bpmn.graph import Container, ElementType, Node
from remit.model.bpmn.reading import Reading
from remit.model.finding import Finding

TAG = "transaction"


def read(reading: Reading, element: etree._Element) -> Node:
    return fill(
        reading, element, Container(*xml.head(element), "transaction", ElementType.TRANSACTION)
    )


def check(node: Container) -> Iterator[Finding]:
    yield from embedded_start(node)
