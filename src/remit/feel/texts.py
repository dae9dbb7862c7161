"""The text of a value, as `string()` gives it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from remit.feel import numbers
from remit.feel.errors import FeelLimitError
from remit.feel.functions import Function
from remit.feel.kinds import kind_of
from remit.feel.limits import MAX_TEXT, Budget
from remit.feel.ranges import Range


def to_text(value: Any) -> str:
    """The text of any value; strings inside of others stand in quotes. Raises FeelLimitError.

    >>> to_text(["a", Decimal("1.50"), {"b": None}])
    '["a", 1.5, {b: null}]'
    """
    if value.__class__ is str:
        return str(value)
    return _written(value, MAX_TEXT)


def quoted(value: Any) -> str:
    """The text of a value that stands inside another."""
    return _written(value, MAX_TEXT)


def shortened(value: Any) -> str:
    """A text for messages, of bounded length and cost."""
    kind = value.__class__
    if (kind is list or kind is dict) and len(value) > 20:
        return f"a {'list' if kind is list else 'context'} of {len(value)} entries"
    try:
        text = _written(value, 1_000)
    except (FeelLimitError, RecursionError):
        return f"a large {kind_of(value)}"
    return text if len(text) <= 100 else f"{text[:99]}…"


def _written(value: Any, limit: int) -> str:
    parts: list[str] = []
    _write(value, parts, Budget(limit))
    return "".join(parts)


def _write(value: Any, parts: list[str], budget: Budget) -> None:
    kind = value.__class__
    if kind is list:
        _write_row("[", "]", [("", item) for item in value], parts, budget)
    elif kind is dict:
        _write_row("{", "}", [(f"{_key(name)}: ", value[name]) for name in value], parts, budget)
    elif kind is Range and not value.operator:
        opening, closing = "[" if value.low_closed else "(", "]" if value.high_closed else ")"
        _write(value.low, parts, budget)
        parts[-1] = f"{opening}{parts[-1]}.."
        _write(value.high, parts, budget)
        parts.append(closing)
    else:
        text = _simple(value)
        budget.spend(len(text))
        parts.append(text)


def _write_row(
    opening: str, closing: str, row: list[tuple[str, Any]], parts: list[str], budget: Budget
) -> None:
    budget.spend(2 + 2 * len(row))
    parts.append(opening)
    for place, (name, item) in enumerate(row):
        parts.append(f", {name}" if place else name)
        budget.spend(len(name))
        _write(item, parts, budget)
    parts.append(closing)


def _simple(value: Any) -> str:
    """The text of a value that has no parts."""
    kind = value.__class__
    if value is None:
        return "null"
    if kind is str:
        return _in_quotes(value)
    if kind is bool:
        return "true" if value else "false"
    if kind is int or kind is Decimal:
        return numbers.to_text(value)
    if kind is Range:
        end = value.low if value.high is None else value.high
        return f"({value.operator} {quoted(end)})"
    if isinstance(value, Function):
        return f"function({', '.join(value.parameters)})"
    return str(value)


def _in_quotes(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _key(name: str) -> str:
    is_plain = name and all(part.isidentifier() for part in name.split(" "))
    return name if is_plain else _in_quotes(name)
