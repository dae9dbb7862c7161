"""Escalations: thrown, and by whom they were caught (rule 54)."""

from __future__ import annotations

from remit.protocol.events.base import Event, event, number
from remit.protocol.numbers import ValueType
from remit.protocol.values import DEFAULT_TENANT


class _Escalation(Event, frozen=True):
    """`thrown_by` is the element, `caught_by` the event that caught it, empty for nobody."""

    key: int
    instance: int
    definition: int
    code: str
    thrown_by: str
    caught_by: str = ""
    tenant: str = DEFAULT_TENANT


@event("ESCALATED")
class Escalated(_Escalation, frozen=True, tag=number(ValueType.ESCALATION, 0)):
    pass


@event("NOT_ESCALATED")
class NotEscalated(_Escalation, frozen=True, tag=number(ValueType.ESCALATION, 1)):
    pass
