"""How each event changes the state: one dumb function per event, one table of them all.

A fold reads no model, evaluates nothing and never refuses: what it needs, the event carries.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from remit.engine.state.folds import (
    batch,
    compensation,
    condition,
    decision,
    deployment,
    escalation,
    form,
    governance,
    identity,
    incident,
    job,
    message,
    partition,
    process_instance,
    signal,
    suspension,
    timer,
    user_task,
    variable,
)
from remit.engine.state.state import State
from remit.protocol.events import Event

Fold = Callable[[State, Any], None]

FOLDS: dict[type[Event], Fold] = {
    **process_instance.FOLDS,
    **variable.FOLDS,
    **job.FOLDS,
    **timer.FOLDS,
    **incident.FOLDS,
    **message.FOLDS,
    **deployment.FOLDS,
    **decision.FOLDS,
    **partition.FOLDS,
    **signal.FOLDS,
    **escalation.FOLDS,
    **condition.FOLDS,
    **user_task.FOLDS,
    **form.FOLDS,
    **governance.FOLDS,
    **compensation.FOLDS,
    **suspension.FOLDS,
    **batch.FOLDS,
    **identity.FOLDS,
}
"""One line per event; a shape test asserts that every event has one."""


def fold(state: State, event: Event) -> None:
    FOLDS[type(event)](state, event)
