"""Conversions between kinds of values."""

from __future__ import annotations

import json
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal, InvalidOperation
from typing import Any

from remit.feel import temporal
from remit.feel.builtins.define import define
from remit.feel.temporal import YearsMonths
from remit.feel.values import Function, from_json, is_number, normal, to_json, to_text


def to_number(text: Any, grouping: Any = None, decimal: Any = None) -> Any:
    if is_number(text):
        return text
    if text.__class__ is not str or (grouping is not None and grouping == decimal):
        return None
    plain = text.replace(grouping, "") if grouping else text
    if decimal:
        plain = plain.replace(decimal, ".")
    try:
        value = Decimal(plain.strip())
    except InvalidOperation:
        return None
    return normal(value) if value.is_finite() else None


def to_date(*arguments: Any) -> Any:
    if len(arguments) == 3:
        return date(*(int(each) for each in arguments))
    (value,) = arguments
    if value.__class__ is datetime:
        return value.date()
    if value.__class__ is date:
        return value
    return temporal.parse_date(value) if value.__class__ is str else None


def to_time(*arguments: Any) -> Any:
    if len(arguments) >= 3:
        hour, minute, second = (int(each) for each in arguments[:3])
        micros = int((Decimal(arguments[2]) % 1) * 1_000_000)
        offset = arguments[3] if len(arguments) > 3 else None
        zone = timezone(offset) if offset.__class__ is timedelta else None
        return time(hour, minute, second, micros, tzinfo=zone)
    (value,) = arguments
    if value.__class__ is datetime:
        return value.timetz()
    if value.__class__ is time:
        return value
    return temporal.parse_time(value) if value.__class__ is str else None


def to_date_time(*arguments: Any) -> Any:
    if len(arguments) == 2:
        day, clock = arguments
        day = day.date() if day.__class__ is datetime else day
        if day.__class__ is date and clock.__class__ is time:
            return datetime.combine(day, clock)
        return None
    (value,) = arguments
    if value.__class__ is datetime:
        return value
    if value.__class__ is date:
        return datetime(value.year, value.month, value.day)
    return temporal.parse_date_time(value) if value.__class__ is str else None


def to_duration(value: Any) -> Any:
    if value.__class__ in (timedelta, YearsMonths):
        return value
    return temporal.parse_duration(value) if value.__class__ is str else None


def years_and_months(start: Any, end: Any) -> YearsMonths:
    """The whole months from `start` to `end`."""
    months = (end.year - start.year) * 12 + end.month - start.month
    if months > 0 and end.day < start.day:
        months -= 1
    elif months < 0 and end.day > start.day:
        months += 1
    return YearsMonths(months)


def parse_json(text: Any) -> Any:
    return from_json(json.loads(text)) if text.__class__ is str else None


FUNCTIONS = {
    "string": define("from", lambda value: None if value is None else to_text(value)),
    "number": define("from, grouping separator, decimal separator", to_number),
    "date": define("from", to_date),
    "time": define("from", to_time),
    "date and time": define("from", to_date_time),
    "duration": define("from", to_duration),
    "years and months duration": define("from, to", years_and_months),
    "from json": define("value", parse_json),
    "to json": define("value", lambda value: json.dumps(to_json(value), separators=(",", ":"))),
}

FUNCTIONS["date"] = Function(("year", "month", "day"), FUNCTIONS["date"].call)
FUNCTIONS["date and time"] = Function(("date", "time"), FUNCTIONS["date and time"].call)
