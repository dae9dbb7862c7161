"""Conditions that events wait for: whether each held when it was last asked."""

from __future__ import annotations

from typing import Any

from remit.engine.state.state import State
from remit.protocol.events.condition import (
    ConditionCreated,
    ConditionDeleted,
    ConditionReset,
    ConditionsEvaluated,
    ConditionTriggered,
)


def changed(state: State, event: ConditionCreated | ConditionTriggered | ConditionReset) -> None:
    state.conditions.put(event.key, event.subscription)


def gone(state: State, event: ConditionDeleted) -> None:
    state.conditions.delete(event.key)


def evaluated(state: State, event: ConditionsEvaluated) -> None:
    """Nothing is kept of it; what it begins is told by other events."""


FOLDS: dict[Any, Any] = {
    ConditionCreated: changed,
    ConditionTriggered: changed,
    ConditionReset: changed,
    ConditionDeleted: gone,
    ConditionsEvaluated: evaluated,
}
