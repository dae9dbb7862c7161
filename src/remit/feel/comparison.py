"""Equality, order and membership (10.3.2.13, tables 53 and 54). None is null.

Values of different kinds are neither equal nor different, except that null equals only null.
"""

from __future__ import annotations

from typing import Any, Final

from remit.feel.dates.values import Date, DateTime, DaysTimeDuration, Time, YearsMonthsDuration
from remit.feel.dates.zones import NANOS_PER_SECOND
from remit.feel.functions import Function
from remit.feel.limits import MAX_ITEMS, Budget
from remit.feel.numbers import is_number
from remit.feel.ranges import Range

_NUMBER_WORDS: Final = frozenset((Date, DaysTimeDuration, YearsMonthsDuration))


def equal(a: Any, b: Any) -> bool | None:
    """a = b. Times and date-times are equal when they are the same second of the same day."""
    kind = a.__class__
    if kind is b.__class__:
        if kind is int or kind is str or kind is bool:
            return bool(a == b)
        if kind is list or kind is dict:
            return a is b or _equal_inside(a, b, Budget())
        return _equal_of_kind(a, b)
    if a is None or b is None:
        return False
    if is_number(a) and is_number(b):
        return bool(a == b)
    return a is b if isinstance(a, Function) and isinstance(b, Function) else None


def _equal_of_kind(a: Any, b: Any) -> bool:
    kind = a.__class__
    if kind is DateTime:
        return _same_second(a.instant, b.instant) and (a.zone is None) is (b.zone is None)
    if kind is Time:
        return _same_second(a.in_utc, b.in_utc) and (a.zone is None) is (b.zone is None)
    return _equal_ranges(a, b) if kind is Range else bool(a == b)


def _equal_inside(a: Any, b: Any, budget: Budget) -> bool:
    """Whether two lists or contexts are equal all through; parts that can't be compared are not."""
    kind = a.__class__
    budget.spend(len(a))
    if kind is list:
        return len(a) == len(b) and all(
            _equal_parts(x, y, budget) for x, y in zip(a, b, strict=True)
        )
    return a.keys() == b.keys() and all(_equal_parts(a[key], b[key], budget) for key in a)


def _equal_parts(a: Any, b: Any, budget: Budget) -> bool:
    kind = a.__class__
    if kind is b.__class__ and (kind is list or kind is dict):
        return a is b or _equal_inside(a, b, budget)
    return equal(a, b) is True


def _surely_equal(a: Any, b: Any) -> bool:
    return equal(a, b) is True


def _same_second(a: int, b: int) -> bool:
    return a // NANOS_PER_SECOND == b // NANOS_PER_SECOND


def _equal_ranges(a: Range, b: Range) -> bool:
    return (
        a.operator == b.operator
        and a.low_closed is b.low_closed
        and a.high_closed is b.high_closed
        and _surely_equal(a.low, b.low)
        and _surely_equal(a.high, b.high)
    )


def same(a: Any, b: Any) -> bool:
    """`is(a, b)`: the same value in the same writing; offsets and zones are not worked out."""
    if a.__class__ in (Time, DateTime):
        return bool(a == b)
    return equal(a, b) is True


def less(a: Any, b: Any) -> bool | None:
    """a < b; null when the two have no order."""
    kind, other = a.__class__, b.__class__
    if kind is int and other is int:
        return bool(a < b)
    if is_number(a):
        return bool(a < b) if is_number(b) else None
    if kind is not other:
        return None
    if kind is str:
        return bool(a < b)
    if kind is DateTime:
        return a.instant < b.instant if (a.zone is None) is (b.zone is None) else None
    if kind is Time:
        return a.in_utc < b.in_utc if (a.zone is None) is (b.zone is None) else None
    if kind is Date:
        return bool(a.days < b.days)
    if kind is DaysTimeDuration:
        return bool(a.nanos < b.nanos)
    if kind is YearsMonthsDuration:
        return bool(a.total < b.total)
    return None


def at_most(a: Any, b: Any) -> bool | None:
    """a <= b."""
    smaller = less(b, a)
    return None if smaller is None else not smaller


def compare(operator: str, a: Any, b: Any) -> bool | None:
    """a `operator` b, for the six operators."""
    if operator == "=":
        return equal(a, b)
    if operator == "!=":
        found = equal(a, b)
        return None if found is None else not found
    if operator == "<":
        return less(a, b)
    if operator == ">":
        return less(b, a)
    return at_most(a, b) if operator == "<=" else at_most(b, a)


def within(bounds: Range, value: Any) -> bool | None:
    """Whether a value lies in a range; null when an end or the value can't be compared."""
    if bounds.operator:
        end = bounds.low if bounds.high is None else bounds.high
        return compare(bounds.operator, value, end)
    above = at_most(bounds.low, value) if bounds.low_closed else less(bounds.low, value)
    below = at_most(value, bounds.high) if bounds.high_closed else less(value, bounds.high)
    if above is None or below is None:
        return None
    return above and below


def is_ascending(bounds: Range) -> bool:
    """Whether a range can be: its ends are of one kind, and the first is not above the second."""
    if bounds.operator:
        return True
    if bounds.low is None or bounds.high is None:
        end = bounds.high if bounds.low is None else bounds.low
        return end is not None and less(end, end) is not None
    return at_most(bounds.low, bounds.high) is True


def identity(value: Any) -> Any:
    """A key that equal values share, for sets and dicts; booleans apart from numbers.

    >>> identity(True) == identity(1), identity([1, "a"]) == identity([1, "a"])
    (False, True)
    """
    kind = value.__class__
    if kind is list or kind is dict:
        return _identity_inside(value, Budget(MAX_ITEMS // 4))
    if kind is bool:
        return (bool, value)
    if kind is DateTime:
        return (DateTime, value.instant // NANOS_PER_SECOND, value.zone is None)
    if kind is Time:
        return (Time, value.in_utc // NANOS_PER_SECOND, value.zone is None)
    if kind is Range:
        ends = (identity(value.low), identity(value.high))
        return (Range, *ends, value.low_closed, value.high_closed, value.operator)
    return value


def _identity_inside(value: Any, budget: Budget) -> Any:
    kind = value.__class__
    if kind is list:
        budget.spend(len(value))
        return (list, *(_identity_inside(item, budget) for item in value))
    if kind is dict:
        budget.spend(len(value))
        entries = ((key, _identity_inside(each, budget)) for key, each in value.items())
        return (dict, frozenset(entries))
    return identity(value)
