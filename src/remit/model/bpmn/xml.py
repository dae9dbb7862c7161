"""XML of BPMN files: the root is checked, children and extensions are found by name."""

from __future__ import annotations

from collections.abc import Iterator

from lxml import etree

from remit.model import xml
from remit.model.errors import Unreadable
from remit.model.xml import attribute, head, is_true, line, local_name, text_of

__all__ = [
    "BPMN",
    "ZEEBE",
    "attribute",
    "child",
    "children",
    "extension",
    "extensions",
    "head",
    "is_true",
    "line",
    "local_name",
    "nested",
    "parse",
    "text_of",
]

BPMN = "{http://www.omg.org/spec/BPMN/20100524/MODEL}"
ZEEBE = "{http://camunda.org/schema/zeebe/1.0}"


def parse(content: bytes) -> etree._Element:
    """The root element of a BPMN file; raises `Unreadable`."""
    root = xml.parse(
        content, shallower="move inner sub-processes into processes of their own and call them"
    )
    if root.tag != f"{BPMN}definitions":
        raise Unreadable(
            line(root),
            f"its root element is '{local_name(root)}', not the 'definitions' of BPMN 2.0",
            "deploy a BPMN 2.0 file",
        )
    return root


def children(element: etree._Element, name: str) -> Iterator[etree._Element]:
    """The BPMN children with this name."""
    return element.iterchildren(BPMN + name)


def child(element: etree._Element, name: str) -> etree._Element | None:
    return element.find(BPMN + name)


def extension(element: etree._Element, name: str) -> etree._Element | None:
    """The `zeebe:` extension element with this name."""
    holder = element.find(f"{BPMN}extensionElements")
    return None if holder is None else holder.find(ZEEBE + name)


def extensions(element: etree._Element, name: str) -> list[etree._Element]:
    holder = element.find(f"{BPMN}extensionElements")
    return [] if holder is None else holder.findall(ZEEBE + name)


def nested(element: etree._Element, holder: str, name: str) -> list[etree._Element]:
    """The `zeebe:` elements with this name inside the extension element `holder`."""
    found = extension(element, holder)
    return [] if found is None else found.findall(ZEEBE + name)
