"""The built-in functions, one module per family; `find(name, clock, random)` gives one.

A function that gets arguments it can't use gives null.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from remit.feel.builtins import boolean, context, conversion, lists, numeric, ranges, strings
from remit.feel.builtins import temporal as temporal_functions
from remit.feel.values import Function, number

_TABLES = (
    boolean.FUNCTIONS,
    context.FUNCTIONS,
    conversion.FUNCTIONS,
    lists.FUNCTIONS,
    numeric.FUNCTIONS,
    ranges.FUNCTIONS,
    strings.FUNCTIONS,
    temporal_functions.FUNCTIONS,
)

FIXED: dict[str, Function] = {
    name: function for table in _TABLES for name, function in table.items()
}
"""The functions that depend on nothing but their arguments."""

NAMES = frozenset(FIXED) | {"now", "today", "random number"}


def find(name: str, clock: datetime, random: Callable[[], float]) -> Function | None:
    """The function with this name, as of one moment."""
    function = FIXED.get(name)
    if function is not None:
        return function
    if name == "now":
        return Function((), lambda arguments: clock)
    if name == "today":
        return Function((), lambda arguments: clock.date())
    if name == "random number":
        return Function((), lambda arguments: number(random()))
    return None
