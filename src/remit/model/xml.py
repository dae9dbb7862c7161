"""XML, safely: no entities, no document type, no network, bounded size and depth."""

from __future__ import annotations

from lxml import etree

from remit.model.errors import Unreadable

MAX_BYTES = 4 * 1024 * 1024
"""The gateway's message limit: no client can send more."""

MAX_DEPTH = 200
"""Nesting of XML elements; a sub-process or a boxed expression in another takes one or two."""


def parse(content: bytes, *, shallower: str) -> etree._Element:
    """The root element; raises `Unreadable`. `shallower` says how to mend too deep a nesting."""
    if len(content) > MAX_BYTES:
        raise Unreadable(
            0, f"the file has {len(content)} bytes, more than {MAX_BYTES}", "split the model"
        )
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_pis=True,
        remove_comments=True,
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
    _check_depth(root, shallower)
    return root


def _check_depth(root: etree._Element, shallower: str) -> None:
    waiting = [(root, 1)]
    while waiting:
        element, depth = waiting.pop()
        if depth > MAX_DEPTH:
            raise Unreadable(
                line(element), f"its elements nest more than {MAX_DEPTH} deep", shallower
            )
        waiting.extend((child, depth + 1) for child in element)


def local_name(element: etree._Element) -> str:
    """
    >>> local_name(etree.fromstring("<a xmlns='b'/>"))
    'a'
    """
    return etree.QName(element).localname if isinstance(element.tag, str) else ""


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
