"""Conditions that events wait for: whether each held when it was last asked."""

from __future__ import annotations

from typing import Any

from remit.engine.state.state import State
from remit.protocol.events.condition import (
    ConditionCreated,
    ConditionDeleted,
    ConditionReset,
    ConditionTriggered,
)


def changed(state: State, event: ConditionCreated | ConditionTriggered | ConditionReset) -> None:
    state.conditions.put(event.key, event.subscription)


def gone(state: State, event: ConditionDeleted) -> None:
    state.conditions.delete(event.key)


FOLDS: dict[Any, Any] = {
    ConditionCreated: changed,
    ConditionTriggered: changed,
    ConditionReset: changed,
    ConditionDeleted: gone,
}
