"""Process: the outermost scope."""

from __future__ import annotations

from lxml import etree

from remit.model.bpmn import xml
from remit.model.bpmn.graph import ElementType, Process
from remit.model.bpmn.reading import Reading, fill


def read(reading: Reading, element: etree._Element) -> Process:
    tag = xml.extension(element, "versionTag")
    node = Process(
        *xml.head(element),
        "process",
        ElementType.PROCESS,
        version_tag=None if tag is None else xml.attribute(tag, "value"),
    )
    fill(reading, element, node)
    return node
