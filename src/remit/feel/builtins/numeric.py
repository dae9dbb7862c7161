"""Functions of numbers."""

from __future__ import annotations

from decimal import (
    ROUND_CEILING,
    ROUND_DOWN,
    ROUND_FLOOR,
    ROUND_HALF_DOWN,
    ROUND_HALF_EVEN,
    ROUND_HALF_UP,
    ROUND_UP,
    Decimal,
)
from typing import Any

from remit.feel.builtins.define import define
from remit.feel.values import DECIMAL, divide, is_number, multiply, negate, normal, subtract

MAX_SCALE = 6176
"""The scales of decimal128 lie between -6111 and 6176."""


def rounded(value: Any, scale: Any, mode: str) -> Any:
    if not is_number(value) or not is_number(scale) or not -6111 <= scale <= MAX_SCALE:
        return None
    if value.__class__ is int and scale >= 0:
        return value
    exact = Decimal(value)
    if exact.as_tuple().exponent >= -int(scale):  # type: ignore[operator]
        return normal(exact)
    return normal(exact.quantize(Decimal((0, (1,), -int(scale))), rounding=mode))


def _rounding(mode: str) -> Any:
    return define("n, scale", lambda value, scale=0: rounded(value, scale, mode))


def modulo(dividend: Any, divisor: Any) -> Any:
    """The remainder with the sign of the divisor."""
    if not is_number(dividend) or not is_number(divisor) or divisor == 0:
        return None
    whole = rounded(divide(dividend, divisor), 0, ROUND_FLOOR)
    return subtract(dividend, multiply(divisor, whole))


def root(value: Any) -> Any:
    if not is_number(value) or value < 0:
        return None
    return normal(DECIMAL.sqrt(Decimal(value)))


def absolute(value: Any) -> Any:
    if is_number(value):
        return abs(value)
    opposite = negate(value)
    return None if opposite is None else max(value, opposite)


def logarithm(value: Any) -> Any:
    return normal(DECIMAL.ln(Decimal(value))) if is_number(value) and value > 0 else None


FUNCTIONS = {
    "decimal": _rounding(ROUND_HALF_EVEN),
    "floor": _rounding(ROUND_FLOOR),
    "ceiling": _rounding(ROUND_CEILING),
    "round up": _rounding(ROUND_UP),
    "round down": _rounding(ROUND_DOWN),
    "round half up": _rounding(ROUND_HALF_UP),
    "round half down": _rounding(ROUND_HALF_DOWN),
    "abs": define("number", absolute),
    "modulo": define("dividend, divisor", modulo),
    "sqrt": define("number", root),
    "log": define("number", logarithm),
    "exp": define(
        "number", lambda value: normal(DECIMAL.exp(Decimal(value))) if is_number(value) else None
    ),
    "odd": define("number", lambda value: value % 2 != 0 if is_number(value) else None),
    "even": define("number", lambda value: value % 2 == 0 if is_number(value) else None),
}
