"""Dates, times and durations, and the texts they come from (DMN 1.5, 10.3.2.3).

Date, time and date-and-time are Python's own types; a days-and-time duration is a `timedelta`, a
years-and-months duration counts months. A zone by name is an IANA zone, kept with its name.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from functools import total_ordering
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_DAYS_TIME = re.compile(
    r"(-)?P(?!$)(?:(\d+)D)?(?:T(?!$)(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)(\.\d+)?S)?)?"
)
_YEARS_MONTHS = re.compile(r"(-)?P(?!$)(?:(\d+)Y)?(?:(\d+)M)?")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_ZONE = re.compile(r"(Z|[+-]\d{2}:\d{2}(?::\d{2})?)?(?:@([\w/+-]+))?")
_CLOCK = re.compile(r"(\d{2}):(\d{2}):(\d{2})(\.\d+)?")


@total_ordering
@dataclass(frozen=True, slots=True)
class YearsMonths:
    """A years-and-months duration. Years and months have the sign of the whole."""

    total: int

    @property
    def years(self) -> int:
        return int(self.total / 12)

    @property
    def months(self) -> int:
        return self.total - self.years * 12

    def __lt__(self, other: YearsMonths) -> bool:
        return self.total < other.total


Temporal = date | time | timedelta | YearsMonths
"""`datetime` is a `date` to Python; code here looks at the class itself."""


def parse_any(text: str) -> object:
    """The value of `@"…"`, or None when the text is none of them."""
    for parse in (parse_duration, parse_date, parse_date_time, parse_time):
        value = parse(text)
        if value is not None:
            return value
    return None


def parse_date(text: str) -> date | None:
    """
    >>> parse_date("2026-11-20")
    datetime.date(2026, 11, 20)
    """
    if _DATE.fullmatch(text) is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def parse_time(text: str) -> time | None:
    match = _CLOCK.match(text)
    if match is None:
        return None
    zone = _parse_zone(text[match.end() :])
    if zone is None:
        return None
    hour, minute, second, fraction = match.groups()
    microsecond = round(float(fraction or 0) * 1_000_000)
    try:
        return time(int(hour), int(minute), int(second), microsecond, tzinfo=zone[0])
    except ValueError:
        return None


def parse_date_time(text: str) -> datetime | None:
    if "T" not in text:
        day = parse_date(text)
        return None if day is None else datetime(day.year, day.month, day.day)
    first, _, second = text.partition("T")
    day, clock = parse_date(first), parse_time(second)
    if day is None or clock is None:
        return None
    return datetime.combine(day, clock)


def parse_duration(text: str) -> timedelta | YearsMonths | None:
    """
    >>> parse_duration("P1DT2H")
    datetime.timedelta(days=1, seconds=7200)
    >>> parse_duration("P1Y2M")
    YearsMonths(total=14)
    """
    match = _DAYS_TIME.fullmatch(text)
    if match is not None:
        sign, days, hours, minutes, seconds, fraction = match.groups()
        try:
            length = timedelta(
                days=int(days or 0),
                hours=int(hours or 0),
                minutes=int(minutes or 0),
                seconds=int(seconds or 0) + float(fraction or 0),
            )
        except OverflowError:
            return None
        return -length if sign else length
    match = _YEARS_MONTHS.fullmatch(text)
    if match is not None:
        sign, years, months = match.groups()
        total = int(years or 0) * 12 + int(months or 0)
        return YearsMonths(-total if sign else total)
    return None


def _parse_zone(text: str) -> tuple[tzinfo | None] | None:
    """(zone,) of the text after a clock time; None when it is no zone."""
    match = _ZONE.fullmatch(text)
    if match is None or (match.group(1) and match.group(2)):
        return None
    offset, name = match.groups()
    if name:
        try:
            return (ZoneInfo(name),)
        except (ZoneInfoNotFoundError, ValueError):
            return None
    if offset == "Z":
        return (UTC,)
    if offset:
        parts = [int(part) for part in offset[1:].split(":")]
        length = timedelta(hours=parts[0], minutes=parts[1], seconds=sum(parts[2:]))
        try:
            return (timezone(-length if offset[0] == "-" else length),)
        except ValueError:
            return None
    return (None,)


def add_months(value: date, months: int) -> date:
    """The same day `months` later, or the last day of that month. Works for date-times too."""
    count = value.year * 12 + value.month - 1 + months
    year, month = divmod(count, 12)
    days = (date(year + (month == 11), (month + 1) % 12 + 1, 1) - timedelta(days=1)).day
    return value.replace(year=year, month=month + 1, day=min(value.day, days))


def text_of(value: object) -> str:
    """The text of a temporal value, as FEEL and JSON show it."""
    if isinstance(value, datetime):
        return f"{value.date().isoformat()}T{text_of(value.timetz())}"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, time):
        return _clock_text(value)
    if isinstance(value, timedelta):
        return _days_time_text(value)
    assert isinstance(value, YearsMonths)
    return _years_months_text(value)


def _clock_text(value: time) -> str:
    clock = value.replace(tzinfo=None).isoformat()
    if "." in clock:
        clock = clock.rstrip("0")
    zone = value.tzinfo
    if zone is None:
        return clock
    if isinstance(zone, ZoneInfo):
        return f"{clock}@{zone.key}"
    offset = zone.utcoffset(None)
    if not offset:
        return f"{clock}Z"
    sign = "-" if offset < timedelta(0) else "+"
    minutes = abs(offset) // timedelta(minutes=1)
    return f"{clock}{sign}{minutes // 60:02}:{minutes % 60:02}"


def _days_time_text(value: timedelta) -> str:
    sign = "-" if value < timedelta(0) else ""
    length = abs(value)
    hours, rest = divmod(length.seconds, 3600)
    minutes, seconds = divmod(rest, 60)
    day = f"{length.days}D" if length.days else ""
    clock = f"{hours}H" if hours else ""
    clock += f"{minutes}M" if minutes else ""
    if length.microseconds:
        fraction = f"{length.microseconds:06}".rstrip("0")
        clock += f"{seconds}.{fraction}S"
    elif seconds:
        clock += f"{seconds}S"
    if not day and not clock:
        return "PT0S"
    return f"{sign}P{day}" + (f"T{clock}" if clock else "")


def _years_months_text(value: YearsMonths) -> str:
    years, months = abs(value.years), abs(value.months)
    text = (f"{years}Y" if years else "") + (f"{months}M" if months else "")
    return ("-" if value.total < 0 else "") + f"P{text or '0M'}"
