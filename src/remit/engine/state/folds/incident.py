"""Incidents, one row each while they stand."""

from __future__ import annotations

from typing import Any

from remit.engine.state.state import State
from remit.protocol.events.incident import IncidentCreated, IncidentMigrated, IncidentResolved


def created(state: State, event: IncidentCreated | IncidentMigrated) -> None:
    state.incidents.put(event.key, event.incident)


def resolved(state: State, event: IncidentResolved) -> None:
    state.incidents.delete(event.key)


FOLDS: dict[Any, Any] = {
    IncidentCreated: created,
    IncidentMigrated: created,
    IncidentResolved: resolved,
}
