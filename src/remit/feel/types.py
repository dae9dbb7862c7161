"""FEEL's types (10.3.2.9): what `instance of` asks, and what a value is made to fit.

A type is anything with `conforms(value)`; DMN's item definitions bring their own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final, Protocol

from remit.feel.dates.values import Date, DateTime, DaysTimeDuration, Time, YearsMonthsDuration
from remit.feel.dates.zones import ZULU
from remit.feel.functions import Function
from remit.feel.ranges import Range


class Type(Protocol):
    """What FEEL asks of a type."""

    def conforms(self, value: Any) -> bool:
        """Whether a value belongs to the type; null belongs to none but Null and inside others."""
        ...


@dataclass(frozen=True, slots=True)
class AnyType:
    """Every value but null."""

    def conforms(self, value: Any) -> bool:
        return value is not None


@dataclass(frozen=True, slots=True)
class SimpleType:
    """A type without parts, by the classes of its values."""

    name: str
    classes: tuple[type, ...]

    def conforms(self, value: Any) -> bool:
        return value.__class__ in self.classes


@dataclass(frozen=True, slots=True)
class ListType:
    """Lists whose items are null or of one type."""

    element: Type

    def conforms(self, value: Any) -> bool:
        return value.__class__ is list and all(_fits(item, self.element) for item in value)


@dataclass(frozen=True, slots=True)
class RangeType:
    """Ranges whose ends are of one type."""

    element: Type

    def conforms(self, value: Any) -> bool:
        if value.__class__ is not Range:
            return False
        ends = [end for end in (value.low, value.high) if end is not None]
        return bool(ends) and all(self.element.conforms(end) for end in ends)


@dataclass(frozen=True, slots=True)
class ContextType:
    """Contexts that have at least these entries, each null or of its type."""

    entries: Mapping[str, Type]

    def conforms(self, value: Any) -> bool:
        return value.__class__ is dict and all(
            name in value and _fits(value[name], type_) for name, type_ in self.entries.items()
        )


@dataclass(frozen=True, slots=True)
class FunctionType:
    """Functions that take these parameters (or wider) and give this result (or narrower)."""

    parameters: tuple[Type, ...]
    result: Type

    def conforms(self, value: Any) -> bool:
        if not isinstance(value, Function) or len(value.parameters) != len(self.parameters):
            return False
        declared = value.types or (None,) * len(self.parameters)
        result = ANY if value.result is None else value.result
        return is_subtype(result, self.result) and all(
            taken is None or is_subtype(given, taken)
            for given, taken in zip(self.parameters, declared, strict=True)
        )


@dataclass(frozen=True, slots=True)
class AnyFunctionType:
    """Every function."""

    def conforms(self, value: Any) -> bool:
        return isinstance(value, Function)


@dataclass(frozen=True, slots=True)
class UnknownType:
    """A type that nobody has defined: nothing belongs to it."""

    name: str

    def conforms(self, value: Any) -> bool:
        return False


ANY: Final = AnyType()
NULL: Final = SimpleType("Null", (type(None),))
NUMBER: Final = SimpleType("number", (int, Decimal))
STRING: Final = SimpleType("string", (str,))
BOOLEAN: Final = SimpleType("boolean", (bool,))
DATE: Final = SimpleType("date", (Date,))
TIME: Final = SimpleType("time", (Time,))
DATE_TIME: Final = SimpleType("date and time", (DateTime,))
DAYS_TIME_DURATION: Final = SimpleType("days and time duration", (DaysTimeDuration,))
YEARS_MONTHS_DURATION: Final = SimpleType("years and months duration", (YearsMonthsDuration,))
LIST: Final = SimpleType("list", (list,))
CONTEXT: Final = SimpleType("context", (dict,))
RANGE: Final = SimpleType("range", (Range,))
FUNCTION: Final = AnyFunctionType()

BUILT_IN: Final[Mapping[str, Type]] = {
    "Any": ANY,
    "Null": NULL,
    "number": NUMBER,
    "string": STRING,
    "boolean": BOOLEAN,
    "date": DATE,
    "time": TIME,
    "date and time": DATE_TIME,
    "dateTime": DATE_TIME,
    "date time": DATE_TIME,
    "days and time duration": DAYS_TIME_DURATION,
    "dayTimeDuration": DAYS_TIME_DURATION,
    "day-time-duration": DAYS_TIME_DURATION,
    "years and months duration": YEARS_MONTHS_DURATION,
    "yearMonthDuration": YEARS_MONTHS_DURATION,
    "year-month-duration": YEARS_MONTHS_DURATION,
    "list": LIST,
    "context": CONTEXT,
    "range": RANGE,
    "function": FUNCTION,
}


def is_subtype(narrow: Type, wide: Type) -> bool:
    """Whether all values of `narrow` belong to `wide`, by the rules of table 48."""
    if wide == ANY or narrow in (wide, NULL):
        return True
    if isinstance(narrow, ListType):
        return wide == LIST or (
            isinstance(wide, ListType) and is_subtype(narrow.element, wide.element)
        )
    if isinstance(narrow, RangeType):
        return wide == RANGE or (
            isinstance(wide, RangeType) and is_subtype(narrow.element, wide.element)
        )
    if isinstance(narrow, ContextType):
        return wide == CONTEXT or (
            isinstance(wide, ContextType)
            and all(
                name in narrow.entries and is_subtype(narrow.entries[name], type_)
                for name, type_ in wide.entries.items()
            )
        )
    if isinstance(narrow, FunctionType):
        return wide == FUNCTION or (
            isinstance(wide, FunctionType)
            and len(narrow.parameters) == len(wide.parameters)
            and is_subtype(narrow.result, wide.result)
            and all(map(is_subtype, wide.parameters, narrow.parameters))
        )
    return False


def coerce(value: Any, type_: Type) -> Any:
    """A value made to fit a type by the implicit conversions (10.3.2.9.4), or null.

    A value stands for the list of it, a list of one for its item, a date for its midnight in UTC.

    >>> coerce([1], NUMBER), coerce(1, ListType(NUMBER)), coerce("a", NUMBER)
    (1, [1], None)
    """
    if value is None or type_ == ANY or type_.conforms(value):
        return value
    if value.__class__ is list:
        if len(value) == 1 and type_.conforms(value[0]):
            return value[0]
    elif type_.conforms([value]):
        return [value]
    if value.__class__ is Date:
        midnight = DateTime(value.days, 0, ZULU)
        if type_.conforms(midnight):
            return midnight
    return None


def _fits(value: Any, type_: Type) -> bool:
    return value is None or type_ == ANY or type_.conforms(value)
