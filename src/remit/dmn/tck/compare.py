"""Whether a value is the expected one.

Numbers are equal digit by digit where the expected one is exact. The kit writes results that have no
end (1/3, square roots, logarithms) with some digits only, and says to compare within 0.00000001: so
an expected number with a fraction of eight digits or more is compared like that, and no other.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

from remit.feel.comparison import same
from remit.feel.numbers import is_number

TOLERANCE: Final = Decimal("0.00000001")
_ROUNDED_DIGITS: Final = 8


def is_expected(expected: Any, found: Any) -> bool:
    """Whether a found value is what was expected.

    >>> is_expected(Decimal("0.33333333"), Decimal(1) / 3), is_expected(1, Decimal("1.000000001"))
    (True, False)
    """
    if is_number(expected) and is_number(found):
        return _is_number(expected, found)
    if expected.__class__ is list and found.__class__ is list:
        return len(expected) == len(found) and all(map(is_expected, expected, found))
    if expected.__class__ is dict and found.__class__ is dict:
        return expected.keys() == found.keys() and all(
            is_expected(value, found[name]) for name, value in expected.items()
        )
    return expected.__class__ is found.__class__ and same(expected, found)


def _is_number(expected: Any, found: Any) -> bool:
    if expected == found:
        return True
    exponent = Decimal(expected).as_tuple().exponent
    is_rounded = isinstance(exponent, int) and exponent <= -_ROUNDED_DIGITS
    return is_rounded and abs(Decimal(expected) - Decimal(found)) < TOLERANCE
