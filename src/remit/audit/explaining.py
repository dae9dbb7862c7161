"""One instance, step by step: what was done, by whom, under which clause of which grant, how trusted.

Read from the log alone. The instances that an instance calls are told with it, in the log's order.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from remit.audit.reading import batches
from remit.authority import AuthorityFault, jws
from remit.authority.redaction import personal_in
from remit.authority.slope import Slope
from remit.base.keys import partition_of
from remit.partition.log import open_batches
from remit.protocol.events.governance import (
    EvaluatorsDisagreed,
    OwnStepAdmitted,
    PolicyAttached,
    PolicySucceeded,
    ReceiptTaken,
    SlopeReanchored,
    StepAdmitted,
    StepRejected,
    WorkerDeferred,
)
from remit.protocol.values import NONE_KEY, Actor

WITHHELD = "(withheld: personal)"
"""What is told of a fact that the policy calls personal."""


LEFT = "left to the broker"
"""The reason of a receipt that neither admits nor denies: the step after it has the broker's answer."""


class Step(Struct, frozen=True, omit_defaults=True):
    """One line of the story. `clauses` are GRANT/CLAUSE, one for each block that was asked.

    `trust` is what floors were compared to after the step; -1 where the step changed nothing.
    `broken_glass` is why the actor has broken the glass, if it is so.
    """

    position: int
    at: str
    instance: int
    action: str
    element: str
    about: str
    actor: str
    method: str
    admitted: bool
    reason: str
    clauses: tuple[str, ...]
    facts: dict[str, Any]
    trust: int
    head: str
    policy: str
    broken_glass: str = ""


class _Standing(NamedTuple):
    """Where an instance stands: the hash of its policy, and the head and trust of its slope."""

    policy: str
    head: str
    trust: int


def explain(folder: Path, instance: int) -> Iterator[Step]:
    """The steps of `instance` and of those that it called; nothing for one without a policy.

    Facts that are personal variables are not told. Raises `ChainBroken` for a log that was changed.
    """
    blocks: dict[int, tuple[str, ...]] = {}
    standing: dict[int, _Standing] = {}
    personal: dict[int, frozenset[str]] = {}
    for turn in open_batches(batches(folder, partition_of(instance))):
        at = datetime.fromtimestamp(turn.timestamp / 1000, UTC).isoformat(timespec="milliseconds")
        for position, event in enumerate(turn.events, turn.position + 1):
            if isinstance(event, PolicyAttached):
                if event.instance == instance or event.parent in blocks:
                    blocks[event.instance] = names = block_names(event.tokens)
                    personal[event.instance] = personal_in(event.tokens)
                    slope = msgspec.msgpack.decode(event.slope, type=Slope)
                    standing[event.instance] = _Standing(event.policy, slope.head, slope.effective)
                    yield _attached(position, at, event, names, turn.header.actor)
            elif getattr(event, "instance", NONE_KEY) not in blocks:
                continue
            elif isinstance(event, OwnStepAdmitted):
                step = _own(position, at, event, blocks[event.instance], standing[event.instance])
                yield _without(step, personal[event.instance])
            elif isinstance(event, StepAdmitted | StepRejected):
                if isinstance(event, StepAdmitted):
                    trust = min(event.trust, event.low)
                    standing[event.instance] = _Standing(event.policy, event.head, trust)
                step = _decided(position, at, event, blocks[event.instance])
                yield _without(step, personal[event.instance])
                for also in event.also if isinstance(event, StepAdmitted) else ():
                    clauses = _clauses(blocks[event.instance], also.clauses)
                    with_it = replace(
                        step, action=also.action, facts=also.facts, clauses=clauses
                    )  # fmt: skip
                    yield _without(with_it, personal[event.instance])
            elif isinstance(event, ReceiptTaken):
                yield _receipt(position, at, event)
            elif isinstance(event, PolicySucceeded | SlopeReanchored):
                standing[event.instance] = _after(standing[event.instance], event)
                if isinstance(event, PolicySucceeded):
                    blocks[event.instance] = block_names(event.tokens)
                    personal[event.instance] |= personal_in(event.tokens)
                yield _changed(position, at, event, blocks[event.instance])


