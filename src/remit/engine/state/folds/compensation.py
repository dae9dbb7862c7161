"""What can be compensated in a scope; it is forgotten with the scope."""

from __future__ import annotations

from typing import Any

from remit.engine.state.state import State
from remit.protocol.events import compensation as events


def changed(state: State, event: events.CompensationEvent) -> None:
    state.compensations.put(event.key, event.subscription)


def completed(state: State, event: events.CompensationCompleted) -> None:
    state.compensations.delete(event.key)


FOLDS: dict[Any, Any] = {
    events.CompensationCreated: changed,
    events.CompensationTriggered: changed,
    events.CompensationStarted: changed,
    events.CompensationCompleted: completed,
}
