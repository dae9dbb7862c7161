"""Computing with temporal values (10.3.2.3.3 to 10.3.2.3.5). None where FEEL has null.

Durations of days move along the line of instants, durations of months along the calendar.
"""

from __future__ import annotations

from decimal import Decimal, DecimalException
from typing import Any

from remit.feel.dates import calendar
from remit.feel.dates.values import (
    NANOS_PER_DAY,
    Date,
    DateTime,
    DaysTimeDuration,
    Time,
    YearsMonthsDuration,
)
from remit.feel.numbers import DECIMAL128, Number, is_number

_FIRST_DAY = calendar.day_number(-calendar.MAX_YEAR, 1, 1)
_LAST_DAY = calendar.day_number(calendar.MAX_YEAR, 12, 31)
_MAX_NANOS = 10**36
_MAX_MONTHS = 10**20
"""Durations end where texts of them end to be readable: far beyond the calendar."""
_MOMENTS = (Date, DateTime, Time)


def add(a: Any, b: Any) -> Any:
    """a + b where one is a duration."""
    if a.__class__ in _MOMENTS:
        return _move(a, b, 1)
    if b.__class__ in _MOMENTS:
        return _move(b, a, 1)
    if a.__class__ is b.__class__:
        if a.__class__ is DaysTimeDuration:
            return _days_time(a.nanos + b.nanos)
        if a.__class__ is YearsMonthsDuration:
            return _years_months(a.total + b.total)
    return None


def subtract(a: Any, b: Any) -> Any:
    """a - b: of moments a duration, else moved back by the duration b."""
    kind, other = a.__class__, b.__class__
    if kind in _MOMENTS:
        return _distance(a, b) if other in _MOMENTS else _move(a, b, -1)
    if kind is other:
        if kind is DaysTimeDuration:
            return _days_time(a.nanos - b.nanos)
        if kind is YearsMonthsDuration:
            return _years_months(a.total - b.total)
    return None


def negate(value: Any) -> Any:
    if value.__class__ is DaysTimeDuration:
        return _days_time(-value.nanos)
    if value.__class__ is YearsMonthsDuration:
        return _years_months(-value.total)
    return None


def multiply(a: Any, b: Any) -> Any:
    """A duration times a number, either way round; what is smaller than its unit is cut off."""
    if is_number(a):
        a, b = b, a
    if not is_number(b):
        return None
    return _scaled(a, b, DECIMAL128.multiply)


def divide(a: Any, b: Any) -> Any:
    """A duration by a number, or by a duration of its kind (a number)."""
    if is_number(b):
        return _scaled(a, b, DECIMAL128.divide) if b else None
    if a.__class__ is not b.__class__:
        return None
    if a.__class__ is DaysTimeDuration:
        return _ratio(a.nanos, b.nanos)
    if a.__class__ is YearsMonthsDuration:
        return _ratio(a.total, b.total)
    return None


def _days_time(nanos: int) -> DaysTimeDuration | None:
    return DaysTimeDuration(nanos) if abs(nanos) <= _MAX_NANOS else None


def _years_months(total: int) -> YearsMonthsDuration | None:
    return YearsMonthsDuration(total) if abs(total) <= _MAX_MONTHS else None


def _ratio(a: int, b: int) -> Decimal | None:
    try:
        return DECIMAL128.divide(a, b) if b else None
    except DecimalException:
        return None


def _scaled(length: Any, number: Number, operate: Any) -> Any:
    try:
        if length.__class__ is DaysTimeDuration:
            return _days_time(int(operate(length.nanos, number)))
        if length.__class__ is YearsMonthsDuration:
            return _years_months(int(operate(length.total, number)))
    except DecimalException:
        return None
    return None


def _move(moment: Any, length: Any, sign: int) -> Any:
    if length.__class__ is DaysTimeDuration:
        return _move_in_time(moment, length.nanos * sign)
    if length.__class__ is YearsMonthsDuration and moment.__class__ is not Time:
        return _move_in_calendar(moment, length.total * sign)
    return None


def _move_in_time(moment: Any, nanos: int) -> Any:
    if moment.__class__ is Time:
        return Time((moment.nanos + nanos) % NANOS_PER_DAY, moment.zone)
    if moment.__class__ is Date:
        days = (moment.days * NANOS_PER_DAY + nanos) // NANOS_PER_DAY
        return Date(days) if _FIRST_DAY <= days <= _LAST_DAY else None
    instant = moment.instant + nanos
    if not _FIRST_DAY <= instant // NANOS_PER_DAY <= _LAST_DAY:
        return None
    return DateTime.at(instant, moment.zone)


def _move_in_calendar(moment: Any, months: int) -> Any:
    if abs(months) > 12 * 2 * calendar.MAX_YEAR:
        return None
    days = calendar.month_later(moment.days, months)
    if not _FIRST_DAY <= days <= _LAST_DAY:
        return None
    return Date(days) if moment.__class__ is Date else DateTime(days, moment.nanos, moment.zone)


def _distance(a: Any, b: Any) -> DaysTimeDuration | None:
    """From b to a. A date counts as its midnight in UTC; local and zoned have no distance."""
    if a.__class__ is Time or b.__class__ is Time:
        if a.__class__ is not b.__class__ or (a.zone is None) is not (b.zone is None):
            return None
        return _days_time(a.in_utc - b.in_utc)
    if _is_local(a) is not _is_local(b):
        return None
    return _days_time(_instant(a) - _instant(b))


def _is_local(moment: Any) -> bool:
    return moment.__class__ is DateTime and moment.zone is None


def _instant(moment: Any) -> int:
    return int(moment.instant if moment.__class__ is DateTime else moment.days * NANOS_PER_DAY)
