"""What instances wait for, with its details: one search over everything that can make them wait."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from sqlalchemy import Connection, select

from remit.history import schema
from remit.history.entities import WAIT_STATES
from remit.history.searching import Entity, Search, number, search, show_date, text

_KINDS = Entity(
    WAIT_STATES.table,
    WAIT_STATES.identity,
    {
        **WAIT_STATES.fields, "key": number(WAIT_STATES.identity),
        "kind": text(WAIT_STATES.hidden["waitStateType"].column),
    },
    WAIT_STATES.hidden,
)  # fmt: skip


def wait_states(connection: Connection, wanted: Search) -> dict[str, Any]:
    """A page of wait states; `details` says which job, task, message, timer … it is."""
    found = search(connection, _KINDS, wanted)
    keys = {(item.pop("kind"), item.pop("key")): item for item in found["items"]}
    for kind in {kind for kind, _ in keys}:
        mine = [key for each, key in keys if each == kind]
        table, show = _DETAILS.get(kind, _OTHER)
        for row in connection.execute(select(table).where(table.c.key.in_(mine))):
            keys[(kind, row.key)]["details"] = {"waitStateType": kind, **show(row)}
    return found


def _job(row: Any) -> Mapping[str, Any]:
    return {
        "jobKey": str(row.key), "jobType": row.type, "jobKind": row.kind,
        "listenerEventType": row.listener_event, "retries": row.retries,
    }  # fmt: skip


def _message(row: Any) -> Mapping[str, Any]:
    return {"messageName": row.name, "correlationKey": row.correlation_key}


def _task(row: Any) -> Mapping[str, Any]:
    return {"taskKey": str(row.key), "dueDate": show_date(row.due_date)}


def _other(row: Any) -> Mapping[str, Any]:
    found: dict[str, Any] = msgspec.json.decode(row.details)
    return found


_DETAILS: dict[str, tuple[Any, Callable[[Any], Mapping[str, Any]]]] = {
    "JOB": (schema.JOBS, _job),
    "MESSAGE": (schema.SUBSCRIPTIONS, _message),
    "USER_TASK": (schema.USER_TASKS, _task),
}
_OTHER = (schema.WAITS, _other)
