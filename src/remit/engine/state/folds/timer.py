"""Timers: the row and its place in the queue of what is due."""

from __future__ import annotations

from typing import Any

from remit.engine.state.state import Due, State
from remit.protocol.events.timer import TimerCanceled, TimerCreated, TimerTriggered
from remit.protocol.values import Timer


def created(state: State, event: TimerCreated) -> None:
    timer = event.timer
    state.timers.put(timer.key, timer)
    if timer.instance not in state.suspensions:
        enter(state, timer)


def gone(state: State, event: TimerTriggered | TimerCanceled) -> None:
    timer = event.timer
    if timer.instance not in state.suspensions:
        leave(state, timer)
    state.timers.delete(timer.key)


def enter(state: State, timer: Timer) -> None:
    """From now on it comes due; timers of a suspended instance do not."""
    state.due_queue.add((timer.due, Due.TIMER, timer.key, timer.root))


def leave(state: State, timer: Timer) -> None:
    state.due_queue.remove((timer.due, Due.TIMER, timer.key, timer.root))


FOLDS: dict[Any, Any] = {TimerCreated: created, TimerTriggered: gone, TimerCanceled: gone}
