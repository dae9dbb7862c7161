"""The standard library's temporal types, taken in and given out."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

from remit.feel.dates.calendar import day_number
from remit.feel.dates.values import (
    Date,
    DateTime,
    DaysTimeDuration,
    Temporal,
    Time,
    YearsMonthsDuration,
)
from remit.feel.dates.zones import NANOS_PER_SECOND, SECONDS_PER_DAY, Offset, Region, Zone, region


def from_python(value: date | time | timedelta) -> Temporal:
    """The FEEL value of a datetime, date, time or timedelta."""
    if isinstance(value, timedelta):
        return DaysTimeDuration(_seconds(value) * NANOS_PER_SECOND + value.microseconds * 1000)
    if isinstance(value, time):
        return Time(_nanos(value), _zone(value.tzinfo, value.utcoffset()))
    days = day_number(value.year, value.month, value.day)
    if isinstance(value, datetime):
        return DateTime(days, _nanos(value), _zone(value.tzinfo, value.utcoffset()))
    return Date(days)


def to_python(value: Temporal) -> date | time | timedelta | int:
    """The standard library's value; parts below a microsecond are cut off, months are an int.

    Raises OverflowError or ValueError outside the years 1 to 9999.
    """
    if isinstance(value, Date):
        return date(value.year, value.month, value.day)
    if isinstance(value, YearsMonthsDuration):
        return value.total
    if isinstance(value, DaysTimeDuration):
        return timedelta(microseconds=value.nanos // 1000)
    clock = time(
        value.hour,
        value.minute,
        value.second,
        value.nanos % NANOS_PER_SECOND // 1000,
        tzinfo=_tzinfo(value.zone),
    )
    if isinstance(value, Time):
        return clock
    return datetime.combine(date(value.year, value.month, value.day), clock)


def _seconds(length: timedelta) -> int:
    return length.days * SECONDS_PER_DAY + length.seconds


def _nanos(value: datetime | time) -> int:
    seconds = value.hour * 3600 + value.minute * 60 + value.second
    return seconds * NANOS_PER_SECOND + value.microsecond * 1000


def _zone(zone: tzinfo | None, offset: timedelta | None) -> Zone | None:
    if zone is None:
        return None
    if isinstance(zone, ZoneInfo) and zone.key:
        found = region(zone.key)
        if found is not None:
            return found
    return None if offset is None else Offset(_seconds(offset))


def _tzinfo(zone: Zone | None) -> tzinfo | None:
    if zone is None:
        return None
    if isinstance(zone, Region):
        return ZoneInfo(zone.name)
    return timezone(timedelta(seconds=zone.seconds))
