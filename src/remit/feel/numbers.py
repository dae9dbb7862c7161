"""Numbers: `int` where a number is whole and below 10^34, else `Decimal` of 34 digits.

The standard asks for IEEE 754 decimal128 (10.3.2.3.1). Whole numbers, the usual case, are ints:
they are exact, and ten times as fast. `normal` brings every result back to that rule, so two equal
numbers have one shape. What decimal128 cannot hold is null.
"""

from __future__ import annotations

import re
from decimal import (
    ROUND_HALF_EVEN,
    Context,
    Decimal,
    DecimalException,
    DivisionByZero,
    InvalidOperation,
    Overflow,
)
from typing import Any, Final

Number = int | Decimal

DECIMAL128: Final = Context(
    prec=34,
    rounding=ROUND_HALF_EVEN,
    Emin=-6143,
    Emax=6144,
    clamp=1,
    traps=[InvalidOperation, DivisionByZero, Overflow],
)

WHOLE_LIMIT: Final = 10**34
"""Results from here on are rounded to 34 digits, and kept as Decimal. Whole numbers from outside keep
all their digits until something is computed with them."""

MAX_SCALE: Final = 6176
MIN_SCALE: Final = -6111
"""Scales that decimal128 can express (10.3.4.5)."""

_EXACT = Context(prec=7_000, Emax=7_000, Emin=-7_000)

_LITERAL = re.compile(r"[-+]?(\d+(\.\d*)?|\.\d+)([eE][-+]?\d+)?")


def is_number(value: object) -> bool:
    """Whether a value is a number; a boolean is none."""
    kind = value.__class__
    return kind is int or kind is Decimal


def normal(value: Decimal) -> Number:
    """The one shape of a number.

    >>> normal(Decimal("4.00")), normal(Decimal("4.50")), normal(Decimal("1E+40"))
    (4, Decimal('4.50'), Decimal('1E+40'))
    """
    if not value.is_finite():
        raise InvalidOperation
    if value == value.to_integral_value():
        return int(value) if value.adjusted() < 34 else value
    return value


def bounded(value: int) -> Number | None:
    """A whole number of any size, rounded to 34 digits when it has more; null beyond decimal128."""
    if -WHOLE_LIMIT < value < WHOLE_LIMIT:
        return value
    try:
        return normal(DECIMAL128.plus(Decimal(value)))
    except DecimalException:
        return None


def from_float(value: float) -> Number | None:
    """The number that a float shows; an infinity or NaN is null."""
    if value.is_integer() and -1e15 < value < 1e15:
        return int(value)
    exact = Decimal(repr(value))
    return normal(exact) if exact.is_finite() else None


def from_decimal(value: Decimal) -> Number | None:
    """A foreign Decimal as a FEEL number, rounded to 34 digits; null when it has no place there."""
    if not value.is_finite():
        return None
    try:
        found = normal(DECIMAL128.plus(value))
    except DecimalException:
        return None
    return value if found.__class__ is Decimal and found == value else found


def from_text(text: str) -> Number | None:
    """The number that a literal means, or null.

    >>> from_text("1.50"), from_text(".5"), from_text("1e3"), from_text("x")
    (Decimal('1.50'), Decimal('0.5'), 1000, None)
    """
    if text.isdecimal() and text.isascii() and len(text) <= 34:
        return int(text)
    if not text.isascii() or _LITERAL.fullmatch(text) is None:
        return None
    try:
        return normal(DECIMAL128.create_decimal(text))
    except DecimalException:
        return None


def to_text(value: Number) -> str:
    """Plain digits: no exponent, no zeros at the end.

    >>> to_text(Decimal("1.50")), to_text(Decimal("1E+3")), to_text(-7)
    ('1.5', '1000', '-7')
    """
    if value.__class__ is int and -WHOLE_LIMIT < value < WHOLE_LIMIT:
        return str(value)
    text = format(Decimal(value), "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def add(a: Any, b: Any) -> Number | None:
    try:
        return normal(DECIMAL128.add(a, b))
    except DecimalException:
        return None


def subtract(a: Any, b: Any) -> Number | None:
    try:
        return normal(DECIMAL128.subtract(a, b))
    except DecimalException:
        return None


def multiply(a: Any, b: Any) -> Number | None:
    try:
        return normal(DECIMAL128.multiply(a, b))
    except DecimalException:
        return None


def divide(a: Any, b: Any) -> Number | None:
    """a / b; null when b is zero."""
    if not b:
        return None
    if a.__class__ is int and b.__class__ is int and not a % b:
        return bounded(a // b)
    try:
        return normal(DECIMAL128.divide(a, b))
    except DecimalException:
        return None


def power(a: Any, b: Any) -> Number | None:
    """a ** b, also with a broken exponent; null where mathematics has no real answer."""
    try:
        if not b:
            return 1
        return normal(DECIMAL128.power(a, b))
    except DecimalException:
        return None


def modulo(a: Number, b: Number) -> Number | None:
    """a - b * floor(a / b): the sign is the divisor's (10.3.4.5).

    >>> modulo(-12, 5), modulo(12, -5)
    (3, -3)
    """
    if not b:
        return None
    if a.__class__ is int and b.__class__ is int:
        return a % b
    try:
        rest = DECIMAL128.remainder(a, b)
        if rest and (rest < 0) != (b < 0):
            rest = DECIMAL128.add(rest, b)
        return normal(rest)
    except DecimalException:
        return _wide_modulo(Decimal(a), Decimal(b))


def _wide_modulo(a: Decimal, b: Decimal) -> Number | None:
    """The same where the quotient has more than 34 digits."""
    exact = Context(prec=13_000, Emax=20_000, Emin=-20_000)
    try:
        rest = exact.remainder(a, b)
        if rest and (rest < 0) != (b < 0):
            rest = exact.add(rest, b)
        return normal(DECIMAL128.plus(rest))
    except DecimalException:
        return None


def rounded(value: Number, scale: Number, rounding: str) -> Number | None:
    """`value` with `scale` digits after the point; a broken scale is cut off.

    Null when the scale is outside what decimal128 can express.

    >>> rounded(Decimal("2.345"), 2, "ROUND_HALF_EVEN"), rounded(1234, -2, "ROUND_DOWN")
    (Decimal('2.34'), 1200)
    """
    digits = int(scale)
    if not MIN_SCALE <= digits <= MAX_SCALE:
        return None
    if value.__class__ is int and digits >= 0:
        return value
    exact = Decimal(value)
    if int(exact.as_tuple().exponent) >= -digits:
        return value
    if exact.adjusted() + 1 < -digits:  # nothing is left but perhaps a one
        exact = Decimal((exact.is_signed(), (1,), -digits - 2)) if exact else exact
    try:
        unit = Decimal((0, (1,), -digits))
        whole = exact.quantize(unit, rounding, _EXACT)
        return normal(DECIMAL128.plus(whole))
    except DecimalException:
        return None


def square_root(value: Number) -> Number | None:
    try:
        return normal(DECIMAL128.sqrt(value)) if value >= 0 else None
    except DecimalException:
        return None


def logarithm(value: Number) -> Number | None:
    try:
        return normal(DECIMAL128.ln(value)) if value > 0 else None
    except DecimalException:
        return None


def exponential(value: Number) -> Number | None:
    try:
        return normal(DECIMAL128.exp(value))
    except DecimalException:
        return None
