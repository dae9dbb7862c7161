"""`not`, and questions about a value itself."""

from __future__ import annotations

from typing import Any

from remit.feel.builtins.define import define
from remit.feel.values import equal


def negate(value: Any) -> bool | None:
    return not value if value.__class__ is bool else None


def same(left: Any, right: Any) -> bool:
    """Equal, and of the same kind."""
    return left.__class__ is right.__class__ and equal(left, right) is True


FUNCTIONS = {
    "not": define("negand", negate),
    "is": define("value1, value2", same),
    "is defined": define("value", lambda value: value is not None),
    "get or else": define("value, default", lambda value, other: other if value is None else value),
    "is blank": define("string", lambda text: not text.strip() if text.__class__ is str else None),
    "assert": define("value, condition", lambda value, condition: value if condition else None),
}
