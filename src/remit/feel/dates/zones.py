"""Where a clock stands: a fixed offset from UTC, or a zone of the IANA data by name.

The data know the years 1 to 9999; other years take the rules of a year that is a multiple of 400
away, because the calendar repeats after those.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

MAX_OFFSET: Final = 18 * 3600
"""Seconds; what XML Schema and ISO 8601 tools agree on."""

NANOS_PER_SECOND: Final = 1_000_000_000
SECONDS_PER_DAY: Final = 86_400

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_+\-]*(/[A-Za-z0-9_+\-]+)*")
_CYCLE_DAYS = 146_097
_FIRST_DAY = -719_162
"""0001-01-01."""
_LAST_DAY = 2_932_896
"""9999-12-31."""
_EPOCH = datetime(1970, 1, 1)


@dataclass(frozen=True, slots=True)
class Offset:
    """A fixed distance from UTC, in seconds east."""

    seconds: int

    def at_local(self, days: int, seconds: int) -> int:
        return self.seconds

    def at_instant(self, seconds: int) -> int:
        return self.seconds

    @property
    def standard(self) -> int:
        return self.seconds

    def __str__(self) -> str:
        if not self.seconds:
            return "Z"
        hours, rest = divmod(abs(self.seconds), 3600)
        minutes, seconds = divmod(rest, 60)
        text = f"{'-' if self.seconds < 0 else '+'}{hours:02}:{minutes:02}"
        return f"{text}:{seconds:02}" if seconds else text


@dataclass(frozen=True, slots=True)
class Region:
    """A zone by name; its distance from UTC depends on the day."""

    name: str

    def at_local(self, days: int, seconds: int) -> int:
        """Seconds east of UTC when clocks there show this; the earlier when they show it twice."""
        return self._offset(days, seconds, as_utc=False)

    def at_instant(self, seconds: int) -> int:
        """Seconds east of UTC at an instant, given in seconds since 1970 UTC."""
        days, rest = divmod(seconds, SECONDS_PER_DAY)
        return self._offset(days, rest, as_utc=True)

    @property
    def standard(self) -> int:
        """The offset of winter time, for clock times without a day."""
        moment = datetime(2000, 1, 1, tzinfo=_zone(self.name))
        return _seconds((moment.utcoffset() or timedelta()) - (moment.dst() or timedelta()))

    def _offset(self, days: int, seconds: int, *, as_utc: bool) -> int:
        zone = _zone(self.name)
        moment = _EPOCH + timedelta(days=_within_data(days), seconds=seconds)
        if as_utc:
            moment = moment.replace(tzinfo=UTC).astimezone(zone)
        else:
            moment = moment.replace(tzinfo=zone)
        return _seconds(moment.utcoffset() or timedelta())

    def __str__(self) -> str:
        return f"@{self.name}"


Zone = Offset | Region

ZULU: Final = Offset(0)


@lru_cache(maxsize=1024)
def region(name: str) -> Region | None:
    """The zone with this name, if the data have one."""
    if len(name) > 100 or _NAME.fullmatch(name) is None:
        return None
    try:
        _zone(name)
    except (KeyError, ValueError, OSError):
        return None
    return Region(name)


@lru_cache(maxsize=1024)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


def _seconds(length: timedelta) -> int:
    return length.days * SECONDS_PER_DAY + length.seconds


def _within_data(days: int) -> int:
    """A day with the same rules that the data know, away from their very ends."""
    if _FIRST_DAY + 400 < days < _LAST_DAY - 400:
        return days
    cycles = 1 if days < 0 else 23
    return (days - _FIRST_DAY) % _CYCLE_DAYS + _FIRST_DAY + cycles * _CYCLE_DAYS
