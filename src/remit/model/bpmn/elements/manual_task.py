"""Manual task: somebody does it outside; the token passes through."""

from __future__ import annotations

from lxml import etree

from remit.model.bpmn import xml
from remit.model.bpmn.filling import fill
from remit.model.bpmn.graph import Activity, ElementType, Node
from remit.model.bpmn.reading import Reading

TAG = "manualTask"


def read(reading: Reading, element: etree._Element) -> Node:
    return fill(
        reading, element, Activity(*xml.head(element), "manual_task", ElementType.MANUAL_TASK)
    )
