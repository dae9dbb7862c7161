"""External functions (10.3.2.13.3): the few methods of Java's library that models name, in Python.

Nothing else can run: a class or signature that is not in this table is no function. Arguments that a
method can't take give null, as an exception in Java would.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from remit.feel import numbers
from remit.feel.functions import Function
from remit.feel.numbers import is_number

Method = Callable[[Sequence[Any]], Any]
Take = Callable[[Any], Any]


def function(described: Mapping[str, Any], parameters: tuple[str, ...]) -> Function | None:
    """The function that FEEL's `external {java: {class: …, method signature: …}}` describes."""
    java = described.get("java")
    if not isinstance(java, dict):
        return None
    method = find(str(java.get("class")), str(java.get("method signature")))
    return None if method is None else Function(parameters, method)


class _Refused(Exception):
    """An argument that a Java method can't take."""


def find(class_name: str, signature: str) -> Method | None:
    """The method, its arguments taken as the types in the signature say; None when unknown.

    >>> find("java.lang.Math", "max(int, int)")([1, 2])
    2
    """
    name, _, rest = signature.strip().partition("(")
    types = tuple(each.strip() for each in rest.rstrip(") ").split(",") if each.strip())
    method = _METHODS.get((class_name.strip(), name.strip(), types))
    if method is None or any(each not in _TAKES for each in types):
        return None
    return _calling(method, [_TAKES[each] for each in types], types)


def _calling(method: Callable[..., Any], takes: Sequence[Take], types: Sequence[str]) -> Method:
    is_open = bool(types) and types[-1] == _OBJECTS

    def call(arguments: Sequence[Any]) -> Any:
        given = list(arguments)
        if is_open and len(given) >= len(takes):
            given = [*given[: len(takes) - 1], given[len(takes) - 1 :]]
        if len(given) != len(takes):
            return None
        try:
            return _given_back(
                method(*(take(each) for take, each in zip(takes, given, strict=True)))
            )
        except (_Refused, ValueError, TypeError, OverflowError, ArithmeticError):
            return None

    return call


def _given_back(value: Any) -> Any:
    return numbers.from_float(value) if isinstance(value, float) else value


def _whole(bits: int) -> Take:
    limit = 1 << (bits - 1)

    def take(value: Any) -> int:
        if not is_number(value) or value != int(value) or not -limit <= value < limit:
            raise _Refused
        return int(value)

    return take


def _double(value: Any) -> float:
    if not is_number(value):
        raise _Refused
    return float(value)


def _single(value: Any) -> float:
    """A `float` of Java, shown with as few digits as tell it from its neighbours."""
    return _shortest(_double(value))


def _shortest(value: float) -> float:
    """
    >>> _shortest(1234.56)
    1234.56
    """
    packed = struct.pack("f", value)
    for digits in range(1, 10):
        shown = float(f"{value:.{digits}g}")
        if struct.pack("f", shown) == packed:
            return shown
    return float(struct.unpack("f", packed)[0])


def _text(value: Any) -> str:
    if value.__class__ is not str:
        raise _Refused
    return str(value)


def _character(value: Any) -> str:
    if value.__class__ is not str or len(value) != 1:
        raise _Refused
    return str(value)


def _truth(value: Any) -> bool:
    if value.__class__ is not bool:
        raise _Refused
    return bool(value)


def _anything(value: Any) -> Any:
    return value


def _format(pattern: str, values: Sequence[Any]) -> str:
    """`%s`, `%d`, `%f` and `%n`, with widths, as Java and C share them."""
    shown = [float(each) if isinstance(each, Decimal) else each for each in values]
    return pattern.replace("%n", "\n") % tuple(shown)


def _round(value: float) -> int:
    return math.floor(value + 0.5)


def _parsed(text: str, bits: int) -> int:
    if not text.lstrip("+-").isdigit():
        raise _Refused
    return int(_whole(bits)(int(text)))


_OBJECTS = "[Ljava.lang.Object;"
_STRING = "java.lang.String"
_TAKES: dict[str, Take] = {
    "byte": _whole(8),
    "short": _whole(16),
    "int": _whole(32),
    "long": _whole(64),
    "float": _single,
    "double": _double,
    "boolean": _truth,
    "char": _character,
    _STRING: _text,
    "java.lang.Object": _anything,
    _OBJECTS: _anything,
}
_MATH: dict[tuple[str, tuple[str, ...]], Callable[..., Any]] = {
    ("cos", ("double",)): math.cos,
    ("sin", ("double",)): math.sin,
    ("tan", ("double",)): math.tan,
    ("acos", ("double",)): math.acos,
    ("asin", ("double",)): math.asin,
    ("atan", ("double",)): math.atan,
    ("atan2", ("double", "double")): math.atan2,
    ("exp", ("double",)): math.exp,
    ("log", ("double",)): math.log,
    ("log10", ("double",)): math.log10,
    ("sqrt", ("double",)): math.sqrt,
    ("cbrt", ("double",)): lambda value: math.copysign(abs(value) ** (1 / 3), value),
    ("pow", ("double", "double")): math.pow,
    ("hypot", ("double", "double")): math.hypot,
    ("ceil", ("double",)): lambda value: float(math.ceil(value)),
    ("floor", ("double",)): lambda value: float(math.floor(value)),
    ("round", ("double",)): _round,
    ("round", ("float",)): _round,
    ("toDegrees", ("double",)): math.degrees,
    ("toRadians", ("double",)): math.radians,
}
_KINDS = ("int", "long", "float", "double")
for _kind in _KINDS:
    _MATH["max", (_kind, _kind)] = max
    _MATH["min", (_kind, _kind)] = min
    _MATH["abs", (_kind,)] = abs
_METHODS: dict[tuple[str, str, tuple[str, ...]], Callable[..., Any]] = {
    **{("java.lang.Math", name, types): method for (name, types), method in _MATH.items()},
    ("java.lang.Byte", "valueOf", ("byte",)): _anything,
    ("java.lang.Short", "valueOf", ("short",)): _anything,
    ("java.lang.Integer", "valueOf", ("int",)): _anything,
    ("java.lang.Integer", "valueOf", (_STRING,)): lambda text: _parsed(text, 32),
    ("java.lang.Integer", "parseInt", (_STRING,)): lambda text: _parsed(text, 32),
    ("java.lang.Long", "valueOf", ("long",)): _anything,
    ("java.lang.Long", "valueOf", (_STRING,)): lambda text: _parsed(text, 64),
    ("java.lang.Long", "parseLong", (_STRING,)): lambda text: _parsed(text, 64),
    ("java.lang.Float", "valueOf", ("float",)): _anything,
    ("java.lang.Float", "valueOf", (_STRING,)): lambda text: _shortest(float(text)),
    ("java.lang.Double", "valueOf", ("double",)): _anything,
    ("java.lang.Double", "valueOf", (_STRING,)): float,
    ("java.lang.Double", "parseDouble", (_STRING,)): float,
    ("java.lang.Boolean", "valueOf", ("boolean",)): _anything,
    ("java.lang.Boolean", "valueOf", (_STRING,)): lambda text: text.lower() == "true",
    (_STRING, "valueOf", ("char",)): _anything,
    (_STRING, "valueOf", ("boolean",)): lambda value: "true" if value else "false",
    (_STRING, "valueOf", ("int",)): str,
    (_STRING, "valueOf", ("long",)): str,
    (_STRING, "format", (_STRING, _OBJECTS)): _format,
}  # fmt: skip
