"""Message subscriptions and correlations."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from remit.history.telling.rows import Row
from remit.history.telling.told import Tells, Told
from remit.protocol.events import message as m
from remit.protocol.values import ProcessSubscription


def subscribed(told: Told, event: m.ProcessSubscriptionCreating) -> None:
    row = event.subscription
    told.tables["message_subscriptions"].add(
        row.key,
        {
            "state": "CREATED", "updated": told.now, "type": "PROCESS_EVENT",
            **_subscription(row), **_of(told, row.definition),
        },
    )  # fmt: skip


def start_subscribed(told: Told, event: m.StartSubscriptionCreated) -> None:
    """A process that messages start: one row for every version that ever listened."""
    row = event.subscription
    if told.partition == row.key >> 51:
        told.tables["message_subscriptions"].add(
            row.key,
            {
                "key": row.key, "state": "CREATED", "updated": told.now, "name": row.name,
                "correlation_key": None, "type": "START_EVENT", "element": row.start,
                "element_key": None, "instance": None, "definition": row.definition,
                "process_id": row.process_id, "root": None, "tenant": row.tenant,
                **_of(told, row.definition),
            },
        )  # fmt: skip


def start_correlated(told: Told, event: m.StartSubscriptionCorrelated) -> None:
    row = event.subscription
    told.tables["correlated_messages"].add(
        (row.key, event.message),
        {
            "subscription": row.key, "message": event.message, "date": told.now,
            "partition": event.message >> 51, "name": row.name,
            "correlation_key": event.correlation_key or None, "element": row.start,
            "element_key": None, "instance": event.instance, "definition": row.definition,
            "process_id": row.process_id, "root": event.instance, "tenant": row.tenant,
        },
    )  # fmt: skip


def _of(told: Told, definition: int) -> Row:
    row = told.definitions.get(definition)
    if row is None:
        return {"process_name": None, "version": None}
    return {"process_name": row.name or None, "version": row.version}


def subscription_changed(told: Told, row: ProcessSubscription, state: str) -> None:
    told.tables["message_subscriptions"].change(row.key, state=state, updated=told.now)


def correlated(told: Told, event: m.ProcessSubscriptionCorrelated) -> None:
    row = event.subscription
    subscription_changed(told, row, "CORRELATED")
    found = _subscription(row)
    found.pop("key")
    told.tables["correlated_messages"].add(
        (row.key, event.message),
        {
            "subscription": row.key, "message": event.message, "date": told.now,
            "partition": event.message >> 51, **found,
        },
    )  # fmt: skip


def _subscription(row: ProcessSubscription) -> Row:
    return {
        "key": row.key, "name": row.name, "correlation_key": row.correlation_key,
        "element": row.target, "element_key": row.element_key, "instance": row.instance,
        "definition": row.definition, "process_id": row.process_id,
        "root": row.root, "tenant": row.tenant,
    }  # fmt: skip


def _subscription_state(state: str) -> Callable[[Told, Any], None]:
    return lambda told, event: subscription_changed(told, event.subscription, state)


TELLS: Tells = {
    m.ProcessSubscriptionCreating: subscribed,
    m.ProcessSubscriptionCorrelated: correlated,
    m.ProcessSubscriptionDeleted: _subscription_state("DELETED"),
    m.StartSubscriptionCreated: start_subscribed,
    m.StartSubscriptionCorrelated: start_correlated,
    m.StartSubscriptionDeleted: _subscription_state("DELETED"),
}
