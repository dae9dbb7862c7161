"""JSON documents and FEEL values: what goes in, and what comes out.

in:   float and Decimal become exact numbers, datetime, date, time and timedelta become FEEL's
      own; tuples become lists; everything else stays
out:  whole numbers are ints, others floats, as Zeebe writes variables; temporal values are
      their texts; functions and ranges are null, as JSON has no word for them
"""

from __future__ import annotations

from datetime import date, time, timedelta
from decimal import Decimal
from math import isinf
from typing import Any, Final

from remit.feel import numbers
from remit.feel.dates.python import from_python
from remit.feel.errors import FeelLimitError
from remit.feel.functions import Function
from remit.feel.kinds import NAMES
from remit.feel.limits import Budget
from remit.feel.ranges import Range

READY: Final = frozenset(NAMES) - {Decimal, list, dict}
"""Classes of values that are the same inside and outside."""


def from_json(value: Any) -> Any:
    """A value from outside as FEEL holds it; never the same list or dict when one has to change.

    >>> from_json({"a": [1.5, 2.0]})
    {'a': [Decimal('1.5'), 2]}
    """
    kind = value.__class__
    if kind in READY:
        return value
    if kind is float:
        return numbers.from_float(value)
    return _converted(value, {})


def _converted(value: Any, done: dict[int, Any]) -> Any:
    """`done` has the results of lists and dicts by identity: one that stands twice is walked once."""
    kind = value.__class__
    if kind in READY:
        return value
    if kind is not list and kind is not dict:
        return _foreign(value, done)
    if id(value) not in done:
        done[id(value)] = _list(value, done) if kind is list else _dict(value, done)
    return done[id(value)]


def _list(items: list[Any], done: dict[int, Any]) -> list[Any]:
    changed: list[Any] | None = None
    for index, item in enumerate(items):
        value = item if item.__class__ in READY else _converted(item, done)
        if changed is not None:
            changed.append(value)
        elif value is not item:
            changed = [*items[:index], value]
    return items if changed is None else changed


def _dict(entries: dict[str, Any], done: dict[int, Any]) -> dict[str, Any]:
    changed: dict[str, Any] = {}
    for name, item in entries.items():
        value = item if item.__class__ in READY else _converted(item, done)
        if value is not item or name.__class__ is not str:
            changed[str(name)] = value
    if not changed:
        return entries
    return {str(name): changed.get(str(name), item) for name, item in entries.items()}


def _foreign(value: Any, done: dict[int, Any]) -> Any:
    """A value of a class that FEEL does not have; what means nothing to it is null."""
    if isinstance(value, float):
        return numbers.from_float(value)
    if isinstance(value, Decimal):
        return numbers.from_decimal(value)
    if isinstance(value, Function):
        return value
    if isinstance(value, int):
        return int(value)
    if isinstance(value, str):
        return str(value)
    if isinstance(value, date | time | timedelta):
        return from_python(value)
    if isinstance(value, tuple | list):
        return [_converted(each, done) for each in value]
    if isinstance(value, dict):
        return {str(name): _converted(each, done) for name, each in value.items()}
    return None


def to_json(value: Any) -> Any:
    """A FEEL value as a JSON document. Raises FeelLimitError for one of more than a million items.

    >>> to_json([Decimal("1.5"), True, Range(1, 2)])
    [1.5, True, None]
    """
    try:
        return _document(value, Budget())
    except RecursionError as fault:
        raise FeelLimitError("a value nests too deep") from fault


def _document(value: Any, budget: Budget) -> Any:
    kind = value.__class__
    if kind is str or kind is int or kind is bool or value is None:
        return value
    if kind is Decimal:
        if value == value.to_integral_value() and value.adjusted() < 400:
            return int(value)
        shown = float(value)
        return None if isinf(shown) else shown
    if kind is list:
        budget.spend(len(value))
        return [_document(each, budget) for each in value]
    if kind is dict:
        budget.spend(len(value))
        return {name: _document(each, budget) for name, each in value.items()}
    if kind is Range or isinstance(value, Function):
        return None
    return str(value)
