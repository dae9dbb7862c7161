"""Suspended instances: while the row stands, nothing of theirs is in a queue that others look into."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from remit.engine.state.entities import Suspension
from remit.engine.state.folds import job, timer
from remit.engine.state.state import State
from remit.protocol.events.condition import ConditionsHeld
from remit.protocol.events.process_instance import InstanceResumed, InstanceSuspended


def suspended(state: State, event: InstanceSuspended) -> None:
    """The root's event stands for all; those of the processes it has called only tell of them."""
    root = event.root
    if event.key != root:
        return
    for element in state.inside(root):
        for work in state.jobs.values_of(element.key):
            job.leave(state, work)
        for armed in state.timers.values_of(element.key):
            timer.leave(state, armed)
    state.suspensions.put(root, Suspension(root, root, event.since))


def resumed(state: State, event: InstanceResumed) -> None:
    root = event.root
    if event.key != root:
        return
    state.suspensions.delete(root)
    for element in state.inside(root):
        for work in state.jobs.values_of(element.key):
            job.enter(state, work)
        for armed in state.timers.values_of(element.key):
            timer.enter(state, armed)


def conditions_held(state: State, event: ConditionsHeld) -> None:
    row = state.suspensions[event.key]
    asked = (*row.asked, (event.instance, event.changes))
    state.suspensions.put(row.root, replace(row, asked=asked))


FOLDS: dict[Any, Any] = {
    InstanceSuspended: suspended,
    InstanceResumed: resumed,
    ConditionsHeld: conditions_held,
}
