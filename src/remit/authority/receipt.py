"""Statements about one step: a worker's receipt, and the re-anchoring of trust.

A receipt says that the worker itself asked the policy before its handler ran, and what the answer
was. A re-anchoring says that somebody trusted (a person with a second factor) has looked at the data.
Both name the instance and the slope's head, so that neither can be used twice or elsewhere (T6).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from msgspec import Struct

from remit.authority import canon, jws, policy
from remit.authority.errors import BadStatement
from remit.authority.evaluate import Authority, Decision
from remit.authority.keys import KeyRing, Signer
from remit.authority.slope import Slope, anchors, lifted

TOLERANCE_MS = 30_000
"""How far a worker's clock may be from ours (T17)."""


class Receipt(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a worker decided about one job. `ctx` is the digest of the facts it looked at."""

    v: Literal[1] = 1
    instance: str
    job: str
    chain: str
    action: str
    ctx: str
    admitted: bool
    clause: str
    head: str
    nonce: str
    ts_ms: int


class Anchor(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`low` becomes this, if the slope's head is still `head`. Times in seconds."""

    v: Literal[1] = 1
    jti: str
    instance: str
    head: str
    low: int
    iat: int
    exp: int


def facts_digest(authority: Authority, action: str, facts: Mapping[str, object]) -> str:
    """Digest of the facts that matter for this action: two evaluators can compare what they saw."""
    return canon.digest(
        {name: _plain(facts[name]) for name in authority.referenced(action) if name in facts}
    )


def _plain(value: object) -> object:
    """Sets have no order, and fractions no canonical form."""
    if isinstance(value, set | frozenset | list | tuple):
        return sorted(str(item) for item in value)
    if value is None or isinstance(value, bool | int | str):
        return value
    return str(value)


def write_receipt(
    authority: Authority,
    action: str,
    facts: Mapping[str, object],
    decision: Decision,
    signer: Signer,
    *,
    job: str,
    head: str,
    nonce: str,
    now_ms: int,
) -> str:
    """The signed receipt of a decision, made by the worker. `head`: of the slope it was shown."""
    receipt = Receipt(
        instance=authority.chain.subject.instance,
        job=job,
        chain=authority.chain.hash,
        action=action,
        ctx=facts_digest(authority, action, facts),
        admitted=decision.admitted,
        clause=decision.clauses[-1] if decision.clauses else decision.reason,
        head=head,
        nonce=nonce,
        ts_ms=now_ms,
    )
    return jws.sign("receipt", receipt, signer)


def read_receipt(
    token: str,
    ring: KeyRing,
    *,
    instance: str,
    job: str,
    chain: str,
    head: str,
    nonce: str,
    now_ms: int,
) -> tuple[Receipt, str]:
    """The receipt and the key that signed it.

    Raises Malformed, BadSignature, and BadStatement when it is for another job, another policy,
    another moment, or was made for another nonce.
    """
    envelope = jws.read(token, "receipt")
    receipt = policy.read(envelope.claims, Receipt)
    envelope.verify(ring.key(envelope.kid, "worker", receipt.ts_ms // 1000))
    expected = {"instance": instance, "job": job, "chain": chain, "head": head, "nonce": nonce}
    for name, value in expected.items():
        if getattr(receipt, name) != value:
            raise BadStatement(f"the receipt is for {name} {getattr(receipt, name)}, not {value}")
    if abs(receipt.ts_ms - now_ms) > TOLERANCE_MS:
        raise BadStatement(
            f"the receipt's clock is {abs(receipt.ts_ms - now_ms)} ms away from ours"
        )
    return receipt, envelope.kid


def disagreement(
    receipt: Receipt, authority: Authority, facts: Mapping[str, object], decision: Decision
) -> str:
    """How the worker's decision differs from ours; empty when it does not (T12). Deny wins."""
    clause = decision.clauses[-1] if decision.clauses else decision.reason
    if receipt.admitted != decision.admitted:
        said = "admitted" if receipt.admitted else f"denied by {receipt.clause}"
        ours = "admits" if decision.admitted else f"denies by {clause}"
        return f"the worker {said}, the broker {ours}"
    if receipt.ctx != facts_digest(authority, receipt.action, facts):
        return "the worker looked at other facts than the broker"
    if receipt.clause != clause:
        return f"the worker went by clause {receipt.clause}, the broker by {clause}"
    return ""


def write_anchor(anchor: Anchor, signer: Signer) -> str:
    """The signed statement of whoever looked at the data."""
    return jws.sign("anchor", anchor, signer)


def reanchored(authority: Authority, token: str, ring: KeyRing, slope: Slope, now_ms: int) -> Slope:
    """The slope with `low` lifted.

    Raises Malformed, BadSignature, and BadStatement when the policy names another approver or a
    lower bound, or when the statement is for another instance or another state of the slope.
    """
    envelope = jws.read(token, "anchor")
    anchor = policy.read(envelope.claims, Anchor)
    envelope.verify(ring.key(envelope.kid, "approver", anchor.iat))
    permitted = anchors(authority.arithmetic.rules)
    if permitted is None or envelope.kid not in permitted.by:
        raise BadStatement(f"the policy does not let {envelope.kid} re-anchor trust")
    if not 0 <= anchor.low <= permitted.max:
        raise BadStatement(f"trust may be re-anchored up to {permitted.max}, not to {anchor.low}")
    if anchor.instance != authority.chain.subject.instance:
        raise BadStatement(f"the statement is for instance {anchor.instance}")
    if anchor.head != slope.head:
        raise BadStatement("the statement is for another state of the slope")
    if not anchor.iat * 1000 <= now_ms < anchor.exp * 1000:
        raise BadStatement("the statement is not valid at this time")
    return lifted(slope, anchor.low, envelope.hash)
