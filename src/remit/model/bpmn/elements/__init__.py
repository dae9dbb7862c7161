"""One module per BPMN element: the tag it has in XML, its node, and how that is read.

A module has `TAG` (the XML name), and `read(reading, element) -> Node`. Containers are filled by the
reader afterwards.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pkgutil import iter_modules

from lxml import etree

from remit.model.bpmn.graph import Node
from remit.model.bpmn.reading import Reading

Read = Callable[[Reading, etree._Element], Node]


def _readers() -> dict[str, Read]:
    found: dict[str, Read] = {}
    for module in iter_modules(__path__):
        loaded = import_module(f"{__name__}.{module.name}")
        tag = getattr(loaded, "TAG", None)
        if tag is not None:
            found[tag] = loaded.read
    return found


READERS: dict[str, Read] = _readers()
"""How a flow node is read, by its XML name."""
