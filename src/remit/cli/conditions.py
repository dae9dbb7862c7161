"""Conditions as people write them, made the filter of a search.

state=ACTIVE   version>=2   processDefinitionId~order*   endDate?   endDate!?
startDate>=2h  (two hours ago; also 30m, 7d, or a date-time)   orderId:="o-1" (a variable)
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from remit.history.searching import Entity, Wrong

_OPERATORS = {
    ">=": "$gte", "<=": "$lte", "!=": "$neq", "=": "$eq", ">": "$gt", "<": "$lt", "~": "$like",
}  # fmt: skip
_CONDITION = re.compile(r"([\w.$-]+?)(!?\?$|:=|>=|<=|!=|=|>|<|~)(.*)", re.DOTALL)
_AGO = re.compile(r"(\d+)([smhd])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


class WrongCondition(Exception):
    """A sentence that says what is wrong with a condition."""


def filter_of(entity: Entity, conditions: Iterable[str]) -> dict[str, Any]:
    """All of them have to hold; raises `WrongCondition`."""
    found: dict[str, Any] = {}
    for text in conditions:
        name, operator, value = _parts(text)
        if operator == ":=":
            found.setdefault("variables", []).append({"name": name, "value": _json(value)})
            continue
        if operator in ("?", "!?"):
            found.setdefault(name, {})["$exists"] = operator == "?"
            continue
        held = found.setdefault(name, {})
        read = _read(entity, name, value)
        if name in entity.extras and name not in entity.fields and operator == "=":
            found[name] = read
        elif name in entity.extras and read in (True, False):
            found[name] = read is (operator == "=")
        else:
            held[_OPERATORS[operator]] = read
    return found


def _parts(text: str) -> tuple[str, str, str]:
    match = _CONDITION.fullmatch(text)
    if match is None:
        raise WrongCondition(
            f"'{text}' is no condition: write property=value, with = != > >= < <= or ~ (a pattern), "
            f"property? (is there), property!? (is not), or variable:=JSON"
        )
    return match[1], match[2], match[3]


def _json(value: str) -> str:
    """A variable's value in its JSON form; a word that is no JSON is a text."""
    try:
        return msgspec.json.encode(msgspec.json.decode(value)).decode()
    except msgspec.DecodeError:
        return msgspec.json.encode(value).decode()


def _read(entity: Entity, name: str, value: str) -> object:
    """The value in the type that the property has."""
    try:
        kind = entity.field(name).kind
    except Wrong:
        if name not in entity.extras:
            names = ", ".join(sorted({*entity.fields, *entity.hidden, *entity.extras}))
            raise WrongCondition(f"there is no property '{name}'; there are {names}") from None
        kind = "boolean" if value in ("true", "false") else "string"
    if kind == "boolean":
        if value not in ("true", "false"):
            raise WrongCondition(f"{name} is true or false, not '{value}'")
        return value == "true"
    if kind == "integer":
        if re.fullmatch(r"-?\d+", value) is None:
            raise WrongCondition(f"{name} is a whole number, not '{value}'")
        return int(value)
    return _moment(value) if kind == "date" else value


def _moment(value: str) -> str:
    """
    >>> _moment("2026-11-20T10:00:00Z")
    '2026-11-20T10:00:00Z'
    """
    ago = _AGO.fullmatch(value)
    if ago is None:
        return value
    return (datetime.now(UTC) - timedelta(**{_UNITS[ago[2]]: int(ago[1])})).isoformat()