def _after(before: _Standing, event: PolicySucceeded | SlopeReanchored) -> _Standing:
    """Another policy, or more trust in the data; where it was re-anchored, nobody acts."""
    if isinstance(event, PolicySucceeded):
        return before._replace(policy=event.policy)
    slope = msgspec.msgpack.decode(event.slope, type=Slope)
    return before._replace(head=slope.head, trust=slope.effective)


def _without(step: Step, personal: frozenset[str]) -> Step:
    """A step without the values of personal variables; that they were read is told."""
    read = {name for name in step.facts if name.startswith("var.") and name[4:] in personal}
    if not read:
        return step
    return replace(
        step, facts={**step.facts, **dict.fromkeys(read, WITHHELD)}
    )  # fmt: skip


def block_names(tokens: tuple[str, ...]) -> tuple[str, ...]:
    """How the blocks of a chain are called; their signatures are for `verify` to check."""
    names = []
    for token in tokens:
        try:
            envelope = jws.read(token, "grant", "succ", "bind", "derive")
        except AuthorityFault:
            names.append("unreadable")
            continue
        is_grant = envelope.kind in ("grant", "succ")
        names.append(str(envelope.claims.get("jti", "")) if is_grant else envelope.kind)
    return tuple(names)


def _attached(
    position: int, at: str, event: PolicyAttached, names: tuple[str, ...], starter: Actor
) -> Step:
    """An instance begins under a policy: who has asked for it, where it is none that was called."""
    about = " + ".join(names)
    who, method = starter.id or "anonymous", starter.channel
    if event.parent != NONE_KEY:
        about += f", derived from {event.parent}"
        who = method = ""
    return Step(
        position, at, event.instance, "policy attached", "", about, who, method, True, "", (), {},
        -1, "", event.policy,
    )  # fmt: skip


def _receipt(position: int, at: str, event: ReceiptTaken) -> Step:
    """What the worker has said, signed with its key."""
    is_at_odds = isinstance(event, EvaluatorsDisagreed)
    said = event.difference if isinstance(event, EvaluatorsDisagreed) else event.clause
    reason = LEFT if isinstance(event, WorkerDeferred) else "receipt"
    return Step(
        position, at, event.instance, f"receipt for {event.action or 'nothing'}", event.element,
        str(event.job), event.signed_by, "key", event.admitted and not is_at_odds,
        "disagreement" if is_at_odds else reason, (said,), {}, -1, "", "",
    )  # fmt: skip


def _changed(
    position: int, at: str, event: PolicySucceeded | SlopeReanchored, names: tuple[str, ...]
) -> Step:
    """The policy was renewed, or trust re-anchored: who brought the signed statement."""
    if isinstance(event, PolicySucceeded):
        action, about, trust, head, policy = event.cause, " + ".join(names), -1, "", event.policy
    else:
        kid = jws.read(event.statement, "anchor").kid
        action, about, trust, head, policy = "re-anchored", f"by {kid}", event.low, event.head, ""
    return Step(
        position, at, event.instance, action, "", about, event.actor or "anonymous", event.method,
        True, action, (), {}, trust, head, policy,
    )  # fmt: skip


def _own(
    position: int, at: str, event: OwnStepAdmitted, names: tuple[str, ...], standing: _Standing
) -> Step:
    return Step(
        position, at, event.instance, event.action, event.element, event.about, "engine", "", True,
        "admitted", _clauses(names, event.clauses), event.facts, standing.trust, standing.head,
        standing.policy,
    )  # fmt: skip


def _clauses(names: tuple[str, ...], clauses: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(f"{name}/{clause}" for name, clause in zip(names, clauses, strict=False))


def _decided(
    position: int, at: str, event: StepAdmitted | StepRejected, names: tuple[str, ...]
) -> Step:
    admitted = isinstance(event, StepAdmitted)
    return Step(
        position, at, event.instance, event.action, event.element,
        event.about if isinstance(event, StepAdmitted) else "",
        (event.actor or "anonymous") if event.kind else "engine",
        event.method if event.kind else "",
        admitted,
        "admitted" if isinstance(event, StepAdmitted) else event.reason,
        _clauses(names, event.clauses), event.facts,
        min(event.trust, event.low) if isinstance(event, StepAdmitted) else -1,
        event.head, event.policy, event.broken_glass,
    )  # fmt: skip
