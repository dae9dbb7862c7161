"""XML, safely: no entities, no document type, no network, bounded size and depth."""

from __future__ import annotations

from collections.abc import Iterator

from lxml import etree

from remit.model.bpmn.errors import Unreadable

BPMN = "{http://www.omg.org/spec/BPMN/20100524/MODEL}"
ZEEBE = "{http://camunda.org/schema/zeebe/1.0}"

MAX_BYTES = 4 * 1024 * 1024
"""The gateway's message limit: no client can send more."""

MAX_DEPTH = 200
"""Nesting of XML elements; a sub-process in a sub-process takes one."""


def parse(content: bytes) -> etree._Element:
    """The root element of a BPMN file; raises `Unreadable`."""
    if len(content) > MAX_BYTES:
        raise Unreadable(
            0, f"the file has {len(content)} bytes, more than {MAX_BYTES}", "split the model"
        )
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_pis=True
    )
    try:
        root = etree.fromstring(content, parser)
    except etree.XMLSyntaxError as fault:
        raise Unreadable(
            fault.position[0], f"it is not well-formed XML: {fault.msg}", "export it again"
        ) from None
    if root.getroottree().docinfo.internalDTD is not None:
        raise Unreadable(
            1, "it has a document type declaration, which could define entities",
            "remove the DOCTYPE",
        )  # fmt: skip
    if root.tag != f"{BPMN}definitions":
        raise Unreadable(
            line(root),
            f"its root element is '{local_name(root)}', not the 'definitions' of BPMN 2.0",
            "deploy a BPMN 2.0 file",
        )
    _check_depth(root)
    return root


def _check_depth(root: etree._Element) -> None:
    waiting = [(root, 1)]
    while waiting:
        element, depth = waiting.pop()
        if depth > MAX_DEPTH:
            raise Unreadable(
                line(element),
                f"its elements nest more than {MAX_DEPTH} deep",
                "move inner sub-processes into processes of their own and call them",
            )
        waiting.extend((child, depth + 1) for child in element)


def local_name(element: etree._Element) -> str:
    """
    >>> local_name(etree.fromstring("<a xmlns='b'/>"))
    'a'
    """
    return etree.QName(element).localname if isinstance(element.tag, str) else ""


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


def line(element: etree._Element) -> int:
    """The line of the file where the element begins, from 1; 0 when unknown."""
    number: object = element.sourceline
    return number if isinstance(number, int) else 0


def head(element: etree._Element) -> tuple[str, str | None, int]:
    """Id, name and line: what every node begins with."""
    return attribute(element, "id") or "", attribute(element, "name"), line(element)


def text_of(element: etree._Element | None) -> str | None:
    return None if element is None or element.text is None else element.text.strip()


def attribute(element: etree._Element, name: str) -> str | None:
    value = element.get(name)
    return None if value is None else str(value)


def is_true(element: etree._Element, name: str, *, default: bool = False) -> bool:
    value = element.get(name)
    return default if value is None else value.strip().lower() in ("true", "1")
