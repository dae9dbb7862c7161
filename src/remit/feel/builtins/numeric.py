"""Numeric functions (10.3.4.5)."""

from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_DOWN, ROUND_FLOOR, ROUND_HALF_DOWN, ROUND_HALF_EVEN
from decimal import ROUND_HALF_UP as HALF_UP
from decimal import ROUND_UP as UP
from typing import Any

from remit.feel import numbers
from remit.feel.builtins.define import Body, define
from remit.feel.dates.values import DaysTimeDuration, YearsMonthsDuration
from remit.feel.evaluation import Evaluation
from remit.feel.numbers import Number

_MODES = {
    "UP": UP,
    "DOWN": ROUND_DOWN,
    "CEILING": ROUND_CEILING,
    "FLOOR": ROUND_FLOOR,
    "HALF_UP": HALF_UP,
    "HALF_DOWN": ROUND_HALF_DOWN,
    "HALF_EVEN": ROUND_HALF_EVEN,
}


def _rounding(mode: str) -> Body:
    def round_(n: Number, scale: Number | None = None) -> Number | None:
        return numbers.rounded(n, 0 if scale is None else scale, mode)

    return round_


def _decimal(n: Number, scale: Number, mode: str | None = None) -> Number | None:
    if mode is not None and mode.upper() == "UNNECESSARY":
        exact = numbers.rounded(n, scale, ROUND_DOWN)
        return exact if exact == n else None
    rounding = _MODES.get((mode or "HALF_EVEN").upper())
    return None if rounding is None else numbers.rounded(n, scale, rounding)


def _absolute(n: Any) -> Any:
    if n.__class__ is DaysTimeDuration:
        return DaysTimeDuration(abs(n.nanos))
    return YearsMonthsDuration(abs(n.total)) if n.__class__ is YearsMonthsDuration else abs(n)


def _is_odd(number: Number) -> bool:
    """A Decimal is broken, or has zeros at the end."""
    return number.__class__ is int and number % 2 == 1


def _is_even(number: Number) -> bool:
    return number % 2 == 0 if number.__class__ is int else number == number.__floor__()


def _random(run: Evaluation) -> Number | None:
    return numbers.from_float(run.random())


_SCALED = "(n: number, scale: number) -> number"
_MAYBE_SCALED = "(n: number, scale?: number) -> number"
_ANY_LENGTH = "number|days and time duration|years and months duration"

_COMMON = {
    **define(f"round up{_SCALED}", _rounding(UP)),
    **define(f"round down{_SCALED}", _rounding(ROUND_DOWN)),
    **define(f"round half up{_SCALED}", _rounding(HALF_UP)),
    **define(f"round half down{_SCALED}", _rounding(ROUND_HALF_DOWN)),
    **define(f"floor{_MAYBE_SCALED}", _rounding(ROUND_FLOOR)),
    **define(f"ceiling{_MAYBE_SCALED}", _rounding(ROUND_CEILING)),
    **define("modulo(dividend: number, divisor: number) -> number", numbers.modulo),
    **define("sqrt(number: number) -> number", numbers.square_root),
    **define("log(number: number) -> number", numbers.logarithm),
    **define("exp(number: number) -> number", numbers.exponential),
    **define("odd(number: number) -> boolean", _is_odd),
    **define("even(number: number) -> boolean", _is_even),
}
DMN = {
    **_COMMON,
    **define(f"decimal{_SCALED}", _decimal),
    **define("abs(n: number) -> number", f"abs(n: {_ANY_LENGTH}) -> any", _absolute),
}
CAMUNDA = {
    **_COMMON,
    **define("decimal(n: number, scale: number, mode?: string) -> number", _decimal),
    **define("abs(number: number) -> number", f"abs(n: {_ANY_LENGTH}) -> any", _absolute),
    **define("random number() -> number", _random, takes_run=True),
}
