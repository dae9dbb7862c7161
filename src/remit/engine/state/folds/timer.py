"""Timers: the row and its place in the queue of what is due."""

from __future__ import annotations

from typing import Any

from remit.engine.state.state import Due, State
from remit.protocol.events.timer import TimerCanceled, TimerCreated, TimerTriggered


def created(state: State, event: TimerCreated) -> None:
    timer = event.timer
    state.timers.put(timer.key, timer)
    state.due_queue.add((timer.due, Due.TIMER, timer.key, timer.root))


def gone(state: State, event: TimerTriggered | TimerCanceled) -> None:
    timer = event.timer
    state.due_queue.remove((timer.due, Due.TIMER, timer.key, timer.root))
    state.timers.delete(timer.key)


FOLDS: dict[Any, Any] = {TimerCreated: created, TimerTriggered: gone, TimerCanceled: gone}
