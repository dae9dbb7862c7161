"""One small world for the tests of this room: keys, a grant, an instance, its facts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec.structs import replace

from remit.authority import START, Hop, Signer, Slope, VerifiedChain, verify_chain
from remit.authority.chain import verify_block
from remit.authority.derive import mint_binding, mint_grant
from remit.authority.evaluate import Authority, Decision, compile_chain
from remit.authority.keys import KeyRing
from remit.authority.policy import (
    BoundTo,
    Clause,
    Duty,
    Grant,
    Holder,
    Initiator,
    Limits,
    Reanchor,
    SlopeRules,
    Subject,
)

ISSUER = "https://policy.acme.example"
NOW = 1_800_000_000
NOW_MS = NOW * 1000
INSTANCE = "2251799813685249"
CHILD = "2251799813685300"

acme = Signer("acme-1", b"a" * 32)
broker = Signer("broker-1", b"b" * 32)
worker = Signer("worker-1", b"w" * 32)
approver = Signer("approver-1", b"p" * 32)
auditor = Signer("audit-1", b"u" * 32)
stranger = Signer("stranger", b"s" * 32)

RING = KeyRing(
    [
        acme.public("authority", iss=ISSUER, tenants=("acme",)),
        broker.public("holder"),
        worker.public("worker"),
        approver.public("approver"),
        auditor.public("audit"),
    ]
)

SLOPE = SlopeRules(
    max_depth=4,
    floor=300,
    floors={"job.complete": 500},
    max_step_drop=400,
    max_xdom=1,
    decay={"engine": 20, "call": 50, "message": 80},
    caps={"spiffe://partner.example/": 480},
    reanchor=Reanchor(by=("approver-1",), max=900),
)

GRANT = Grant(
    v=1,
    typ="grant",
    jti="order-fulfilment",
    iss=ISSUER,
    rev=7,
    iat=NOW - 100,
    nbf=NOW - 100,
    exp=NOW + 1_000_000,
    sub=Subject(tenant="acme", process=("order",), ver=(3, None)),
    cnf=Holder(kids=("broker-1",)),
    allow=(
        Clause(
            id="A1",
            do=("job.activate", "job.complete", "job.fail"),
            on={"jobType": {"in": ["payment", "shipping"]}},
        ),
        Clause(id="A2", do=("var.write",), on={"varNames": {"sub": ["amount", "status"]}}),
        Clause(id="A3", do=("call.activity",), on={"calledProcess": {"eq": "billing"}}),
        Clause(id="A4", do=("element.enter", "flow.take")),
    ),
    deny=(Clause(id="D1", do=("job.complete",), on={"var.amount": {"min": 10_001}}),),
    duty=(
        Duty(
            id="U1",
            do=("job.complete",),
            on={"jobType": {"eq": "payment"}},
            need=("actor!=initiator",),
        ),
    ),
    on_deny={"default": "incident", "job.activate": "skip-worker"},
    del_max_depth=3,
)
"""A grant without a slope; `SLOPED` has one."""

SLOPED = replace(GRANT, slope=SLOPE)

ENTER: dict[str, object] = {
    "tenant": "acme",
    "process": "order",
    "version": 3,
    "instance": INSTANCE,
    "rootInstance": INSTANCE,
    "elementId": "pay",
    "elementType": "SERVICE_TASK",
    "scopeDepth": 0,
    "actor": "spiffe://acme.example/payments",
    "actorKind": "worker",
    "actorMethod": "svid",
    "initiator": "alice",
}
PAY: dict[str, object] = {**ENTER, "jobType": "payment", "jobKey": "77", "var.amount": 50}
"""Facts of completing a payment job; admitted by A1 under U1."""

WORKER_HOP = Hop("spiffe://acme.example/payments", "worker", "svid")


def chain_of(*grants: Grant, process: str = "order", instance: str = INSTANCE) -> VerifiedChain:
    """These grants bound to the instance."""
    blocks = [verify_block(mint_grant(grant, acme), RING) for grant in grants]
    binding = mint_binding(
        blocks,
        BoundTo(tenant="acme", process=process, ver=3, instance=instance),
        Initiator(actor="alice", method="human+mfa"),
        broker,
        jti="bind-1",
        now=NOW,
    )
    return verify_chain([*(block.token for block in blocks), binding], RING)


def authority_of(*grants: Grant) -> Authority:
    return compile_chain(chain_of(*(grants or (GRANT,))))


def admit(
    authority: Authority,
    action: str = "job.complete",
    facts: Mapping[str, object] = PAY,
    slope: Slope = START,
    hop: Hop | None = None,
    **changes: object,
) -> Decision:
    """Ask, with some facts changed: `admit(a, var_amount=5)`; None leaves a fact out."""
    given = {**facts, **{name.replace("_", ".", 1): value for name, value in changes.items()}}
    facts = {name: value for name, value in given.items() if value is not None}
    return authority.admit(action, facts, slope, NOW_MS, hop)


def started(authority: Authority, method: str = "human+mfa") -> Slope:
    """The slope of an instance that alice has started."""
    slope = authority.arithmetic.extend(START, Hop("alice", "initiator", method))
    return authority.arithmetic.extend(slope, Hop("engine", "engine"))


def allowing(*clauses: Clause, **more: Any) -> Grant:
    """A grant with just these allow clauses."""
    return replace(GRANT, allow=clauses, deny=(), duty=(), **more)


def bounded(**bounds: Any) -> Limits:
    return Limits(**bounds)


def reasons(decisions: Sequence[Decision]) -> list[str]:
    return [decision.reason for decision in decisions]
