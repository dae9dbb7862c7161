"""Boolean functions (10.3.4.4)."""

from __future__ import annotations

from typing import Any

from remit.feel.builtins.define import define
from remit.feel.errors import FeelAssertionError
from remit.feel.texts import shortened


def _not(negand: Any) -> bool | None:
    return not negand if negand.__class__ is bool else None


BOTH = define("not(negand: any) -> boolean", _not)


def _is_defined(value: Any) -> bool:
    return value is not None


def _get_or_else(value: Any, default: Any) -> Any:
    return default if value is None else value


def _assert(value: Any, condition: Any, cause: str | None = None) -> Any:
    """The value when the condition is true; else the evaluation fails with the cause."""
    if condition is True:
        return value
    raise FeelAssertionError(cause or f"The condition of an assertion is {shortened(condition)}")


CAMUNDA = {
    **define("assert(value: any, condition: any, cause?: string) -> any", _assert),
    **define("is defined(value: any) -> boolean", _is_defined),
    **define("get or else(value: any, default: any) -> any", _get_or_else),
}
