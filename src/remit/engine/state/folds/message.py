"""Messages and both sides of their subscriptions (rules 19-31)."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from remit.engine.state.entities import ProcessInstance, Taken
from remit.engine.state.state import Due, State
from remit.engine.state.tables import correlation_of
from remit.protocol.events.message import (
    MessageExpired,
    MessagePublished,
    MessageSubscriptionCorrelated,
    MessageSubscriptionCorrelating,
    MessageSubscriptionCreated,
    MessageSubscriptionDeleted,
    MessageSubscriptionRejected,
    ProcessSubscriptionCorrelated,
    ProcessSubscriptionCreated,
    ProcessSubscriptionCreating,
    ProcessSubscriptionDeleted,
    ProcessSubscriptionDeleting,
    StartSubscriptionCorrelated,
    StartSubscriptionCreated,
    StartSubscriptionDeleted,
)
from remit.protocol.values import Message, MessageSubscription


def published(state: State, event: MessagePublished) -> None:
    message = event.message
    state.messages.put(message.key, message)
    state.due_queue.add((message.deadline, Due.MESSAGE, message.key, correlation_of(message)))


def expired(state: State, event: MessageExpired) -> None:
    message = event.message
    for name in state.taken.of(message.key):
        state.taken.delete(name)
    state.due_queue.remove((message.deadline, Due.MESSAGE, message.key, correlation_of(message)))
    state.messages.delete(message.key)


def subscription_created(state: State, event: MessageSubscriptionCreated) -> None:
    state.message_subscriptions.put(event.key, event.subscription)


def correlating(state: State, event: MessageSubscriptionCorrelating) -> None:
    state.message_subscriptions.put(event.key, event.subscription)
    _take(state, event.message, event.subscription)


def correlated(state: State, event: MessageSubscriptionCorrelated) -> None:
    """An interrupting subscription is used up, another one stays open for the next message."""
    subscription = event.subscription
    if subscription.interrupting:
        state.message_subscriptions.delete(event.key)
    else:
        state.message_subscriptions.put(event.key, replace(subscription, correlating=-1))


def rejected(state: State, event: MessageSubscriptionRejected) -> None:
    if event.key in state.message_subscriptions:
        state.message_subscriptions.delete(event.key)
    name = (event.message, event.subscription.process_id)
    if name in state.taken:
        state.taken.delete(name)


def subscription_deleted(state: State, event: MessageSubscriptionDeleted) -> None:
    state.message_subscriptions.delete(event.key)


def process_subscription_changed(
    state: State,
    event: ProcessSubscriptionCreating | ProcessSubscriptionCreated | ProcessSubscriptionDeleting,
) -> None:
    state.subscriptions.put(event.key, event.subscription)


def process_subscription_correlated(state: State, event: ProcessSubscriptionCorrelated) -> None:
    if event.subscription.interrupting:
        state.subscriptions.delete(event.key)


def process_subscription_deleted(state: State, event: ProcessSubscriptionDeleted) -> None:
    state.subscriptions.delete(event.key)


def start_created(state: State, event: StartSubscriptionCreated) -> None:
    state.start_subscriptions.put(event.key, event.subscription)


def start_deleted(state: State, event: StartSubscriptionDeleted) -> None:
    state.start_subscriptions.delete(event.key)


def start_correlated(state: State, event: StartSubscriptionCorrelated) -> None:
    subscription = event.subscription
    message = state.messages.get(event.message)
    if message is not None:
        name = (event.message, subscription.process_id)
        state.taken.put(name, _taken(message, subscription.process_id))
    if not event.correlation_key:
        return
    tenant, process_id = subscription.tenant, subscription.process_id
    state.set_lock(tenant, process_id, event.correlation_key, event.instance)
    state.instances.put(
        event.instance,
        ProcessInstance(
            event.instance,
            event.instance,
            lock=event.correlation_key,
            process_id=process_id,
            tenant=tenant,
        ),
    )


def _take(state: State, message: int, subscription: MessageSubscription) -> None:
    row = state.messages.get(message)
    if row is not None:
        name = (message, subscription.process_id)
        state.taken.put(name, _taken(row, subscription.process_id))


def _taken(message: Message, process_id: str) -> Taken:
    return Taken(message.key, process_id, message.name, message.correlation_key, message.tenant)


FOLDS: dict[Any, Any] = {
    MessagePublished: published,
    MessageExpired: expired,
    MessageSubscriptionCreated: subscription_created,
    MessageSubscriptionCorrelating: correlating,
    MessageSubscriptionCorrelated: correlated,
    MessageSubscriptionRejected: rejected,
    MessageSubscriptionDeleted: subscription_deleted,
    ProcessSubscriptionCreating: process_subscription_changed,
    ProcessSubscriptionCreated: process_subscription_changed,
    ProcessSubscriptionCorrelated: process_subscription_correlated,
    ProcessSubscriptionDeleting: process_subscription_changed,
    ProcessSubscriptionDeleted: process_subscription_deleted,
    StartSubscriptionCreated: start_created,
    StartSubscriptionCorrelated: start_correlated,
    StartSubscriptionDeleted: start_deleted,
}
