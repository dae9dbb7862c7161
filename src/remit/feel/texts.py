"""The text of a value, as `string()` gives it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from remit.feel import numbers
from remit.feel.functions import Function
from remit.feel.ranges import Range


def to_text(value: Any) -> str:
    """The text of any value; strings inside of others stand in quotes.

    >>> to_text(["a", 1.5.as_integer_ratio()[0], {"b": None}])
    '["a", 3, {b: null}]'
    """
    kind = value.__class__
    if kind is str:
        return str(value)
    if value is None:
        return "null"
    if kind is bool:
        return "true" if value else "false"
    if kind is int or kind is Decimal:
        return numbers.to_text(value)
    if kind is list:
        return f"[{', '.join(map(quoted, value))}]"
    if kind is dict:
        return f"{{{', '.join(f'{_key(name)}: {quoted(each)}' for name, each in value.items())}}}"
    if kind is Range:
        return _range_text(value)
    if isinstance(value, Function):
        return f"function({', '.join(value.parameters)})"
    return str(value)


def quoted(value: Any) -> str:
    """The text of a value that stands inside another."""
    if value.__class__ is not str:
        return to_text(value)
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _key(name: str) -> str:
    return name if name and all(part.isidentifier() for part in name.split(" ")) else quoted(name)


def _range_text(value: Range) -> str:
    if value.operator:
        end = value.low if value.high is None else value.high
        return f"({value.operator} {quoted(end)})"
    opening, closing = "[" if value.low_closed else "(", "]" if value.high_closed else ")"
    return f"{opening}{quoted(value.low)}..{quoted(value.high)}{closing}"


def shortened(value: Any) -> str:
    """A text for messages, of bounded length and cost."""
    if value.__class__ in (list, dict) and len(value) > 20:
        return f"a {'list' if value.__class__ is list else 'context'} of {len(value)} entries"
    text = quoted(value)
    return text if len(text) <= 100 else f"{text[:99]}…"
