"""Manual task: somebody does it outside; the token passes through."""

from __future__ import annotations

from lxml import etree

from remit.model.bpmn import xml
from remit.model.bpmn.graph import Activity, ElementType, Node
from remit.model.bpmn.reading import Reading, fill

TAG = "manualTask"


def read(reading: Reading, element: etree._Element) -> Node:
    node = Activity(
        *xml.head(element),
        "manual_task",
        ElementType.MANUAL_TASK,
    )
    return fill(reading, element, node)
