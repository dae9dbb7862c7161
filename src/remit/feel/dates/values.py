"""The five temporal types. They never change; equal means the same value in the same writing.

FEEL's own `=` is looser for times and date-times (zones are worked out, parts of a second do not
count): see `remit.feel.comparison`. `str()` gives the text that FEEL shows.
"""

from __future__ import annotations

from typing import Final

from remit.feel.dates import calendar
from remit.feel.dates.zones import NANOS_PER_SECOND, SECONDS_PER_DAY, Region, Zone

NANOS_PER_DAY: Final = SECONDS_PER_DAY * NANOS_PER_SECOND


class Date:
    """A day: `days` since 1970-01-01.

    >>> str(Date.of(2024, 2, 29)), Date.of(2023, 2, 29)
    ('2024-02-29', None)
    """

    __slots__ = ("days",)

    def __init__(self, days: int) -> None:
        self.days = days

    @classmethod
    def of(cls, year: int, month: int, day: int) -> Date | None:
        """The date, or None when there is no such day or the year has ten digits."""
        if not (-calendar.MAX_YEAR <= year <= calendar.MAX_YEAR and 1 <= month <= 12):
            return None
        if not 1 <= day <= calendar.month_length(year, month):
            return None
        return cls(calendar.day_number(year, month, day))

    @property
    def year(self) -> int:
        return calendar.date_of(self.days)[0]

    @property
    def month(self) -> int:
        return calendar.date_of(self.days)[1]

    @property
    def day(self) -> int:
        return calendar.date_of(self.days)[2]

    @property
    def weekday(self) -> int:
        return calendar.weekday(self.days)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Date) and self.days == other.days

    def __hash__(self) -> int:
        return hash((Date, self.days))

    def __str__(self) -> str:
        year, month, day = calendar.date_of(self.days)
        return f"{'-' if year < 0 else ''}{abs(year):04}-{month:02}-{day:02}"

    def __repr__(self) -> str:
        return f"Date({self})"


class Clock:
    """What times and date-times share: `nanos` since midnight, and a zone or None."""

    __slots__ = ("nanos", "zone")

    nanos: int
    zone: Zone | None

    @property
    def hour(self) -> int:
        return self.nanos // (3600 * NANOS_PER_SECOND)

    @property
    def minute(self) -> int:
        return self.nanos // (60 * NANOS_PER_SECOND) % 60

    @property
    def second(self) -> int:
        return self.nanos // NANOS_PER_SECOND % 60

    @property
    def timezone(self) -> str | None:
        """The zone's name, when it has one."""
        return self.zone.name if isinstance(self.zone, Region) else None

    def clock_text(self) -> str:
        text = f"{self.hour:02}:{self.minute:02}:{self.second:02}"
        return f"{text}{_fraction(self.nanos)}{'' if self.zone is None else self.zone}"


class Time(Clock):
    """A time of day.

    >>> str(Time(0, None))
    '00:00:00'
    """

    __slots__ = ()

    def __init__(self, nanos: int, zone: Zone | None = None) -> None:
        self.nanos = nanos
        self.zone = zone

    @property
    def offset(self) -> int | None:
        """Seconds east of UTC; a zone by name counts with its winter time."""
        return None if self.zone is None else self.zone.standard

    @property
    def in_utc(self) -> int:
        """Nanoseconds since midnight UTC, below zero or past a day where the offset leads there."""
        return self.nanos - (self.offset or 0) * NANOS_PER_SECOND

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Time) and self.nanos == other.nanos and self.zone == other.zone

    def __hash__(self) -> int:
        return hash((Time, self.nanos, self.zone))

    def __str__(self) -> str:
        return self.clock_text()

    def __repr__(self) -> str:
        return f"Time({self})"


