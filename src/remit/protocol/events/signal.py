"""Signals and those who listen to them (rule 47). Each event carries the row as it is after it."""

from __future__ import annotations

from remit.protocol.events.base import Event, event, number
from remit.protocol.numbers import ValueType
from remit.protocol.values import DEFAULT_TENANT, Document, SignalSubscription


@event("BROADCASTED")
class SignalBroadcasted(Event, frozen=True, tag=number(ValueType.SIGNAL, 1)):
    key: int
    name: str
    variables: Document = {}
    tenant: str = DEFAULT_TENANT


@event("CREATED")
class SignalSubscriptionCreated(Event, frozen=True, tag=number(ValueType.SIGNAL_SUBSCRIPTION, 1)):
    key: int
    subscription: SignalSubscription


@event("DELETED")
class SignalSubscriptionDeleted(Event, frozen=True, tag=number(ValueType.SIGNAL_SUBSCRIPTION, 3)):
    key: int
    subscription: SignalSubscription
