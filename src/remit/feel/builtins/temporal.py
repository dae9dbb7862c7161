"""Functions of dates and times."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from remit.feel.builtins.define import define
from remit.feel.temporal import add_months

_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
)  # fmt: skip


def _of_date(body: Any) -> Any:
    return define("date", lambda day: body(day) if isinstance(day, date) else None)


def last_day_of_month(day: date) -> date:
    first = day.replace(day=1)
    found = add_months(first, 1) - timedelta(days=1)
    return found.date() if isinstance(found, datetime) else found


FUNCTIONS = {
    "day of year": _of_date(lambda day: day.timetuple().tm_yday),
    "day of week": _of_date(lambda day: _DAYS[day.weekday()]),
    "month of year": _of_date(lambda day: _MONTHS[day.month - 1]),
    "week of year": _of_date(lambda day: day.isocalendar().week),
    "last day of month": _of_date(last_day_of_month),
}
