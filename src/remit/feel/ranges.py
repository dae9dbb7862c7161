"""Ranges of comparable values, two-sided like `[1..5)` or one-sided like `(< 5)`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Range:
    """`low` to `high`, each with or without its end itself.

    `operator` is empty for `low..high`; `<`, `<=`, `>`, `>=`, `=` or `!=` for a range of one end,
    whose other end is None and open. In a two-sided range an end that is None is null: whether a
    value lies in it is null then, too.
    """

    low: Any
    high: Any
    low_closed: bool = True
    high_closed: bool = True
    operator: str = ""


def one_sided(operator: str, end: Any) -> Range:
    """The range of everything that is `operator` than `end`."""
    if operator in ("<", "<="):
        return Range(None, end, False, operator == "<=", operator)
    if operator in (">", ">="):
        return Range(end, None, operator == ">=", False, operator)
    closed = operator == "="
    return Range(end, end, closed, closed, operator)
