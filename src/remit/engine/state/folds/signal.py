"""Those who listen to signals: the row, and its place in the queue of its signal's name."""

from __future__ import annotations

from typing import Any

from remit.engine.state.state import State
from remit.protocol.events.signal import (
    SignalBroadcasted,
    SignalSubscriptionCreated,
    SignalSubscriptionDeleted,
)


def created(state: State, event: SignalSubscriptionCreated) -> None:
    row = event.subscription
    state.signals.put(row.key, row)
    state.listeners(row.tenant, row.name).add((row.key, row.root))


def gone(state: State, event: SignalSubscriptionDeleted) -> None:
    row = event.subscription
    state.listeners(row.tenant, row.name).remove((row.key, row.root))
    state.signals.delete(row.key)


def broadcasted(state: State, event: SignalBroadcasted) -> None:
    """Signals are never kept; what they cause is told by other events."""


FOLDS: dict[Any, Any] = {
    SignalSubscriptionCreated: created,
    SignalSubscriptionDeleted: gone,
    SignalBroadcasted: broadcasted,
}
