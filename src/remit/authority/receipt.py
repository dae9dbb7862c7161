"""Statements about one step: a worker's receipt, and the re-anchoring of trust.

A receipt says that the worker itself asked the policy before its handler ran, and what the answer
was: admitted, denied, or left to the broker, which had facts that the worker was not shown (`partial`).
A re-anchoring says that somebody trusted (a person with a second factor) has looked at the data.
Both name the instance and the slope's head, so that neither can be used twice or elsewhere (T6).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from msgspec import UNSET, Struct, UnsetType

from remit.authority import canon, jws, policy
from remit.authority.errors import BadStatement
from remit.authority.evaluate import Authority, Decision
from remit.authority.keys import KeyRing, Signer
from remit.authority.partial import Left
from remit.authority.slope import Slope, anchors, lifted

TOLERANCE_MS = 30_000
"""How far a worker's clock may be from ours (T17)."""


class Receipt(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a worker decided about one job. `ctx` is the digest of the facts it looked at.

    `left` are the facts that it was not shown and `clause` asks about: the worker neither admits nor
    denies then (`admitted` is false, `left` not empty). Absent in every other receipt.
    """

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
    left: tuple[str, ...] | UnsetType = UNSET

    @property
    def is_left(self) -> bool:
        """Whether the question was left to the broker."""
        return self.left is not UNSET


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
    answer: Decision | Left,
    signer: Signer,
    *,
    job: str,
    head: str,
    nonce: str,
    now_ms: int,
) -> str:
    """The signed receipt of an answer, made by the worker. `head`: of the slope it was shown."""
    admitted, clause, left = _verdict(answer)
    receipt = Receipt(
        instance=authority.chain.subject.instance,
        job=job,
        chain=authority.chain.hash,
        action=action,
        ctx=facts_digest(authority, action, facts),
        admitted=admitted,
        clause=clause,
        head=head,
        nonce=nonce,
        ts_ms=now_ms,
        left=left,
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
    receipt: Receipt, authority: Authority, facts: Mapping[str, object], answer: Decision | Left
) -> str:
    """How the worker's answer differs from ours; empty when it does not (T12). Deny wins.

    `facts` are those that the worker was shown, and `answer` is ours over them.
    """
    admitted, clause, left = _verdict(answer)
    if (receipt.admitted, receipt.left) != (admitted, left):
        said = _told(receipt.admitted, receipt.clause, receipt.left, "admitted", "denied", "left")
        ours = _told(admitted, clause, left, "admits", "denies", "leaves")
        return f"the worker {said}, the broker {ours}"
    if receipt.ctx != facts_digest(authority, receipt.action, facts):
        return "the worker looked at other facts than the broker"
    if receipt.clause != clause:
        return f"the worker went by clause {receipt.clause}, the broker by {clause}"
    return ""


_Left = tuple[str, ...] | UnsetType


def _verdict(answer: Decision | Left) -> tuple[bool, str, _Left]:
    """Admitted; the deciding clause, or the one that was left; the facts that it was left for."""
    if isinstance(answer, Left):
        return False, answer.clause, answer.facts
    clause = answer.clauses[-1] if answer.clauses else answer.reason
    return answer.admitted, clause, UNSET


def _told(admitted: bool, clause: str, left: _Left, admits: str, denies: str, leaves: str) -> str:
    if left is not UNSET:
        return f"{leaves} clause {clause} open for {', '.join(left)}"
    return admits if admitted else f"{denies} by {clause}"


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