class DateTime(Clock):
    """A date and a time of day. `offset` is seconds east of UTC, None without a zone."""

    __slots__ = ("days", "offset")

    def __init__(self, days: int, nanos: int, zone: Zone | None = None) -> None:
        self.days = days
        self.nanos = nanos
        self.zone = zone
        self.offset: int | None = None
        if zone is not None:
            self._find_offset(zone)

    def _find_offset(self, zone: Zone) -> None:
        """A time that clocks skip there is moved on by what they skip."""
        offset = zone.at_local(self.days, self.nanos // NANOS_PER_SECOND)
        if isinstance(zone, Region):
            seconds = self.days * SECONDS_PER_DAY + self.nanos // NANOS_PER_SECOND - offset
            true_offset = zone.at_instant(seconds)
            if true_offset != offset:
                moved = self.nanos + (true_offset - offset) * NANOS_PER_SECOND
                self.days += moved // NANOS_PER_DAY
                self.nanos = moved % NANOS_PER_DAY
                offset = true_offset
        self.offset = offset

    @classmethod
    def at(cls, instant: int, zone: Zone | None) -> DateTime:
        """The date-time that clocks in `zone` show at `instant` (nanoseconds since 1970 UTC)."""
        offset = zone.at_instant(instant // NANOS_PER_SECOND) if zone is not None else None
        days, nanos = divmod(instant + (offset or 0) * NANOS_PER_SECOND, NANOS_PER_DAY)
        found = cls(days, nanos)
        found.zone = zone
        found.offset = offset
        return found

    @property
    def instant(self) -> int:
        """Nanoseconds since 1970-01-01T00:00:00 UTC; without a zone, as if in UTC."""
        return self.days * NANOS_PER_DAY + self.nanos - (self.offset or 0) * NANOS_PER_SECOND

    @property
    def date(self) -> Date:
        return Date(self.days)

    @property
    def time(self) -> Time:
        return Time(self.nanos, self.zone)

    @property
    def year(self) -> int:
        return calendar.date_of(self.days)[0]

    @property
    def month(self) -> int:
        return calendar.date_of(self.days)[1]

    @property
    def day(self) -> int:
        return calendar.date_of(self.days)[2]

    @property
    def weekday(self) -> int:
        return calendar.weekday(self.days)

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, DateTime)
            and self.days == other.days
            and self.nanos == other.nanos
            and self.zone == other.zone
            and self.offset == other.offset
        )

    def __hash__(self) -> int:
        return hash((DateTime, self.days, self.nanos, self.zone))

    def __str__(self) -> str:
        return f"{Date(self.days)}T{self.clock_text()}"

    def __repr__(self) -> str:
        return f"DateTime({self})"


class DaysTimeDuration:
    """A length of time in nanoseconds.

    >>> str(DaysTimeDuration(90_000 * 1_000_000_000))
    'P1DT1H'
    """

    __slots__ = ("nanos",)

    def __init__(self, nanos: int) -> None:
        self.nanos = nanos

    @property
    def days(self) -> int:
        return self._part(NANOS_PER_DAY, None)

    @property
    def hours(self) -> int:
        return self._part(3600 * NANOS_PER_SECOND, 24)

    @property
    def minutes(self) -> int:
        return self._part(60 * NANOS_PER_SECOND, 60)

    @property
    def seconds(self) -> int:
        return self._part(NANOS_PER_SECOND, 60)

    def _part(self, unit: int, modulus: int | None) -> int:
        part = abs(self.nanos) // unit
        part = part if modulus is None else part % modulus
        return -part if self.nanos < 0 else part

    def __eq__(self, other: object) -> bool:
        return isinstance(other, DaysTimeDuration) and self.nanos == other.nanos

    def __hash__(self) -> int:
        return hash((DaysTimeDuration, self.nanos))

    def __str__(self) -> str:
        length = abs(self.nanos)
        days, rest = divmod(length, NANOS_PER_DAY)
        seconds = rest // NANOS_PER_SECOND
        hours, minutes, seconds = seconds // 3600, seconds // 60 % 60, seconds % 60
        fraction = _fraction(rest)
        clock = f"{hours}H" if hours else ""
        clock += f"{minutes}M" if minutes else ""
        clock += f"{seconds}{fraction}S" if seconds or fraction else ""
        if not days and not clock:
            return "PT0S"
        day = f"{days}D" if days else ""
        return f"{'-' if self.nanos < 0 else ''}P{day}{'T' if clock else ''}{clock}"

    def __repr__(self) -> str:
        return f"DaysTimeDuration({self})"


class YearsMonthsDuration:
    """A number of months.

    >>> str(YearsMonthsDuration(-14)), str(YearsMonthsDuration(0))
    ('-P1Y2M', 'P0M')
    """

    __slots__ = ("total",)

    def __init__(self, total: int) -> None:
        self.total = total

    @property
    def years(self) -> int:
        years = abs(self.total) // 12
        return -years if self.total < 0 else years

    @property
    def months(self) -> int:
        months = abs(self.total) % 12
        return -months if self.total < 0 else months

    def __eq__(self, other: object) -> bool:
        return isinstance(other, YearsMonthsDuration) and self.total == other.total

    def __hash__(self) -> int:
        return hash((YearsMonthsDuration, self.total))

    def __str__(self) -> str:
        years, months = divmod(abs(self.total), 12)
        text = (f"{years}Y" if years else "") + (f"{months}M" if months else "")
        return f"{'-' if self.total < 0 else ''}P{text or '0M'}"

    def __repr__(self) -> str:
        return f"YearsMonthsDuration({self})"


Temporal = Date | Time | DateTime | DaysTimeDuration | YearsMonthsDuration


def _fraction(nanos: int) -> str:
    rest = nanos % NANOS_PER_SECOND
    return f".{rest:09}".rstrip("0") if rest else ""
