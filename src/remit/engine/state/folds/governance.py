"""The policy that an instance carries, and how far trust has sunk in it."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from remit.engine.state.entities import Governed, Revoked
from remit.engine.state.state import State
from remit.protocol.events.governance import (
    EvaluatorsDisagreed,
    GovernanceEvent,
    OwnStepAdmitted,
    PolicyAttached,
    PolicyExpired,
    PolicySucceeded,
    RevocationsChanged,
    SlopeReanchored,
    StepAdmitted,
    StepRejected,
    WorkerAdmitted,
    WorkerDeferred,
    WorkerRejected,
)

REMEMBERED = 50
"""Rejections that are remembered, so that the same one is not told again and again (T27)."""


def attached(state: State, event: PolicyAttached) -> None:
    assert event.instance not in state.elements.rows, "a policy is there before its instance begins"
    state.governed.put(
        event.instance,
        Governed(event.instance, event.root, event.tokens, event.policy, event.slope),
    )


def admitted(state: State, event: StepAdmitted) -> None:
    row = state.governed[event.instance]
    if row.slope != event.slope:
        state.governed.put(event.instance, replace(row, slope=event.slope))


def rejected(state: State, event: StepRejected) -> None:
    row = state.governed.get(event.instance)
    if row is not None and event.about:
        rejections = (*row.rejections, event.about)[-REMEMBERED:]
        state.governed.put(event.instance, replace(row, rejections=rejections))


def succeeded(state: State, event: PolicySucceeded) -> None:
    row = state.governed[event.instance]
    changed = replace(row, tokens=event.tokens, policy=event.policy, rejections=())
    state.governed.put(event.instance, changed)


def revoked(state: State, event: RevocationsChanged) -> None:
    state.revocations.put(event.issuer, Revoked(event.issuer, event.epoch, event.token))


def reanchored(state: State, event: SlopeReanchored) -> None:
    row = state.governed[event.instance]
    state.governed.put(event.instance, replace(row, slope=event.slope))


def only_told(state: State, event: GovernanceEvent) -> None:
    """For the auditor: nothing changes by it."""


FOLDS: dict[Any, Any] = {
    PolicyAttached: attached,
    StepAdmitted: admitted,
    OwnStepAdmitted: only_told,
    StepRejected: rejected,
    WorkerAdmitted: only_told,
    WorkerRejected: only_told,
    WorkerDeferred: only_told,
    EvaluatorsDisagreed: only_told,
    PolicySucceeded: succeeded,
    RevocationsChanged: revoked,
    PolicyExpired: only_told,
    SlopeReanchored: reanchored,
}
