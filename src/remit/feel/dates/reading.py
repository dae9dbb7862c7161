"""Texts of temporal values, by XML Schema with the zones of ISO 8601 and IANA names (10.3.4.1).

Every function gives None for a text that is no such value.
"""

from __future__ import annotations

import re

from remit.feel.dates.values import (
    NANOS_PER_DAY,
    Date,
    DateTime,
    DaysTimeDuration,
    Temporal,
    Time,
    YearsMonthsDuration,
)
from remit.feel.dates.zones import MAX_OFFSET, NANOS_PER_SECOND, ZULU, Offset, Zone, region

_DATE = re.compile(r"(-?)(\d{4}|[1-9]\d{4,8})-(\d\d)-(\d\d)", re.ASCII)
_TIME = re.compile(
    r"(\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(?:(Z)|([+-])(\d\d):(\d\d)(?::(\d\d))?|@(\S+))?",
    re.ASCII,
)
_DAYS_TIME = re.compile(
    r"(-?)P(?:(\d{1,18})D)?(?:T(?=\d)(?:(\d{1,18})H)?(?:(\d{1,18})M)?"
    r"(?:(\d{1,18})(?:\.(\d{0,9}))?S)?)?",
    re.ASCII,
)
_YEARS_MONTHS = re.compile(r"(-?)P(?:(\d{1,18})Y)?(?:(\d{1,18})M)?", re.ASCII)


def read_date(text: str) -> Date | None:
    match = _DATE.fullmatch(text)
    if match is None:
        return None
    sign, year, month, day = match.groups()
    return Date.of(-int(year) if sign else int(year), int(month), int(day))


def read_time(text: str) -> Time | None:
    """A time of day; 24:00:00 is midnight.

    >>> read_time("10:20:30.5+01:00"), read_time("25:00:00")
    (Time(10:20:30.5+01:00), None)
    """
    match = _TIME.fullmatch(text)
    if match is None:
        return None
    found = _nanos(match)
    zone = _zone(match)
    if found is None or zone == ():
        return None
    return Time(found % NANOS_PER_DAY, zone)  # type: ignore[arg-type]


def read_date_time(text: str) -> DateTime | None:
    """A date with a time; a date alone is its midnight."""
    date_text, found, time_text = text.partition("T")
    day = read_date(date_text)
    if day is None:
        return None
    if not found:
        return DateTime(day.days, 0)
    match = _TIME.fullmatch(time_text)
    if match is None:
        return None
    nanos = _nanos(match)
    zone = _zone(match)
    if nanos is None or zone == ():
        return None
    return DateTime(day.days + nanos // NANOS_PER_DAY, nanos % NANOS_PER_DAY, zone)  # type: ignore[arg-type]


def read_duration(text: str) -> DaysTimeDuration | YearsMonthsDuration | None:
    """A duration of one of the two kinds; never a mixture."""
    match = _YEARS_MONTHS.fullmatch(text)
    if match is not None and text[-1] != "P":
        sign, years, months = match.groups()
        total = int(years or 0) * 12 + int(months or 0)
        return YearsMonthsDuration(-total if sign else total)
    match = _DAYS_TIME.fullmatch(text)
    if match is None or text[-1] == "P":
        return None
    sign, days, hours, minutes, seconds, fraction = match.groups()
    whole = int(days or 0) * 86_400 + int(hours or 0) * 3600
    whole += int(minutes or 0) * 60 + int(seconds or 0)
    nanos = whole * NANOS_PER_SECOND + int((fraction or "").ljust(9, "0"))
    return DaysTimeDuration(-nanos if sign else nanos)


def read_any(text: str) -> Temporal | None:
    """What `@"…"` means.

    >>> read_any("P1Y"), read_any("2024-01-01"), read_any("foo")
    (YearsMonthsDuration(P1Y), Date(2024-01-01), None)
    """
    if "P" in text[:2]:
        return read_duration(text)
    if "T" in text.partition("@")[0]:
        return read_date_time(text)
    return read_date(text) or read_time(text)


def read_zone(text: str) -> Zone | None:
    """A zone alone: `Z`, an offset, or a name."""
    match = _TIME.fullmatch(f"00:00:00{text}") or _TIME.fullmatch(f"00:00:00@{text}")
    if match is None:
        return None
    zone = _zone(match)
    return None if zone == () else zone  # type: ignore[return-value]


def _nanos(match: re.Match[str]) -> int | None:
    hour, minute, second = int(match[1]), int(match[2]), int(match[3])
    fraction = int((match[4] or "").ljust(9, "0"))
    if minute > 59 or second > 59 or hour > 24 or (hour == 24 and (minute or second or fraction)):
        return None
    return (hour * 3600 + minute * 60 + second) * NANOS_PER_SECOND + fraction


def _zone(match: re.Match[str]) -> Zone | tuple[()] | None:
    """The zone, None when the text has none, () when it has one that does not exist."""
    if match[5]:
        return ZULU
    if match[6]:
        minutes, seconds = int(match[8]), int(match[9] or 0)
        offset = int(match[7]) * 3600 + minutes * 60 + seconds
        if minutes > 59 or seconds > 59 or offset > MAX_OFFSET:
            return ()
        return Offset(-offset if match[6] == "-" else offset)
    if match[10]:
        return region(match[10]) or ()
    return None
