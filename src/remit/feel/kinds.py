"""The kinds of FEEL values as Python holds them, and their names.

number    int or Decimal (34 digits)      date                          Date
string    str                             time                          Time
boolean   bool                            date and time                 DateTime
null      None                            days and time duration        DaysTimeDuration
list      list                            years and months duration     YearsMonthsDuration
context   dict                            range, function               Range, Function
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

from remit.feel.dates.values import Date, DateTime, DaysTimeDuration, Time, YearsMonthsDuration
from remit.feel.functions import Function
from remit.feel.ranges import Range

Value = Any
"""A FEEL value: one of the classes above."""

NAMES: Final[dict[type, str]] = {
    type(None): "null",
    bool: "boolean",
    int: "number",
    Decimal: "number",
    str: "string",
    list: "list",
    dict: "context",
    Date: "date",
    Time: "time",
    DateTime: "date and time",
    DaysTimeDuration: "days and time duration",
    YearsMonthsDuration: "years and months duration",
    Range: "range",
    Function: "function",
}


def kind_of(value: object) -> str:
    """The name of a value's kind.

    >>> kind_of(True), kind_of(1), kind_of({})
    ('boolean', 'number', 'context')
    """
    found = NAMES.get(value.__class__)
    if found is not None:
        return found
    return "function" if isinstance(value, Function) else "unknown"
