"""Messages and the two sides of their subscriptions (rules 19-32)."""

from __future__ import annotations

from remit.protocol.events.base import Event, event, number
from remit.protocol.numbers import ValueType
from remit.protocol.values import (
    Document,
    Message,
    MessageSubscription,
    ProcessSubscription,
    StartSubscription,
)


@event("PUBLISHED")
class MessagePublished(Event, frozen=True, tag=number(ValueType.MESSAGE, 1)):
    key: int
    message: Message


@event("EXPIRED")
class MessageExpired(Event, frozen=True, tag=number(ValueType.MESSAGE, 3)):
    key: int
    message: Message


@event("CREATED")
class MessageSubscriptionCreated(Event, frozen=True, tag=number(ValueType.MESSAGE_SUBSCRIPTION, 1)):
    key: int
    subscription: MessageSubscription


@event("CORRELATING")
class MessageSubscriptionCorrelating(
    Event, frozen=True, tag=number(ValueType.MESSAGE_SUBSCRIPTION, 8)
):
    """The message counts as taken by this process id from now on."""

    key: int
    subscription: MessageSubscription
    message: int


@event("CORRELATED")
class MessageSubscriptionCorrelated(
    Event, frozen=True, tag=number(ValueType.MESSAGE_SUBSCRIPTION, 3)
):
    key: int
    subscription: MessageSubscription
    message: int


@event("REJECTED")
class MessageSubscriptionRejected(
    Event, frozen=True, tag=number(ValueType.MESSAGE_SUBSCRIPTION, 5)
):
    """The message is free again for another instance of this process id."""

    key: int
    subscription: MessageSubscription
    message: int


@event("DELETED")
class MessageSubscriptionDeleted(Event, frozen=True, tag=number(ValueType.MESSAGE_SUBSCRIPTION, 7)):
    key: int
    subscription: MessageSubscription


@event("CREATING")
class ProcessSubscriptionCreating(
    Event, frozen=True, tag=number(ValueType.PROCESS_MESSAGE_SUBSCRIPTION, 0)
):
    key: int
    subscription: ProcessSubscription


@event("CREATED")
class ProcessSubscriptionCreated(
    Event, frozen=True, tag=number(ValueType.PROCESS_MESSAGE_SUBSCRIPTION, 2)
):
    key: int
    subscription: ProcessSubscription


@event("CORRELATED")
class ProcessSubscriptionCorrelated(
    Event, frozen=True, tag=number(ValueType.PROCESS_MESSAGE_SUBSCRIPTION, 4)
):
    key: int
    subscription: ProcessSubscription
    message: int
    variables: Document = {}


@event("DELETING")
class ProcessSubscriptionDeleting(
    Event, frozen=True, tag=number(ValueType.PROCESS_MESSAGE_SUBSCRIPTION, 5)
):
    key: int
    subscription: ProcessSubscription


@event("DELETED")
class ProcessSubscriptionDeleted(
    Event, frozen=True, tag=number(ValueType.PROCESS_MESSAGE_SUBSCRIPTION, 7)
):
    key: int
    subscription: ProcessSubscription


@event("CREATED")
class StartSubscriptionCreated(
    Event, frozen=True, tag=number(ValueType.MESSAGE_START_EVENT_SUBSCRIPTION, 0)
):
    key: int
    subscription: StartSubscription


@event("CORRELATED")
class StartSubscriptionCorrelated(
    Event, frozen=True, tag=number(ValueType.MESSAGE_START_EVENT_SUBSCRIPTION, 1)
):
    """`instance` was started; a non-empty correlation key is locked until it ends (rule 22)."""

    key: int
    subscription: StartSubscription
    message: int
    correlation_key: str
    instance: int
    variables: Document = {}


@event("DELETED")
class StartSubscriptionDeleted(
    Event, frozen=True, tag=number(ValueType.MESSAGE_START_EVENT_SUBSCRIPTION, 2)
):
    key: int
    subscription: StartSubscription
