"""Literals, names, paths: how values are reached."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from remit.feel import tree as t
from remit.feel.builtins.define import Builtin
from remit.feel.compiler.frames import MISSING, RUN, Code, Compiler, Frame, Scope, Table, find
from remit.feel.dates.values import Date, DateTime, DaysTimeDuration, Time, YearsMonthsDuration
from remit.feel.dates.zones import NANOS_PER_SECOND
from remit.feel.kinds import kind_of
from remit.feel.ranges import Range
from remit.feel.texts import shortened

INPUT: Final = "?"
"""The name under which unary tests see the value in question."""


def literal(compiler: Compiler, node: t.Literal, scope: Scope) -> Code:
    value = node.value
    return lambda frame: value


def name(compiler: Compiler, node: t.Name, scope: Scope) -> Code:
    """A bound name, else a variable, else a built-in function; in filters first the item's entry."""
    items, slot = find(scope, node.name)
    if slot is not None and not items:
        return lambda frame: frame[slot]
    code = _bound(slot) if slot is not None else _free(compiler, node.name)
    for item in reversed(items):
        code = _entry_of_item(item, node.name, code)
    return code


def given_input(compiler: Compiler, node: t.Input, scope: Scope) -> Code:
    return name(compiler, t.Name(node.at, node.end, INPUT), scope)


def _bound(slot: int) -> Code:
    return lambda frame: frame[slot]


def _free(compiler: Compiler, wanted: str) -> Code:
    slot = compiler.variable(wanted)
    builtin = compiler.dialect.builtins.get(wanted)
    if builtin is not None:
        return _variable_or_builtin(slot, builtin)

    def read(frame: Frame) -> Any:
        value = frame[slot]
        if value is MISSING:
            if frame[RUN].warnings is not None:
                frame[RUN].warn("NO_VARIABLE_FOUND", f"No variable found with name '{wanted}'")
            return None
        return value

    return read


def _variable_or_builtin(slot: int, builtin: Builtin) -> Code:
    def read(frame: Frame) -> Any:
        value = frame[slot]
        return builtin.bound(frame[RUN]) if value is MISSING else value

    return read


def _entry_of_item(item: int, wanted: str, outer: Code) -> Code:
    def read(frame: Frame) -> Any:
        entries = frame[item]
        if entries.__class__ is dict and wanted in entries:
            return entries[wanted]
        return entries if wanted == "item" else outer(frame)

    return read


def path(compiler: Compiler, node: t.Path, scope: Scope) -> Code:
    """An entry of a context, or a property; of a list, that of each item."""
    source, wanted = compiler.code(node.source, scope), node.name

    def read(frame: Frame) -> Any:
        value = source(frame)
        if value.__class__ is dict and wanted in value:
            return value[wanted]
        return member(value, wanted, frame)

    return read


def member(value: Any, wanted: str, frame: Frame) -> Any:
    """`value.wanted`."""
    kind = value.__class__
    if kind is dict:
        if wanted in value:
            return value[wanted]
        if frame[RUN].warnings is not None:
            frame[RUN].warn("NO_CONTEXT_ENTRY_FOUND", _no_entry(value, wanted))
        return None
    if kind is list:
        frame[RUN].spend(len(value))
        return [member(item, wanted, frame) for item in value]
    read = _PROPERTIES.get((kind, wanted))
    if read is not None:
        return read(value)
    if frame[RUN].warnings is not None:
        shown = "null" if value is None else f"{kind_of(value)} {shortened(value)}"
        frame[RUN].warn("NO_PROPERTY_FOUND", f"No property found with name '{wanted}' of {shown}")
    return None


def _no_entry(context: dict[str, Any], wanted: str) -> str:
    available = ", ".join(f"'{key}'" for key in list(context)[:20])
    return f"No context entry found with key '{wanted}'. Available keys: {available}"


def _offset(value: Any) -> DaysTimeDuration | None:
    return None if value.offset is None else DaysTimeDuration(value.offset * NANOS_PER_SECOND)


_DAY: dict[str, Callable[[Any], Any]] = {
    "year": lambda value: value.year,
    "month": lambda value: value.month,
    "day": lambda value: value.day,
    "weekday": lambda value: value.weekday,
}
_CLOCK: dict[str, Callable[[Any], Any]] = {
    "hour": lambda value: value.hour,
    "minute": lambda value: value.minute,
    "second": lambda value: value.second,
    "time offset": _offset,
    "timezone": lambda value: value.timezone,
}
_BY_KIND: dict[type, dict[str, Callable[[Any], Any]]] = {
    Date: _DAY,
    Time: _CLOCK,
    DateTime: {**_DAY, **_CLOCK},
    DaysTimeDuration: {
        "days": lambda value: value.days,
        "hours": lambda value: value.hours,
        "minutes": lambda value: value.minutes,
        "seconds": lambda value: value.seconds,
    },
    YearsMonthsDuration: {
        "years": lambda value: value.years,
        "months": lambda value: value.months,
    },
    Range: {
        "start": lambda value: value.low,
        "end": lambda value: value.high,
        "start included": lambda value: value.low_closed,
        "end included": lambda value: value.high_closed,
    },
}
_PROPERTIES: Final = {
    (kind, wanted): read for kind, reads in _BY_KIND.items() for wanted, read in reads.items()
}
MEMBER_NAMES: Final = frozenset(wanted for _, wanted in _PROPERTIES)
"""The properties that may stand after a dot."""

TABLE: Table = {t.Literal: literal, t.Name: name, t.Input: given_input, t.Path: path}
