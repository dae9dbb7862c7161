"""The values of FEEL as Python holds them, and the operations between them.

    number    int, or Decimal with 34 digits          list      list
    string    str                                     context   dict
    boolean   bool                                    range     Range
    null      None                                    function  Function
    temporal  see `temporal`

`int` and `Decimal` mix; an integral Decimal becomes an int again. Operations give None (null) for
operands that do not fit.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import ROUND_HALF_EVEN, Context, Decimal, DecimalException
from typing import Any

from remit.feel.errors import FeelLimitError
from remit.feel.temporal import YearsMonths, add_months, text_of

DECIMAL = Context(prec=34, rounding=ROUND_HALF_EVEN)
"""IEEE 754 decimal128, as the standard asks (10.3.2.3.1)."""

MAX_EXPONENT = 10_000
"""The largest exponent of `**` that is computed."""

Number = int | Decimal


@dataclass(frozen=True, slots=True)
class Range:
    """None at an end means that it is open there."""

    low: Any
    high: Any
    low_closed: bool
    high_closed: bool


@dataclass(frozen=True, slots=True)
class Function:
    """`call` takes positional arguments; `parameters` are their names."""

    parameters: tuple[str, ...]
    call: Callable[[Sequence[Any]], Any]


def is_number(value: Any) -> bool:
    kind = value.__class__
    return kind is int or kind is Decimal


def number(value: int | float | Decimal) -> Number:
    """A number as FEEL holds it.

    >>> number(1.5), number(2.0)
    (Decimal('1.5'), 2)
    """
    if isinstance(value, int):
        return value
    if isinstance(value, float):
        value = Decimal(repr(value))
    return normal(value)


def normal(value: Decimal) -> Number:
    """An integral number is an int, so that the usual case is fast."""
    if value == value.to_integral_value() and value.adjusted() < 34:
        return int(value)
    return value


def from_json(value: Any) -> Any:
    """A JSON value as FEEL holds it: numbers with a point become exact."""
    kind = value.__class__
    if kind is float:
        return number(value)
    if kind is list:
        return [from_json(each) for each in value]
    if kind is dict:
        return {name: from_json(each) for name, each in value.items()}
    return value


def to_json(value: Any) -> Any:
    """A FEEL value as JSON: temporal values become texts, functions and ranges too."""
    kind = value.__class__
    if kind is str or kind is int or kind is bool or value is None:
        return value
    if kind is Decimal:
        return float(value)
    if kind is list:
        return [to_json(each) for each in value]
    if kind is dict:
        return {name: to_json(each) for name, each in value.items()}
    return to_text(value)


def to_text(value: Any) -> str:
    """The text that `string()` gives."""
    kind = value.__class__
    if kind is str:
        return str(value)
    if value is None:
        return "null"
    if kind is bool:
        return "true" if value else "false"
    if kind is int:
        return str(value)
    if kind is Decimal:
        return plain(value)
    if kind is list:
        return "[" + ", ".join(_inner_text(each) for each in value) + "]"
    if kind is dict:
        inner = ", ".join(f"{name}: {_inner_text(each)}" for name, each in value.items())
        return "{" + inner + "}"
    if kind is Range:
        low, high = "[" if value.low_closed else "(", "]" if value.high_closed else ")"
        return f"{low}{to_text(value.low)}..{to_text(value.high)}{high}"
    if kind is Function:
        return f"function({', '.join(value.parameters)})"
    return text_of(value)


def _inner_text(value: Any) -> str:
    return f'"{value}"' if value.__class__ is str else to_text(value)


def plain(value: Decimal) -> str:
    """Without an exponent and without zeros at the end.

    >>> plain(Decimal("1.50")), plain(Decimal("1E+3"))
    ('1.5', '1000')
    """
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


# --- arithmetic ------------------------------------------------------------------------------------


def add(left: Any, right: Any) -> Any:
    a, b = left.__class__, right.__class__
    if a is int and b is int:
        return left + right
    if is_number(left) and is_number(right):
        return normal(DECIMAL.add(Decimal(left), Decimal(right)))
    if a is str and b is str:
        return left + right
    return _add_temporal(left, right)


def subtract(left: Any, right: Any) -> Any:
    a, b = left.__class__, right.__class__
    if a is int and b is int:
        return left - right
    if is_number(left) and is_number(right):
        return normal(DECIMAL.subtract(Decimal(left), Decimal(right)))
    return _subtract_temporal(left, right)


def multiply(left: Any, right: Any) -> Any:
    a, b = left.__class__, right.__class__
    if a is int and b is int:
        product = left * right
        return product if -(10**34) < product < 10**34 else normal(DECIMAL.multiply(left, right))
    if is_number(left) and is_number(right):
        return normal(DECIMAL.multiply(Decimal(left), Decimal(right)))
    if a in (timedelta, YearsMonths) and is_number(right):
        return _scale(left, right)
    if b in (timedelta, YearsMonths) and is_number(left):
        return _scale(right, left)
    return None


def divide(left: Any, right: Any) -> Any:
    a, b = left.__class__, right.__class__
    if is_number(left) and is_number(right):
        if right == 0:
            return None
        return normal(DECIMAL.divide(Decimal(left), Decimal(right)))
    if a is timedelta and b is timedelta and right:
        return normal(DECIMAL.divide(Decimal(_micros(left)), Decimal(_micros(right))))
    if a is YearsMonths and b is YearsMonths and right.total:
        return normal(DECIMAL.divide(Decimal(left.total), Decimal(right.total)))
    if a in (timedelta, YearsMonths) and is_number(right) and right != 0:
        return _scale(left, DECIMAL.divide(Decimal(1), Decimal(right)))
    return None


def power(left: Any, right: Any) -> Any:
    if not is_number(left) or not is_number(right):
        return None
    if abs(right) > MAX_EXPONENT:
        raise FeelLimitError(f"an exponent is at most {MAX_EXPONENT}, but it is {right}")
    try:
        return normal(DECIMAL.power(Decimal(left), Decimal(right)))
    except DecimalException:
        return None


def negate(value: Any) -> Any:
    kind = value.__class__
    if kind is int or kind is Decimal or kind is timedelta:
        return -value
    return YearsMonths(-value.total) if kind is YearsMonths else None


def _micros(value: timedelta) -> int:
    return value // timedelta(microseconds=1)


def _scale(length: Any, factor: Number) -> Any:
    if length.__class__ is YearsMonths:
        return YearsMonths(int(length.total * factor))
    try:
        return timedelta(microseconds=int(_micros(length) * factor))
    except OverflowError:
        return None


def _add_temporal(left: Any, right: Any) -> Any:
    a, b = left.__class__, right.__class__
    if b in (date, datetime, time) and a in (timedelta, YearsMonths):
        left, right, a, b = right, left, b, a
    try:
        if b is timedelta:
            if a is timedelta or a is datetime:
                return left + right
            if a is date:
                return (datetime(left.year, left.month, left.day) + right).date()
            if a is time:
                return (datetime.combine(date(2000, 1, 2), left) + right).timetz()
        if b is YearsMonths:
            if a is YearsMonths:
                return YearsMonths(left.total + right.total)
            if a is date or a is datetime:
                return add_months(left, right.total)
    except (OverflowError, ValueError):
        return None
    return None


def _subtract_temporal(left: Any, right: Any) -> Any:
    a, b = left.__class__, right.__class__
    if b is timedelta or b is YearsMonths:
        return None if a is time and b is YearsMonths else _add_temporal(left, negate(right))
    if a in (date, datetime) and b in (date, datetime):
        first, second = _as_instant(left), _as_instant(right)
        if (first.tzinfo is None) != (second.tzinfo is None):
            return None
        return first - second
    if a is time and b is time and (left.tzinfo is None) == (right.tzinfo is None):
        day = date(2000, 1, 2)
        return datetime.combine(day, left) - datetime.combine(day, right)
    return None


def _as_instant(value: date) -> datetime:
    if value.__class__ is datetime:
        return value
    return datetime(value.year, value.month, value.day)


# --- comparison ------------------------------------------------------------------------------------


def equal(left: Any, right: Any) -> bool | None:
    """Whether two values are equal; None when they are of different kinds."""
    a, b = left.__class__, right.__class__
    if a is b:
        if a is list:
            return len(left) == len(right) and all(
                equal(x, y) is True for x, y in zip(left, right, strict=True)
            )
        if a is dict:
            return left.keys() == right.keys() and all(
                equal(left[name], right[name]) is True for name in left
            )
        if a is datetime or a is time:
            if (left.tzinfo is None) != (right.tzinfo is None):
                return False
            return bool(left == right)
        return bool(left == right)
    if left is None or right is None:
        return False
    if is_number(left) and is_number(right):
        return bool(left == right)
    return None


def less(left: Any, right: Any) -> bool | None:
    """left < right; None when the two have no order."""
    a, b = left.__class__, right.__class__
    if a is int and b is int:
        return bool(left < right)
    if is_number(left) and is_number(right):
        return bool(left < right)
    if a is not b or a not in _ORDERED:
        return None
    if a in (datetime, time) and (left.tzinfo is None) != (right.tzinfo is None):
        return None
    return bool(left < right)


_ORDERED = frozenset((str, date, datetime, time, timedelta, YearsMonths))


def contains(bounds: Range, value: Any) -> bool | None:
    """Whether a value lies in a range."""
    above: bool | None = True
    if bounds.low is not None:
        above = less(bounds.low, value)
        if above is False and bounds.low_closed:
            above = equal(bounds.low, value)
    below: bool | None = True
    if bounds.high is not None:
        below = less(value, bounds.high)
        if below is False and bounds.high_closed:
            below = equal(value, bounds.high)
    if above is None or below is None:
        return None
    return above and below


def type_of(value: Any) -> str:
    """The name of a value's type, as `instance of` and warnings have it."""
    return _TYPE_NAMES.get(value.__class__, "unknown")


_TYPE_NAMES = {
    type(None): "Null", bool: "boolean", int: "number", Decimal: "number", str: "string",
    list: "list", dict: "context", date: "date", datetime: "date and time", time: "time",
    timedelta: "days and time duration", YearsMonths: "years and months duration",
    Range: "range", Function: "function",
}  # fmt: skip
