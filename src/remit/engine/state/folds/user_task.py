"""User tasks: the row as each event has it, until the task has ended."""

from __future__ import annotations

from typing import Any

from remit.engine.state.state import State
from remit.protocol.events import user_task as events


def changed(state: State, event: events.UserTaskEvent) -> None:
    state.user_tasks.put(event.key, event.task)


def gone(state: State, event: events.UserTaskEvent) -> None:
    state.user_tasks.delete(event.key)


_CHANGING: tuple[type[events.UserTaskEvent], ...] = (
    events.UserTaskCreating,
    events.UserTaskCreated,
    events.UserTaskCompleting,
    events.UserTaskCanceling,
    events.UserTaskAssigning,
    events.UserTaskClaiming,
    events.UserTaskAssigned,
    events.UserTaskUpdating,
    events.UserTaskUpdated,
    events.UserTaskCompletionDenied,
    events.UserTaskCorrected,
    events.UserTaskMigrated,
    events.UserTaskAssignmentDenied,
    events.UserTaskUpdateDenied,
)

FOLDS: dict[Any, Any] = {
    **dict.fromkeys(_CHANGING, changed),
    events.UserTaskCompleted: gone,
    events.UserTaskCanceled: gone,
}
