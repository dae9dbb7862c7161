"""Revocation lists: what an authority takes back, and since when.

A list has an `epoch` that only grows; an older list never replaces a newer one. What was decided
before `since` stays valid (T19). When the list itself is past its `exp`, the actions that a grant
calls `fresh` are denied until a newer one arrives.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Literal

from msgspec import Struct, structs

from remit.authority import jws, policy
from remit.authority.errors import BadSignature, BadStatement
from remit.authority.keys import KeyRing, Signer
from remit.authority.limits import INTEGER, LIST_LENGTH


class Revocations(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`jtis` and `kids`: blocks and keys that are revoked, each since that second."""

    v: Literal[1] = 1
    iss: str
    epoch: int
    iat: int
    exp: int
    jtis: dict[str, int] = {}
    kids: dict[str, int] = {}


NOTHING_REVOKED = Revocations(iss="", epoch=0, iat=0, exp=INTEGER)


def mint_revocations(revocations: Revocations, signer: Signer) -> str:
    """The signed list."""
    return jws.sign("revocation", revocations, signer)


def read_revocations(
    token: str, ring: KeyRing, known: Revocations = NOTHING_REVOKED
) -> Revocations:
    """A verified list that may replace `known`.

    Raises Malformed, BadSignature, and BadStatement for another issuer's or an older list, and for one
    of the same epoch that lets go what is revoked.
    """
    envelope = jws.read(token, "revocation")
    revocations = policy.read(envelope.claims, Revocations)
    key = ring.key(envelope.kid, "authority", revocations.iat)
    if key.iss != revocations.iss:
        raise BadSignature(f"key {key.kid} speaks for {key.iss}, not for {revocations.iss}")
    envelope.verify(key)
    if known.iss not in ("", revocations.iss):
        raise BadStatement(f"a list of {revocations.iss} cannot replace one of {known.iss}")
    if revocations.epoch < known.epoch:
        raise BadStatement(f"epoch {revocations.epoch} is older than {known.epoch}")
    if revocations.epoch == known.epoch and not _revokes_all(revocations, known):
        raise BadStatement(
            f"epoch {known.epoch} has another list already: a list that revokes less has a higher epoch"
        )
    return revocations


def decode_revocations(token: str) -> Revocations:
    """What a list says, whoever has signed it. Raises Malformed."""
    return policy.read(jws.read(token, "revocation").claims, Revocations)


def carried_on(
    known: Revocations,
    new: Revocations,
    let_go: Collection[str] = (),
    let_go_kids: Collection[str] = (),
) -> Revocations:
    """`new` with all that `known` revokes, each since the first time, but for what is let go.

    Raises BadStatement for what would be let go and is not revoked, or is revoked anew.
    """
    jtis = _joined("grant", known.jtis, new.jtis, let_go)
    kids = _joined("key", known.kids, new.kids, let_go_kids)
    return structs.replace(new, jtis=jtis, kids=kids)


def _joined(
    kind: str, known: Mapping[str, int], new: Mapping[str, int], let_go: Collection[str]
) -> dict[str, int]:
    for name in let_go:
        if name not in known:
            raise BadStatement(f"{kind} '{name}' can't be let go: it is not revoked")
        if name in new:
            raise BadStatement(f"{kind} '{name}' can't be revoked and let go at once")
    kept = {name: since for name, since in known.items() if name not in let_go}
    joined = {**new, **{name: min(since, new.get(name, since)) for name, since in kept.items()}}
    if len(joined) > LIST_LENGTH:
        raise BadStatement(
            f"a list revokes at most {LIST_LENGTH} of a kind, and this would be {kind} {len(joined)}: "
            f"drop by name what has expired anyway"
        )
    return joined


def _revokes_all(new: Revocations, known: Revocations) -> bool:
    """Whatever is revoked by one is by the other, and as early."""
    return all(
        name in after and after[name] <= since
        for before, after in ((known.jtis, new.jtis), (known.kids, new.kids))
        for name, since in before.items()
    )
