"""Incidents: where an instance stopped, and that it goes on."""

from __future__ import annotations

from remit.protocol.events.base import Event, event, number
from remit.protocol.numbers import ValueType
from remit.protocol.values import Incident


@event("CREATED")
class IncidentCreated(Event, frozen=True, tag=number(ValueType.INCIDENT, 0)):
    key: int
    incident: Incident


@event("MIGRATED")
class IncidentMigrated(Event, frozen=True, tag=number(ValueType.INCIDENT, 3)):
    key: int
    incident: Incident


@event("RESOLVED")
class IncidentResolved(Event, frozen=True, tag=number(ValueType.INCIDENT, 2)):
    key: int
    incident: Incident
