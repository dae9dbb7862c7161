"""Incidents, and how many each instance has."""

from __future__ import annotations

import zlib

from sqlalchemy import Connection

from remit.history import schema
from remit.history.telling.rows import Row, add_to_rows
from remit.history.telling.told import Tells, Told
from remit.protocol.events import incident as i
from remit.protocol.values import Incident


def incident_created(told: Told, event: i.IncidentCreated) -> None:
    row = event.incident
    told.tables["incidents"].add(row.key, _incident(told, row))
    told.elements.change(row.element_key, incident=row.key)
    told.incidents[row.instance] = told.incidents.get(row.instance, 0) + 1


def incident_resolved(told: Told, event: i.IncidentResolved) -> None:
    row = event.incident
    told.tables["incidents"].change(row.key, state="RESOLVED")
    told.elements.change(row.element_key, incident=None)
    told.incidents[row.instance] = told.incidents.get(row.instance, 0) - 1


def _incident(told: Told, row: Incident) -> Row:
    return {
        "key": row.key, "error_type": row.error_type, "error_message": row.error_message,
        "error_hash": error_hash(row.error_message),
        "state": "ACTIVE", "created": told.now, "element": row.element,
        "element_key": row.element_key, "instance": row.instance, "definition": row.definition,
        "process_id": row.process_id, "job": row.job if row.job > 0 else None,
        "root": row.root, "tenant": row.tenant,
    }  # fmt: skip


def write_incidents(told: Told, connection: Connection) -> None:
    if not told.incidents:
        return
    amounts = {key: (more,) for key, more in told.incidents.items()}
    add_to_rows(connection, schema.INSTANCES, ("incidents",), amounts)
    told.incidents = {}


def error_hash(message: str) -> int:
    """A number for an error message, the same for ever.

    >>> error_hash("no luck")
    1241258233
    """
    return zlib.crc32(message.encode("utf-8", "replace")) & 0x7FFF_FFFF


TELLS: Tells = {
    i.IncidentCreated: incident_created,
    i.IncidentResolved: incident_resolved,
}
