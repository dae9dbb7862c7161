"""Allen's relations between points and ranges (DMN 1.5, table 78)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from remit.feel.builtins.define import define
from remit.feel.values import Range, contains, equal, less


def _as_range(value: Any) -> Range:
    return value if value.__class__ is Range else Range(value, value, True, True)


def _before(a: Range, b: Range) -> bool:
    if less(a.high, b.low) is True:
        return True
    return equal(a.high, b.low) is True and not (a.high_closed and b.low_closed)


def _meets(a: Range, b: Range) -> bool:
    return equal(a.high, b.low) is True and a.high_closed and b.low_closed


def _starts_at_or_after(inner: Range, outer: Range) -> bool:
    if less(outer.low, inner.low) is True:
        return True
    same = equal(outer.low, inner.low) is True
    return same and (outer.low_closed or not inner.low_closed)


def _ends_at_or_before(inner: Range, outer: Range) -> bool:
    if less(inner.high, outer.high) is True:
        return True
    same = equal(inner.high, outer.high) is True
    return same and (outer.high_closed or not inner.high_closed)


def _includes(outer: Range, inner: Range) -> bool:
    return _starts_at_or_after(inner, outer) and _ends_at_or_before(inner, outer)


def _overlaps(a: Range, b: Range) -> bool:
    return not _before(a, b) and not _before(b, a)


def _overlaps_before(a: Range, b: Range) -> bool:
    return _overlaps(a, b) and not _starts_at_or_after(a, b) and _ends_at_or_before(a, b)


def _same_start(a: Range, b: Range) -> bool:
    return equal(a.low, b.low) is True and a.low_closed == b.low_closed


def _same_end(a: Range, b: Range) -> bool:
    return equal(a.high, b.high) is True and a.high_closed == b.high_closed


def _starts(a: Range, b: Range) -> bool:
    return _same_start(a, b) and _ends_at_or_before(a, b)


def _finishes(a: Range, b: Range) -> bool:
    return _same_end(a, b) and _starts_at_or_after(a, b)


def _coincides(a: Range, b: Range) -> bool:
    return _same_start(a, b) and _same_end(a, b)


def _relation(check: Callable[[Range, Range], bool]) -> Any:
    return define("range1, range2", lambda a, b: check(_as_range(a), _as_range(b)))


def _swapped(check: Callable[[Range, Range], bool]) -> Any:
    return define("range1, range2", lambda a, b: check(_as_range(b), _as_range(a)))


def _include(outer: Any, inner: Any) -> bool | None:
    if inner.__class__ is not Range:
        return contains(_as_range(outer), inner)
    return _includes(_as_range(outer), inner)


FUNCTIONS = {
    "before": _relation(_before),
    "after": _swapped(_before),
    "meets": _relation(_meets),
    "met by": _swapped(_meets),
    "overlaps": _relation(_overlaps),
    "overlaps before": _relation(_overlaps_before),
    "overlaps after": _swapped(_overlaps_before),
    "finishes": _relation(_finishes),
    "finished by": _swapped(_finishes),
    "includes": define("range, value", _include),
    "during": define("value, range", lambda inner, outer: _include(outer, inner)),
    "starts": _relation(_starts),
    "started by": _swapped(_starts),
    "coincides": _relation(_coincides),
}
