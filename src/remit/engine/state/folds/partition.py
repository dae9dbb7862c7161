"""The clock, and instances that met a bug."""

from __future__ import annotations

from typing import Any

from remit.engine.state.entities import Banned
from remit.engine.state.state import State
from remit.protocol.events.partition import ClockPinned, ClockReset, InstanceBanned
from remit.protocol.values import NONE_KEY


def clock_pinned(state: State, event: ClockPinned) -> None:
    state.pin(event.timestamp)


def clock_reset(state: State, event: ClockReset) -> None:
    """Time may go back here: what was logged under a pinned clock no longer holds it."""
    state.pin(NONE_KEY)
    state.timestamp = 0


def instance_banned(state: State, event: InstanceBanned) -> None:
    if event.root in state.rests:
        state.rests.delete(event.root)
    if event.root != NONE_KEY:
        state.banned.put(event.root, Banned(event.root, event.message))


FOLDS: dict[Any, Any] = {
    ClockPinned: clock_pinned,
    ClockReset: clock_reset,
    InstanceBanned: instance_banned,
}
