"""How built-in functions are written down: a signature that says it all, and a body.

    substring(string: string, start position: number, length?: number) -> string

`?` after a name: may be left out (the body gets None). `?` after a type: may be null. `...` after
a name: any number of arguments, the body gets their list. `a|b` is either type. An argument that
does not fit makes the result null; the body sees only what fits.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal, DecimalException
from functools import partial
from typing import Any, Final

from remit.feel import types as ty
from remit.feel.dates.values import Date, DateTime, DaysTimeDuration, Time, YearsMonthsDuration
from remit.feel.evaluation import Evaluation
from remit.feel.functions import MISMATCH, Function
from remit.feel.limits import check_text
from remit.feel.ranges import Range

_SIGNATURE = re.compile(r"([a-zA-Z0-9 ]+)\((.*)\) -> (.+)")
_PARAMETER = re.compile(r"([a-zA-Z0-9 ]+?)(\?|\.\.\.)?: ([a-z |]+)(\?)?")

_POINTS = (int, Decimal, str, Date, Time, DateTime, DaysTimeDuration, YearsMonthsDuration)
_KINDS: Final[dict[str, tuple[tuple[type, ...], ty.Type]]] = {
    "any": ((), ty.ANY),
    "number": ((int, Decimal), ty.NUMBER),
    "string": ((str,), ty.STRING),
    "boolean": ((bool,), ty.BOOLEAN),
    "list": ((list,), ty.LIST),
    "context": ((dict,), ty.CONTEXT),
    "range": ((Range,), ty.RANGE),
    "function": ((Function,), ty.FUNCTION),
    "date": ((Date,), ty.DATE),
    "time": ((Time,), ty.TIME),
    "date and time": ((DateTime,), ty.DATE_TIME),
    "days and time duration": ((DaysTimeDuration,), ty.DAYS_TIME_DURATION),
    "years and months duration": ((YearsMonthsDuration,), ty.YEARS_MONTHS_DURATION),
    "point": (_POINTS, ty.ANY),
}


@dataclass(frozen=True, slots=True)
class Parameter:
    """`classes` is empty when every value fits."""

    name: str
    classes: frozenset[type]
    type: ty.Type
    is_optional: bool
    is_nullable: bool

    def fits(self, value: Any) -> bool:
        if value is None:
            return self.is_nullable
        if not self.classes or value.__class__ in self.classes:
            return True
        return Function in self.classes and isinstance(value, Function)

    def converted(self, value: Any) -> Any:
        """The value, or by the implicit conversions a list of it or its only item; or MISMATCH."""
        if self.fits(value):
            return value
        if value.__class__ is list:
            return value[0] if len(value) == 1 and self.fits(value[0]) else MISMATCH
        return [value] if value is not None and list in self.classes else MISMATCH


@dataclass(frozen=True, slots=True)
class Signature:
    """One way to call a function. A variadic one has a single parameter."""

    parameters: tuple[Parameter, ...]
    required: int
    is_variadic: bool
    result: ty.Type | None

    def placed(
        self, arguments: Sequence[Any], names: Sequence[str], converts: bool
    ) -> list[Any] | None:
        """The arguments for the body, or None when they do not fit."""
        if names:
            return self._placed_by_name(dict(zip(names, arguments, strict=True)), converts)
        if self.is_variadic:
            return self._gathered(arguments, converts)
        count = len(arguments)
        if not self.required <= count <= len(self.parameters):
            return None
        found = _fitted(self.parameters, arguments, converts)
        if found is not None:
            found.extend([None] * (len(self.parameters) - count))
        return found

    def _gathered(self, arguments: Sequence[Any], converts: bool) -> list[Any] | None:
        """The last parameter takes the list of all arguments from its place on."""
        leading = len(self.parameters) - 1
        if len(arguments) <= leading:
            return None
        rest = len(arguments) - leading
        expected = self.parameters[:leading] + self.parameters[leading:] * rest
        found = _fitted(expected, arguments, converts)
        return None if found is None else [*found[:leading], found[leading:]]

    def _placed_by_name(self, given: dict[str, Any], converts: bool) -> list[Any] | None:
        if self.is_variadic:
            return None
        if not given.keys() <= {parameter.name for parameter in self.parameters}:
            return None
        named = [parameter for parameter in self.parameters if parameter.name in given]
        if len(named) < self.required or any(
            not parameter.is_optional and parameter.name not in given
            for parameter in self.parameters
        ):
            return None
        values = _fitted(tuple(named), [given[parameter.name] for parameter in named], converts)
        if values is None:
            return None
        placed = dict(zip((parameter.name for parameter in named), values, strict=True))
        return [placed.get(parameter.name) for parameter in self.parameters]


def _fitted(
    parameters: tuple[Parameter, ...], arguments: Sequence[Any], converts: bool
) -> list[Any] | None:
    """The arguments as the first parameters take them, or None."""
    found = []
    for parameter, argument in zip(parameters, arguments, strict=False):
        if not parameter.fits(argument):
            argument = parameter.converted(argument) if converts else MISMATCH
            if argument is MISMATCH:
                return None
        found.append(argument)
    return found


Body = Callable[..., Any]


@dataclass(frozen=True, slots=True)
class Builtin:
    """A built-in function. With `takes_run` its bodies get the evaluation first."""

    name: str
    ways: tuple[tuple[Signature, Body], ...]
    takes_run: bool
    converts: bool = True

    def invoke(self, run: Evaluation, arguments: Sequence[Any], names: Sequence[str]) -> Any:
        """The value for these arguments, or MISMATCH. First without conversions, then with."""
        for converts in (False, True) if self.converts else (False,):
            for signature, body in self.ways:
                placed = signature.placed(arguments, names, converts)
                if placed is not None:
                    return self._run(body, run, placed)
        return MISMATCH

    def _run(self, body: Body, run: Evaluation, placed: list[Any]) -> Any:
        try:
            value = body(run, *placed) if self.takes_run else body(*placed)
        except (DecimalException, OverflowError, ValueError):
            return None
        if value.__class__ is list:
            run.spend(len(value))
        elif value.__class__ is str:
            check_text(len(value))
        return value

    def bound(self, run: Evaluation) -> BoundBuiltin:
        """The function as a value of this evaluation."""
        signature = self.ways[0][0]
        return BoundBuiltin(
            tuple(parameter.name for parameter in signature.parameters),
            partial(self._call, run),
            tuple(parameter.type for parameter in signature.parameters),
            signature.result,
            self.name,
            self,
            run,
        )

    def _call(self, run: Evaluation, arguments: Sequence[Any]) -> Any:
        value = self.invoke(run, arguments, ())
        return None if value is MISMATCH else value


@dataclass(frozen=True, eq=False, slots=True)
class BoundBuiltin(Function):
    """A built-in function as a value: it still has all its signatures."""

    builtin: Builtin | None = None
    run: Evaluation | None = None

    def invoke(self, arguments: Sequence[Any], names: Sequence[str] = ()) -> Any:
        assert self.builtin is not None
        assert self.run is not None
        return self.builtin.invoke(self.run, arguments, names)


def define(*ways: str | Body, takes_run: bool = False, converts: bool = True) -> dict[str, Builtin]:
    """One function: its signatures, each followed by its body (or sharing the next one's).

    >>> list(define("odd(number: number) -> boolean", lambda number: number % 2 == 1))
    ['odd']
    """
    found: list[tuple[Signature, Body]] = []
    waiting: list[Signature] = []
    name = ""
    for way in ways:
        if isinstance(way, str):
            name, signature = read_signature(way)
            waiting.append(signature)
        else:
            found.extend((signature, way) for signature in waiting)
            waiting = []
    return {name: Builtin(name, tuple(found), takes_run, converts)}


def read_signature(text: str) -> tuple[str, Signature]:
    """The name and the signature that a text describes."""
    match = _SIGNATURE.fullmatch(text)
    assert match is not None, text
    name, inside, result = match.groups()
    parts = [part for part in inside.split(", ") if part]
    parameters = tuple(_parameter(part) for part in parts)
    required = sum(not parameter.is_optional for parameter in parameters)
    is_variadic = "...:" in inside
    return name, Signature(parameters, required, is_variadic, _result(result))


def _parameter(text: str) -> Parameter:
    match = _PARAMETER.fullmatch(text)
    assert match is not None, text
    name, mark, kinds, nullable = match.groups()
    parts = [_KINDS[kind] for kind in kinds.split("|")]
    classes = frozenset(class_ for found, _ in parts for class_ in found)
    type_ = parts[0][1] if len(parts) == 1 else ty.ANY
    return Parameter(name, classes, type_, mark == "?", bool(nullable) or kinds == "any")


def _result(text: str) -> ty.Type | None:
    return _KINDS[text][1] if text in _KINDS and text != "any" else None
