"""How built-in functions are written down."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from remit.feel.values import Function


def define(parameters: str, body: Callable[..., Any]) -> Function:
    """A function of the parameters named in `parameters`, separated by commas.

    `body` takes them by position; a call with a wrong number of arguments gives null.
    """
    names = tuple(name.strip() for name in parameters.split(",")) if parameters else ()
    return Function(names, lambda arguments: body(*arguments))


def define_list(parameter: str, body: Callable[[list[Any]], Any]) -> Function:
    """A function of one list, which may also be given as several arguments."""

    def call(arguments: Any) -> Any:
        if len(arguments) == 1 and arguments[0].__class__ is list:
            return body(arguments[0])
        return body(list(arguments)) if arguments else None

    return Function((parameter,), call)
