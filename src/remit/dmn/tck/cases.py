"""The files of the TCK: a folder has a model, perhaps imported ones, and `*-test-NN.xml` with cases.

A case gives inputs and expects values of decisions, or of a decision service. Values are typed by
XML Schema (`xsi:type`); a context has components, a list has items, null is `xsi:nil`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lxml import etree

from remit import feel
from remit.dmn.errors import UnreadableModel
from remit.feel import numbers
from remit.model import xml
from remit.model.errors import Unreadable

_TCK = "{http://www.omg.org/spec/DMN/20160719/testcase}"
_XSI = "{http://www.w3.org/2001/XMLSchema-instance}"
_TEST_FILE = re.compile(r".*-test-\d\d\.xml")
_NUMBERS = frozenset(("decimal", "double", "float", "integer", "int", "long"))
_TEMPORAL = {"date": "date", "time": "time", "dateTime": "date and time", "duration": "duration"}


@dataclass(frozen=True, slots=True)
class Expected:
    """The value that a decision or service should have. `is_error`: it should warn, too."""

    name: str
    value: Any
    is_error: bool


@dataclass(frozen=True, slots=True)
class Case:
    """One `testCase`: it is right when all expected values are."""

    id: str
    kind: str
    invocable: str
    inputs: dict[str, Any]
    expected: tuple[Expected, ...]


@dataclass(frozen=True, slots=True)
class Suite:
    """One test file with its models, the tested one first. `level` is the folder above."""

    level: str
    folder: str
    file: str
    models: tuple[Path, ...]
    cases: tuple[Case, ...]


def find_suites(root: Path) -> Iterator[Suite]:
    """All suites below a folder, in order of their names."""
    for path in sorted(root.rglob("*.xml")):
        if _TEST_FILE.fullmatch(path.name):
            yield read_suite(path)


def read_suite(path: Path) -> Suite:
    """Raises `UnreadableModel` when the file is no test file."""
    try:
        document = xml.parse(path.read_bytes(), shallower="make the expected value flatter")
    except Unreadable as fault:
        raise UnreadableModel(f"{path.name}, line {fault.line}: {fault}; {fault.fix}") from None
    main = path.parent / (xml.text_of(document.find(f"{_TCK}modelName")) or "")
    others = (each for each in sorted(path.parent.glob("*.dmn")) if each != main)
    cases = tuple(_case(each) for each in document.iterchildren(f"{_TCK}testCase"))
    return Suite(path.parent.parent.name, path.parent.name, path.stem, (main, *others), cases)


def _case(element: etree._Element) -> Case:
    inputs: dict[str, Any] = {}
    for each in element.iterchildren(f"{_TCK}inputNode"):
        name, namespace = each.get("name", ""), each.get("namespace")
        inputs[f"{{{namespace}}}{name}" if namespace else name] = value_of(each)
    expected = tuple(_expected(each) for each in element.iterchildren(f"{_TCK}resultNode"))
    return Case(
        element.get("id", ""),
        element.get("type", "decision"),
        element.get("invocableName", ""),
        inputs,
        expected,
    )


def _expected(element: etree._Element) -> Expected:
    holder = element.find(f"{_TCK}expected")
    value = None if holder is None else value_of(holder)
    return Expected(element.get("name", ""), value, xml.is_true(element, "errorResult"))


def value_of(element: etree._Element) -> Any:
    """The value of an input, an expected value, a component or an item."""
    components = list(element.iterchildren(f"{_TCK}component"))
    if components:
        return {each.get("name", ""): value_of(each) for each in components}
    items = element.find(f"{_TCK}list")
    if items is not None:
        if xml.is_true(items, f"{_XSI}nil"):
            return None
        return [value_of(each) for each in items.iterchildren(f"{_TCK}item")]
    holder = element.find(f"{_TCK}value")
    return None if holder is None else _simple(holder)


def _simple(element: etree._Element) -> Any:
    if xml.is_true(element, f"{_XSI}nil"):
        return None
    text = element.text or ""
    kind = element.get(f"{_XSI}type", "").rpartition(":")[2]
    if kind == "boolean":
        return text.strip() in ("true", "1")
    if kind in _NUMBERS:
        return numbers.from_text(text.strip())
    if kind in _TEMPORAL:
        return _TEMPORAL_CODES[kind].evaluate({"text": text.strip()})
    return text


_TEMPORAL_CODES = {
    kind: feel.compile(f"{function}(text)", dialect="dmn") for kind, function in _TEMPORAL.items()
}
