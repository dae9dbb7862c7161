"""The policy that an instance carries, and how far trust has sunk in it."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from remit.authority.duties import count_actor
from remit.authority.together import third_parts, waiting_leaf
from remit.engine.state.entities import Beginning, Governed, Revoked, Unsigned
from remit.engine.state.state import State
from remit.protocol.events.governance import (
    EvaluatorsDisagreed,
    GovernanceEvent,
    OwnStepAdmitted,
    PoliciesSigned,
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
from remit.protocol.values import NONE_KEY

REMEMBERED = 50
"""Rejections that are remembered, so that the same one is not told again and again (T27)."""


def attached(state: State, event: PolicyAttached) -> None:
    assert event.instance not in state.elements.rows, "a policy is there before its instance begins"
    tokens = event.tokens
    last = tokens[-1]
    leaf = waiting_leaf(last)
    if leaf is not None:
        state.unsigned.put(event.instance, Unsigned(event.instance, leaf))
    if event.begins != NONE_KEY:
        _begin(state, event)
        tokens = (last[event.stem :],)
    row = Governed(
        event.instance, event.root, tokens, event.policy, event.slope, (), event.begins
    )  # fmt: skip
    state.governed.put(event.instance, row)


def signed(state: State, event: PoliciesSigned) -> None:
    unsigned = state.unsigned
    leaves = [unsigned[key].leaf for key in event.instances]
    for key, part in zip(event.instances, third_parts(leaves, event.signature), strict=True):
        unsigned.delete(key)
        row = state.governed.get(key)
        if row is not None:
            state.governed.put(key, replace(row, signature=part))


def _begin(state: State, event: PolicyAttached) -> None:
    """One instance more whose blocks begin like this."""
    key, tokens = event.begins, event.tokens
    known = state.beginning(key)
    if known is None:
        known = Beginning(key, (*tokens[:-1], tokens[-1][: event.stem]), 0)
    state.beginnings.put(key, Beginning(key, known.blocks, known.count + 1))


def forget(state: State, instance: int) -> None:
    """The instance has ended: nothing of its policy is left."""
    row = state.governed.rows[instance]
    state.authority_cache.pop(row.policy, None)
    state.governed.delete(instance)
    _release(state, row)


def _release(state: State, row: Governed) -> None:
    """One instance less whose blocks begin like this; the last one takes them along."""
    shared = None if row.begins == NONE_KEY else state.beginning(row.begins)
    if shared is None:
        return
    if shared.count > 1:
        state.beginnings.put(shared.key, Beginning(shared.key, shared.blocks, shared.count - 1))
    else:
        state.beginnings.delete(shared.key)


def admitted(state: State, event: StepAdmitted) -> None:
    row = state.governed[event.instance]
    if row.slope != event.slope:
        state.governed.put(event.instance, replace(row, slope=event.slope))
    if event.action == "usertask.complete":
        _acted(state, row.root, event.actor or "anonymous", event.scope)


def _acted(state: State, root: int, actor: str, task: int) -> None:
    """Somebody completes a user task: from here on, whoever has to be another is not that one."""
    row = state.governed[root]
    acted = dict(row.acted)
    count_actor(acted, actor, task)
    state.governed.put(root, replace(row, acted=tuple(acted.items())))


def rejected(state: State, event: StepRejected) -> None:
    row = state.governed.get(event.instance)
    if row is not None and event.about:
        rejections = (*row.rejections, event.about)[-REMEMBERED:]
        state.governed.put(event.instance, replace(row, rejections=rejections))


def succeeded(state: State, event: PolicySucceeded) -> None:
    row = state.governed[event.instance]
    _release(state, row)
    changed = replace(
        row, tokens=event.tokens, policy=event.policy, rejections=(), begins=NONE_KEY, signature=b""
    )  # fmt: skip
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
    PoliciesSigned: signed,
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
