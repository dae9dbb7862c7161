"""Filters that several entities have: by variables, by the business id of an instance, by a state."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

from sqlalchemy import ColumnElement, and_, literal_column, select
from sqlalchemy.sql.elements import ColumnElement as Element

from remit.history import schema
from remit.history.searching import (
    Field,
    Hint,
    Part,
    Related,
    Wrong,
    beginning,
    compare,
    enum,
    plain,
    text,
)

_I = schema.INSTANCES.c
_J = schema.JOBS.c
_V = schema.VARIABLES.c


def by_variables(
    value: Any, owner: Element[Any] = _I.key, of: Element[Any] = _V.instance
) -> list[Related]:
    """Every one of them has to be there: {name, value}, the value in its JSON form."""
    if not isinstance(value, list):
        raise Wrong("variables is a list of {name, value}")
    found = []
    for each in value:
        if not isinstance(each, dict) or set(each) != {"name", "value"}:
            raise Wrong("a variable filter has a name and a value")
        where = (*compare(text(_V.name), each["name"]), *compare(text(_WHOLE), each["value"]))
        found.append(Related(owner, of, where, _starting(each["value"])))
    return found


_WHOLE = _V.value + literal_column("''")
"""The value, so said that SQLite does not put what it equals into the expression of its index."""


def _starting(value: Any) -> tuple[ColumnElement[bool], ...]:
    """What equals a value begins as that does: a hint, since beginnings have an index."""
    operators = value if isinstance(value, dict) else {"$eq": value}
    wanted = [operators["$eq"]] if "$eq" in operators else operators.get("$in")
    if wanted is None:
        return ()
    return (schema.VALUE_START.in_(sorted({plain(each)[: schema.START] for each in wanted})),)


def _beginning(value: Any) -> Iterator[Hint]:
    """The same for what is like a text that does not begin with a wildcard."""
    wanted = value.get("$like") if isinstance(value, dict) else None
    start = beginning(plain(wanted))[: schema.START] if isinstance(wanted, str) else ""
    start = start.rstrip(chr(sys.maxunicode))  # nothing comes after it
    if start:
        beyond = start[:-1] + (chr(ord(start[-1]) + 1) if start[-1] != "\ud7ff" else "\ue000")
        begins = and_(schema.VALUE_START.op(">=")(start), schema.VALUE_START.op("<")(beyond))
        yield Hint(begins, only="sqlite")


def failed_with_retries() -> ColumnElement[bool]:
    return and_(_J.state == "FAILED", _J.retries > 0)


def by_value(value: Any) -> list[Part]:
    """Of a variable: compared as its JSON form."""
    return [*compare(text(_WHOLE), value), *map(Hint, _starting(value)), *_beginning(value)]


def yes_or_no(name: str, value: Any) -> bool:
    """What was asked for by the property `name`."""
    if not isinstance(value, bool):
        raise Wrong(f"{name} is true or false, not {value!r}")
    return value


def by_state(columns: Any, known: tuple[str, ...]) -> Any:
    """What is active has not ended: a hint, since those have indexes of their own."""

    def holds(value: Any) -> list[Part]:
        found: list[Part] = [*compare(enum(columns.state, known), value)]
        wanted = value.get("$eq") if isinstance(value, dict) else value
        if isinstance(wanted, str) and wanted.upper() == "ACTIVE":
            found.append(Hint(columns.end_date.is_(None)))
        return found

    return holds


def business_id(of: ColumnElement[Any]) -> Field:
    """What the process instance is called that `of` names."""
    found = select(_I.business_id).where(_I.key == of).scalar_subquery()
    return text(found.label("business_id"))


def by_business_id(of: ColumnElement[Any]) -> Any:
    return lambda value: Related(of, _I.key, tuple(compare(text(_I.business_id), value)))
