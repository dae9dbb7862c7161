"""Functions on points and ranges (10.3.4.9, table 78), and `range()` (10.3.4.1).

Each follows the standard's definition by ends: an end that is not in its range counts as a little
inside of it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from remit.feel import tree as t
from remit.feel.builtins.define import define
from remit.feel.builtins.temporal import DMN as TEMPORAL
from remit.feel.comparison import equal, is_ascending, less, within
from remit.feel.errors import FeelSyntaxError
from remit.feel.functions import MISMATCH
from remit.feel.names import index
from remit.feel.parser import Grammar, parse
from remit.feel.ranges import Range


def _before(a: Any, b: Any) -> bool | None:
    """All of a lies before all of b, be they points or ranges."""
    a_end, a_closed = (a.high, a.high_closed) if a.__class__ is Range else (a, True)
    b_start, b_closed = (b.low, b.low_closed) if b.__class__ is Range else (b, True)
    if a_closed and b_closed:
        return less(a_end, b_start)
    later = less(b_start, a_end)
    return None if later is None else not later


def _after(a: Any, b: Any) -> bool | None:
    return _before(b, a)


def _meets(a: Range, b: Range) -> bool | None:
    return _both(a.high_closed and b.low_closed, equal(a.high, b.low))


def _both(a: bool | None, b: bool | None) -> bool | None:
    if a is None or b is None:
        return None
    return a and b


def _either(a: bool | None, b: bool | None) -> bool | None:
    if a is None or b is None:
        return None
    return a or b


def _not(a: bool | None) -> bool | None:
    return None if a is None else not a


def _overlaps(a: Range, b: Range) -> bool | None:
    """They share a value."""
    return _not(_either(_before(a, b), _before(b, a)))


def _starts_before(a: Range, b: Range) -> bool | None:
    return _either(
        less(a.low, b.low), _both(equal(a.low, b.low), a.low_closed and not b.low_closed)
    )


def _ends_before(a: Range, b: Range) -> bool | None:
    return _either(
        less(a.high, b.high), _both(equal(a.high, b.high), b.high_closed and not a.high_closed)
    )


def _overlaps_before(a: Range, b: Range) -> bool | None:
    """a starts before b and ends in b, or where b ends."""
    return _both(_both(_starts_before(a, b), _overlaps(a, b)), _not(_ends_before(b, a)))


def _overlaps_after(a: Range, b: Range) -> bool | None:
    """a starts in b, and ends after b, or where b ends."""
    return _both(_both(_starts_before(b, a), _overlaps(a, b)), _not(_ends_before(a, b)))


def _finishes_point(point: Any, bounds: Range) -> bool | None:
    return _both(bounds.high_closed, equal(bounds.high, point))


def _finishes(a: Range, b: Range) -> bool | None:
    same_end = _both(a.high_closed is b.high_closed, equal(a.high, b.high))
    return _both(same_end, _not(_starts_before(a, b)))


def _starts_point(point: Any, bounds: Range) -> bool | None:
    return _both(bounds.low_closed, equal(bounds.low, point))


def _starts(a: Range, b: Range) -> bool | None:
    same_start = _both(a.low_closed is b.low_closed, equal(a.low, b.low))
    return _both(same_start, _not(_ends_before(b, a)))


def _includes_point(bounds: Range, point: Any) -> bool | None:
    return within(bounds, point)


def _includes(a: Range, b: Range) -> bool | None:
    return _both(_not(_starts_before(b, a)), _not(_ends_before(a, b)))


def _coincides(a: Range, b: Range) -> bool | None:
    return _both(
        a.low_closed is b.low_closed and a.high_closed is b.high_closed,
        _both(equal(a.low, b.low), equal(a.high, b.high)),
    )


def _turned(body: Callable[[Any, Any], bool | None]) -> Callable[[Any, Any], bool | None]:
    return lambda a, b: body(b, a)


_RANGES = "(range1: range, range2: range) -> boolean"
_POINT_RANGE = "(point: point, range: range) -> boolean"
_RANGE_POINT = "(range: range, point: point) -> boolean"
_POINTS = "(point1: point, point2: point) -> boolean"

BOTH = {
    **define(
        f"before{_POINTS}",
        f"before{_POINT_RANGE}",
        f"before{_RANGE_POINT}",
        f"before{_RANGES}",
        _before,
    ),
    **define(
        f"after{_POINTS}", f"after{_POINT_RANGE}", f"after{_RANGE_POINT}", f"after{_RANGES}", _after
    ),
    **define(f"meets{_RANGES}", _meets),
    **define(f"met by{_RANGES}", _turned(_meets)),
    **define(f"overlaps{_RANGES}", _overlaps),
    **define(f"overlaps before{_RANGES}", _overlaps_before),
    **define(f"overlaps after{_RANGES}", _overlaps_after),
    **define(f"finishes{_POINT_RANGE}", _finishes_point, f"finishes{_RANGES}", _finishes),
    **define(
        f"finished by{_RANGE_POINT}",
        _turned(_finishes_point),
        f"finished by{_RANGES}",
        _turned(_finishes),
    ),
    **define(f"includes{_RANGE_POINT}", _includes_point, f"includes{_RANGES}", _includes),
    **define(
        f"during{_POINT_RANGE}", _turned(_includes_point), f"during{_RANGES}", _turned(_includes)
    ),
    **define(f"starts{_POINT_RANGE}", _starts_point, f"starts{_RANGES}", _starts),
    **define(
        f"started by{_RANGE_POINT}",
        _turned(_starts_point),
        f"started by{_RANGES}",
        _turned(_starts),
    ),
    **define(f"coincides{_POINTS}", equal, f"coincides{_RANGES}", _coincides),
}

_GRAMMAR = Grammar(frozenset(), index(frozenset(("date and time",))))
_END_FUNCTIONS = frozenset(("date", "time", "date and time", "duration"))


def _range(from_: str) -> Range | None:
    """A range whose ends are literals, none of them null, in their order."""
    try:
        node = parse(from_, _GRAMMAR)
    except FeelSyntaxError:
        return None
    if not isinstance(node, t.RangeLiteral):
        return None
    low, high = _end(node.low), _end(node.high)
    if low is None or high is None:
        return None
    found = Range(low, high, node.low_closed, node.high_closed)
    return found if is_ascending(found) else None


def _end(node: t.Node) -> Any:
    """The value of a literal, or of a temporal function with a literal string."""
    if isinstance(node, t.Literal):
        return node.value
    if not isinstance(node, t.Call) or not isinstance(node.function, t.Name):
        return None
    values = [each.value for each in node.arguments if isinstance(each, t.Literal)]
    if node.function.name not in _END_FUNCTIONS or node.names or len(node.arguments) != 1:
        return None
    if len(values) != 1 or values[0].__class__ is not str:
        return None
    _, body = TEMPORAL[node.function.name].ways[0]
    found = body(values[0])
    return None if found is MISMATCH else found


DMN = {**BOTH, **define("range(from: string) -> range", _range)}
CAMUNDA = BOTH
