"""Conversion functions (10.3.4.1), and Zeebe's between values and JSON texts."""

from __future__ import annotations

import json
from typing import Any

from remit.feel import numbers
from remit.feel.builtins.define import define
from remit.feel.documents import from_json, to_json
from remit.feel.numbers import Number
from remit.feel.texts import to_text


def _string(from_: Any) -> str | None:
    return None if from_ is None else to_text(from_)


def _number(from_: str, grouping: str | None, point: str | None) -> Number | None:
    """Separators are `.` `,` or (for groups) a space, and differ."""
    if grouping not in (None, ".", ",", " ") or point not in (None, ".", ","):
        return None
    if grouping is not None and grouping == point:
        return None
    digits = from_ if grouping is None else from_.replace(grouping, "")
    if point == ",":
        digits = "x" if "." in digits else digits.replace(",", ".")
    return numbers.from_text(digits)


def _number_of_text(from_: Any) -> Number | None:
    return numbers.from_text(from_.strip()) if from_.__class__ is str else from_


def _number_with_groups(from_: str, grouping: str) -> Number | None:
    return _number(from_, grouping, "." if grouping != "." else ",")


def _from_json(json_: str) -> Any:
    return from_json(json.loads(json_, parse_constant=lambda name: None))


def _to_json(value: Any) -> str:
    return json.dumps(to_json(value), ensure_ascii=False, separators=(",", ":"))


def _from_ai(value: Any, *rest: Any) -> Any:
    """What an agent gave for `value`; the other arguments describe it to the agent."""
    return value


_SEPARATORS = "grouping separator: string?, decimal separator: string?"
_STRING = define("string(from: any) -> string", _string)
DMN = {
    **_STRING,
    **define(f"number(from: string, {_SEPARATORS}) -> number", _number),
}
CAMUNDA = {
    **_STRING,
    **define(
        "number(from: string|number) -> number",
        _number_of_text,
        "number(from: string, grouping separator: string) -> number",
        _number_with_groups,
        f"number(from: string, {_SEPARATORS}) -> number",
        _number,
    ),
    **define("from json(json: string) -> any", _from_json),
    **define("to json(value: any) -> string", _to_json),
    **define(
        "fromAi(value: any, description?: any, type?: any, schema?: any, options?: any) -> any",
        _from_ai,
    ),
}
