"""Definitions of processes and forms."""

from __future__ import annotations

from typing import Any

from remit.history.telling.told import Tells, Told
from remit.protocol.events import deployment as dep
from remit.protocol.events import form as f


def process_created(told: Told, event: dep.ProcessCreated) -> None:
    row = event.definition
    told.definitions[row.key] = row
    if told.partition != row.key >> 51:
        return  # the partition that made it tells of it
    process = told.process(row)
    told.tables["process_definitions"].add(
        row.key,
        {
            "key": row.key, "process_id": row.process_id, "name": row.name or None,
            "version": row.version, "version_tag": row.version_tag or None,
            "resource_name": row.resource_name, "tenant": row.tenant,
            "has_start_form": process is not None and process.form is not None,
            "state": "ACTIVE", "form_id": _form_of(process), "xml": row.resource,
        },
    )  # fmt: skip


def process_deleted(told: Told, event: dep.ProcessDeleted) -> None:
    told.tables["process_definitions"].change(event.key, state="DELETED")


def form_created(told: Told, event: f.FormCreated) -> None:
    row = event.form
    if told.partition == row.key >> 51:
        told.tables["forms"].add(
            row.key,
            {
                "key": row.key, "form_id": row.form_id, "version": row.version,
                "resource_name": row.resource_name, "tenant": row.tenant,
                "schema": row.resource,
            },
        )  # fmt: skip


def _form_of(process: Any) -> str | None:
    """The id of the form that a process starts with."""
    link = None if process is None else process.form
    found = None if link is None or link.form_id is None else link.form_id.static_value
    return found if isinstance(found, str) else None


TELLS: Tells = {
    dep.ProcessCreated: process_created,
    dep.ProcessDeleted: process_deleted,
    f.FormCreated: form_created,
}
