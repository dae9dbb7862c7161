"""Decision definitions and the files they are in."""

from __future__ import annotations

from typing import Any

from remit.engine.state.state import State
from remit.protocol.events.decision import (
    DecisionCreated,
    DecisionDeleted,
    DecisionEvaluated,
    DecisionFailed,
    RequirementsCreated,
    RequirementsDeleted,
)


def requirements_created(state: State, event: RequirementsCreated) -> None:
    state.requirements.put(event.key, event.requirements)


def decision_created(state: State, event: DecisionCreated) -> None:
    state.decisions.put(event.key, event.decision)


def requirements_deleted(state: State, event: RequirementsDeleted) -> None:
    state.requirements.delete(event.key)


def decision_deleted(state: State, event: DecisionDeleted) -> None:
    state.decisions.delete(event.key)


def evaluated(state: State, event: DecisionEvaluated | DecisionFailed) -> None:
    """Says what was decided; nothing hangs on it."""


FOLDS: dict[Any, Any] = {
    RequirementsCreated: requirements_created,
    DecisionCreated: decision_created,
    RequirementsDeleted: requirements_deleted,
    DecisionDeleted: decision_deleted,
    DecisionEvaluated: evaluated,
    DecisionFailed: evaluated,
}
