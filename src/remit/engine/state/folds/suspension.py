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
    for element in state.of_instance(event.key):
        for work in state.jobs.values_of(element.key):
            job.leave(state, work)
        for armed in state.timers.values_of(element.key):
            timer.leave(state, armed)
    row = Suspension(event.key, event.root, event.since, event.by)
    state.suspensions.put(event.key, row)


def resumed(state: State, event: InstanceResumed) -> None:
    state.suspensions.delete(event.key)
    for element in state.of_instance(event.key):
        for work in state.jobs.values_of(element.key):
            job.enter(state, work)
        for armed in state.timers.values_of(element.key):
            timer.enter(state, armed)


def conditions_held(state: State, event: ConditionsHeld) -> None:
    row = state.suspensions[event.instance]
    state.suspensions.put(row.key, replace(row, asked=(*row.asked, event.changes)))


FOLDS: dict[Any, Any] = {
    InstanceSuspended: suspended,
    InstanceResumed: resumed,
    ConditionsHeld: conditions_held,
}
