"""Compensation: what can be undone, and what is being undone (rules 67-70, B9-B12)."""

from __future__ import annotations

from remit.protocol.events.base import Event, event, number
from remit.protocol.numbers import ValueType
from remit.protocol.values import CompensationSubscription


class CompensationEvent(Event, frozen=True):
    """The subscription as it is after the event."""

    key: int
    subscription: CompensationSubscription


@event("CREATED")
class CompensationCreated(
    CompensationEvent, frozen=True, tag=number(ValueType.COMPENSATION_SUBSCRIPTION, 1)
):
    """An activity has completed that can be compensated."""


@event("TRIGGERED")
class CompensationTriggered(
    CompensationEvent, frozen=True, tag=number(ValueType.COMPENSATION_SUBSCRIPTION, 3)
):
    """It is to be compensated; nothing else can trigger it any more."""


@event("STARTED")
class CompensationStarted(
    CompensationEvent, frozen=True, tag=number(ValueType.COMPENSATION_SUBSCRIPTION, 201)
):
    """Its handler has begun."""


@event("COMPLETED")
class CompensationCompleted(
    CompensationEvent, frozen=True, tag=number(ValueType.COMPENSATION_SUBSCRIPTION, 5)
):
    pass
