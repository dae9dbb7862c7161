"""One module per BPMN element: the tag it has in XML, its node, how that is read, its own checks.

A module has

    TAG                               the XML name
    read(reading, element) -> Node    containers are filled by the reader afterwards

and, where it needs them,

    claims(element) -> bool           among the elements of one tag, those that are its own
    connect(node)                     once all flows are joined: what the engine wants at hand
    check(node) -> findings           rules of this element alone; the others are in `checks`

The process itself has no TAG: the reader begins with it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType
from typing import Any

from lxml import etree

from remit.model.bpmn import xml
from remit.model.bpmn.graph import Node
from remit.model.bpmn.reading import Reading
from remit.model.finding import Finding

Read = Callable[[Reading, etree._Element], Node]
Claims = Callable[[etree._Element], bool]

MODULES: dict[str, ModuleType] = {
    module.name: import_module(f"{__name__}.{module.name}") for module in iter_modules(__path__)
}
"""Every element by its stem."""


def _having(name: str) -> dict[str, Any]:
    return {
        stem: getattr(module, name) for stem, module in MODULES.items() if hasattr(module, name)
    }


CHECKS: dict[str, Callable[[Any], Iterator[Finding]]] = _having("check")
CONNECTS: dict[str, Callable[[Any], None]] = _having("connect")
_CLAIMS: dict[str, Claims] = _having("claims")
_TAGS: dict[str, str] = _having("TAG")
_STEMS: dict[str, list[str]] = {}
for _stem, _tag in _TAGS.items():
    _STEMS.setdefault(_tag, []).append(_stem)


def reader_of(element: etree._Element) -> Read | None:
    """How this flow node is read; None for what is no flow node, or an unknown one."""
    stems = _STEMS.get(xml.local_name(element), ())
    claimed = (stem for stem in stems if stem in _CLAIMS and _CLAIMS[stem](element))
    plain = (stem for stem in stems if stem not in _CLAIMS)
    stem = next(claimed, None) or next(plain, None)
    return None if stem is None else MODULES[stem].read
