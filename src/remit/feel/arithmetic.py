"""The operators + - * / ** and the sign on any two values; null where they do not fit."""

from __future__ import annotations

from typing import Any

from remit.feel import numbers
from remit.feel.dates import arithmetic as dates
from remit.feel.limits import check_text
from remit.feel.numbers import bounded, is_number


def add(a: Any, b: Any) -> Any:
    if is_number(a) and is_number(b):
        if a.__class__ is int and b.__class__ is int:
            return bounded(a + b)
        return numbers.add(a, b)
    if a.__class__ is str and b.__class__ is str:
        check_text(len(a) + len(b))
        return a + b
    return dates.add(a, b)


def subtract(a: Any, b: Any) -> Any:
    if is_number(a) and is_number(b):
        if a.__class__ is int and b.__class__ is int:
            return bounded(a - b)
        return numbers.subtract(a, b)
    return dates.subtract(a, b)


def multiply(a: Any, b: Any) -> Any:
    if is_number(a) and is_number(b):
        if a.__class__ is int and b.__class__ is int:
            return bounded(a * b)
        return numbers.multiply(a, b)
    return dates.multiply(a, b)


def divide(a: Any, b: Any) -> Any:
    if is_number(a) and is_number(b):
        return numbers.divide(a, b)
    found = dates.divide(a, b)
    return numbers.normal(found) if is_number(found) else found


def power(a: Any, b: Any) -> Any:
    return numbers.power(a, b) if is_number(a) and is_number(b) else None


def negate(value: Any) -> Any:
    return -value if is_number(value) else dates.negate(value)


OPERATORS = {"+": add, "-": subtract, "*": multiply, "/": divide, "**": power}
