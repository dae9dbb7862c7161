"""The texts of timers: ISO 8601 instants, durations and cycles, and cron (rules 55, 56).

    PT15S                             duration, from the activation
    2026-11-20T10:00:00Z              date; without a zone it is UTC
    R3/PT1H  R/PT1H  R3/START/PT1H    cycle: how often, from when, how far apart
    0 0 9 * * MON-FRI  @daily         cron of six fields, seconds first

All results are epoch milliseconds in UTC. A `ValueError` says what is wrong with the text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from croniter import CroniterError, croniter

_DURATION = re.compile(
    r"(?P<sign>-)?P(?!$)(?:(?P<years>\d+)Y)?(?:(?P<months>\d+)M)?(?:(?P<weeks>\d+)W)?(?:(?P<days>\d+)D)?"
    r"(?:T(?!$)(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?(?:(?P<seconds>\d+(?:\.\d+)?)S)?)?"
)
_REPEAT = re.compile(r"R(-?\d*)")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
FOR_EVER = -1


@dataclass(frozen=True, slots=True)
class Duration:
    months: int
    milliseconds: int


@dataclass(frozen=True, slots=True)
class Cycle:
    """`repetitions` counts the triggers still to come, -1 for ever; `interval` goes on with it."""

    first: int
    repetitions: int
    interval: str


def parse_duration(text: object) -> Duration:
    """
    >>> parse_duration("P1DT2H")
    Duration(months=0, milliseconds=93600000)
    """
    match = _DURATION.fullmatch(str(text).strip())
    if match is None:
        raise ValueError("not an ISO 8601 duration such as PT15M or P1D")
    part = match.groupdict()
    sign = -1 if part["sign"] else 1
    months = int(part["years"] or 0) * 12 + int(part["months"] or 0)
    days = int(part["weeks"] or 0) * 7 + int(part["days"] or 0)
    minutes = (days * 24 + int(part["hours"] or 0)) * 60 + int(part["minutes"] or 0)
    milliseconds = minutes * 60_000 + round(float(part["seconds"] or 0) * 1000)
    return Duration(sign * months, sign * milliseconds)


def add_duration(start: int, text: object) -> int:
    """`start` plus a duration; months by the calendar, the day cut to the month's last."""
    duration = parse_duration(text)
    return _shift(start, duration.months) + duration.milliseconds


def instant(value: object) -> int:
    """A date-time as epoch milliseconds.

    >>> instant("1970-01-01T00:00:01Z")
    1000
    """
    if isinstance(value, datetime):
        return _epoch_ms(value)
    if isinstance(value, date):
        return _epoch_ms(datetime(value.year, value.month, value.day))
    text = str(value).strip()
    bracket = text.find("[")
    try:
        return _epoch_ms(datetime.fromisoformat(text if bracket < 0 else text[:bracket]))
    except ValueError as fault:
        raise ValueError("not an ISO 8601 date-time such as 2026-11-20T10:00:00Z") from fault


def cycle(value: object, now: int) -> Cycle:
    """A repeating interval or a cron expression, as of `now`."""
    text = str(value).strip()
    if not text.startswith("R"):
        return Cycle(_next_cron(text, now), FOR_EVER, text)
    parts = text.split("/")
    repeat = _REPEAT.fullmatch(parts[0])
    if repeat is None or len(parts) not in (2, 3):
        raise ValueError("not a cycle such as R3/PT1H, R/PT1H or a cron expression of six fields")
    interval = parts[-1]
    parse_duration(interval)
    count = int(repeat.group(1)) if repeat.group(1) not in ("", "-") else FOR_EVER
    if len(parts) == 3 and parts[1]:
        first = instant(parts[1])
    else:
        first = add_duration(now, interval)
    return Cycle(first, count if count >= 0 else FOR_EVER, interval)


def next_due(interval: str, last: int, now: int) -> int:
    """The due time after `last`: an interval has no drift, cron looks from now on."""
    if interval.startswith(("P", "-P")):
        return add_duration(last, interval)
    return _next_cron(interval, now)


def _next_cron(text: str, now: int) -> int:
    fields = text.replace("?", "*")
    if not fields.startswith("@") and len(fields.split()) != 6:
        raise ValueError("not a cron expression: it has six fields, seconds first")
    start = _EPOCH + timedelta(milliseconds=now)
    try:
        found = croniter(fields, start, second_at_beginning=True).get_next(datetime)
    except (CroniterError, ValueError, KeyError) as fault:
        raise ValueError(f"not a cron expression of six fields: {fault}") from fault
    return _epoch_ms(found)


def _shift(start: int, months: int) -> int:
    if months == 0:
        return start
    moment = _EPOCH + timedelta(milliseconds=start)
    month = moment.year * 12 + moment.month - 1 + months
    year, month = divmod(month, 12)
    last = (datetime(year + month // 11, (month + 1) % 12 + 1, 1) - timedelta(days=1)).day
    return _epoch_ms(moment.replace(year=year, month=month + 1, day=min(moment.day, last)))


def _epoch_ms(moment: datetime) -> int:
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return (moment - _EPOCH) // timedelta(milliseconds=1)
