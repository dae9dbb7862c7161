"""Functions of dates and times (10.3.4.1, 10.3.4.7, 10.3.4.10)."""

from __future__ import annotations

from typing import Any

from remit.feel.builtins.define import define
from remit.feel.comparison import same
from remit.feel.dates import calendar
from remit.feel.dates.reading import (
    read_date,
    read_date_time,
    read_duration,
    read_time,
    read_zone,
)
from remit.feel.dates.values import Date, DateTime, DaysTimeDuration, Time, YearsMonthsDuration
from remit.feel.dates.zones import MAX_OFFSET, NANOS_PER_SECOND, ZULU, Offset
from remit.feel.evaluation import Evaluation
from remit.feel.numbers import Number

_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July", "August", "September"),
    *("October", "November", "December"),
)


def _date(from_: Any) -> Date | None:
    if from_.__class__ is str:
        return read_date(from_)
    return Date(from_.days)


def _date_of_parts(year: Number, month: Number, day: Number) -> Date | None:
    if not year.__class__ is month.__class__ is day.__class__ is int:
        return None
    return Date.of(int(year), int(month), int(day))


def _time(from_: Any) -> Time | None:
    if from_.__class__ is str:
        return read_time(from_)
    if from_.__class__ is Date:
        return Time(0, ZULU)
    return Time(from_.nanos, from_.zone)


def _time_of_parts(
    hour: Number, minute: Number, second: Number, offset: DaysTimeDuration | None = None
) -> Time | None:
    """The second may have parts; the offset is whole seconds within 18 hours."""
    if not hour.__class__ is minute.__class__ is int:
        return None
    if not (0 <= hour < 24 and 0 <= minute < 60 and 0 <= second < 60):
        return None
    nanos = int((hour * 60 + minute) * 60) * NANOS_PER_SECOND + int(second * NANOS_PER_SECOND)
    if offset is None:
        return Time(nanos)
    seconds, parts = divmod(offset.nanos, NANOS_PER_SECOND)
    if parts or abs(seconds) > MAX_OFFSET:
        return None
    return Time(nanos, Offset(seconds))


def _date_time(from_: Any) -> DateTime | None:
    if from_.__class__ is str:
        return read_date_time(from_)
    return from_ if from_.__class__ is DateTime else DateTime(from_.days, 0)


def _date_with_time(date: Any, time: Time) -> DateTime:
    return DateTime(date.days, time.nanos, time.zone)


def _in_timezone(date: DateTime, timezone: str) -> DateTime | None:
    """A local date-time gets the zone; another one is shown as clocks there show it."""
    zone = read_zone(timezone)
    if zone is None:
        return None
    if date.zone is None:
        return DateTime(date.days, date.nanos, zone)
    return DateTime.at(date.instant, zone)


def _duration(from_: Any) -> Any:
    return read_duration(from_) if from_.__class__ is str else from_


def _months_between(from_: Any, to: Any) -> YearsMonthsDuration:
    """Whole months between the days; the time of day does not count."""
    return YearsMonthsDuration(calendar.months_between(from_.days, to.days))


def _now(run: Evaluation) -> DateTime:
    return run.now()


def _today(run: Evaluation) -> Date:
    return run.now().date


def _day_of_year(date: Any) -> int:
    return calendar.day_of_year(date.days)


def _day_of_week(date: Any) -> str:
    return _WEEKDAYS[calendar.weekday(date.days) - 1]


def _month_of_year(date: Any) -> str:
    return _MONTHS[calendar.date_of(date.days)[1] - 1]


def _week_of_year(date: Any) -> int:
    return calendar.week_of_year(date.days)


def _last_day_of_month(date: Any) -> Any:
    year, month, day = calendar.date_of(date.days)
    return Date(date.days - day + calendar.month_length(year, month))


def _cycle(interval: Any) -> str:
    return f"R/{interval}"


def _counted_cycle(repetitions: Number | None, interval: Any) -> str:
    return f"R{'' if repetitions is None else int(repetitions)}/{interval}"


_DAY = "date|date and time"
_LENGTH = "days and time duration|years and months duration"
_COMMON = {
    **define(
        f"date(from: string|{_DAY}) -> date",
        _date,
        "date(year: number, month: number, day: number) -> date",
        _date_of_parts,
    ),
    **define(
        f"time(from: string|time|{_DAY}) -> time",
        _time,
        "time(hour: number, minute: number, second: number, offset?: days and time duration?)"
        " -> time",
        _time_of_parts,
    ),
    **define(f"duration(from: string|{_LENGTH}) -> any", _duration),
    **define(
        f"years and months duration(from: {_DAY}, to: {_DAY}) -> years and months duration",
        _months_between,
    ),
    **define("now() -> date and time", _now, takes_run=True),
    **define("today() -> date", _today, takes_run=True),
    **define(f"day of year(date: {_DAY}) -> number", _day_of_year),
    **define(f"day of week(date: {_DAY}) -> string", _day_of_week),
    **define(f"month of year(date: {_DAY}) -> string", _month_of_year),
    **define(f"week of year(date: {_DAY}) -> number", _week_of_year),
}
_FROM = f"date and time(from: string|{_DAY}) -> date and time"
_WITH_TIME = f"date and time(date: {_DAY}, time: time) -> date and time"
DMN = {
    **_COMMON,
    **define(_FROM, _date_time, _WITH_TIME, _date_with_time),
    **define("is(value1?: any, value2?: any) -> boolean", same),
}
CAMUNDA = {
    **_COMMON,
    **define(
        _FROM,
        _date_time,
        _WITH_TIME,
        _date_with_time,
        "date and time(date: date and time, timezone: string) -> date and time",
        _in_timezone,
    ),
    **define(f"last day of month(date: {_DAY}) -> date", _last_day_of_month),
    **define(
        f"cycle(interval: {_LENGTH}) -> string",
        _cycle,
        f"cycle(repetitions: number?, interval: {_LENGTH}) -> string",
        _counted_cycle,
    ),
}
