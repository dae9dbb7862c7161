"""Sub-process: embedded, reached by a flow."""

from __future__ import annotations

from collections.abc import Iterator

from lxml import etree

from remit.model.bpmn import xml
from remit.model.bpmn.checks.starts import embedded_start
from remit.model.bpmn.filling import fill
from remit.model.bpmn.graph import Container, ElementType, Node
from remit.model.bpmn.reading import Reading
from remit.model.finding import Finding

TAG = "subProcess"


def read(reading: Reading, element: etree._Element) -> Node:
    return fill(
        reading, element, Container(*xml.head(element), "sub_process", ElementType.SUB_PROCESS)
    )


def check(node: Container) -> Iterator[Finding]:
    yield from embedded_start(node)
