"""Minting: grants, bindings, derivations and successors.

A derivation never widens, whatever it says: the parent's blocks stay in the chain and each must
admit. What a caller asks for beyond the parent (time, depth) is cut to what the parent has.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from remit.authority import chain as chains
from remit.authority import jws
from remit.authority.chain import VerifiedBlock, VerifiedChain, verify_chain
from remit.authority.errors import BadLink, BadStatement
from remit.authority.keys import KeyRing, Signer
from remit.authority.limits import INTEGER
from remit.authority.policy import (
    Bind,
    BoundTo,
    Clause,
    Derive,
    DerivedFor,
    Duty,
    Grant,
    Holder,
    Initiator,
    Limits,
    Origin,
    Succession,
)

_AT_WORK: tuple[str, ...] = ("job.complete", "job.fail", "job.error")


class Attenuation(Struct, frozen=True, kw_only=True):
    """What a derivation takes away. `allow` None: no filter of its own."""

    allow: tuple[Clause, ...] | None = None
    deny: tuple[Clause, ...] = ()
    duty: tuple[Duty, ...] = ()
    slope: Limits | None = None
    exp: int = INTEGER
    del_max_depth: int = INTEGER


AS_IS = Attenuation()


def mint_grant(grant: Grant, signer: Signer) -> str:
    """A signed grant, or a signed succession."""
    return jws.sign("succ" if isinstance(grant, Succession) else "grant", grant, signer)


def succeed(old: VerifiedBlock, new: Grant) -> Succession:
    """`new` as the successor of `old`. Raises BadStatement unless name, issuer and revision fit."""
    grant = old.block
    if not isinstance(grant, Grant):
        raise BadStatement("only grants have successors")
    if (new.iss, new.jti, new.sub.tenant) != (grant.iss, grant.jti, grant.sub.tenant):
        raise BadStatement(
            "a successor has the issuer, the name and the tenant of what it replaces"
        )
    if new.rev <= grant.rev:
        raise BadStatement(f"a successor has a revision above {grant.rev}")
    replaces = grant.replaces if isinstance(grant, Succession) else old.hash
    fields = {name: getattr(new, name) for name in Grant.__struct_fields__ if name != "typ"}
    return Succession(typ="succ", replaces=replaces, **fields)


def with_successor(chain: VerifiedChain, token: str, ring: KeyRing) -> VerifiedChain:
    """The chain with one grant replaced. Raises what `verify_chain` does; never goes back (T31)."""
    block = chains.verify_block(token, ring)
    new = block.block
    if not isinstance(new, Succession):
        raise BadLink("not a successor")
    for index, each in enumerate(chain.blocks):
        old = each.block
        if isinstance(old, Grant) and (old.iss, old.jti) == (new.iss, new.jti):
            if new.rev <= old.rev:
                raise BadLink(f"revision {new.rev} is not above {old.rev}")
            tokens = (*chain.tokens[:index], token, *chain.tokens[index + 1 :])
            return verify_chain(tokens, ring)
    raise BadLink(f"the chain has no grant {new.jti} of {new.iss}")


def mint_binding(
    grants: Sequence[VerifiedBlock],
    to: BoundTo,
    initiator: Initiator,
    signer: Signer,
    *,
    jti: str,
    now: int,
    holders: Sequence[str] = (),
) -> str:
    """The binding of `grants` to one instance; how long it is valid, the grants say.

    `holders` may sign the next block; by default the signer itself.
    """
    block = binding(
        to,
        Holder(kids=tuple(holders) or (signer.kid,)),
        tuple(origin_of(each) for each in grants),
        initiator,
        min(_as_grant(each).del_max_depth for each in grants),
        jti=jti,
        now=now,
    )
    return jws.sign("bind", block, signer)


def binding(
    to: BoundTo,
    holder: Holder,
    grants: tuple[Origin, ...],
    initiator: Initiator,
    del_max_depth: int,
    *,
    jti: str,
    now: int,
) -> Bind:
    """The block that ties grants to one instance from `now` (seconds) on, not signed yet."""
    return Bind(
        v=1,
        typ="bind",
        jti=jti,
        iat=now,
        nbf=min(now, INTEGER),
        exp=INTEGER,
        sub=to,
        cnf=holder,
        grants=grants,
        initiator=initiator,
        del_max_depth=del_max_depth,
    )


def derive(
    parent: VerifiedChain,
    child: DerivedFor,
    signer: Signer,
    attenuation: Attenuation = AS_IS,
    *,
    jti: str,
    now: int,
    grants: Sequence[VerifiedBlock] = (),
    holders: Sequence[str] = (),
) -> tuple[str, ...]:
    """The tokens of a child's chain. `grants`: those of the called process itself, if any.

    Raises BadLink when the parent may not be passed on any further.
    """
    leaf = parent.leaf
    if leaf.del_depth >= leaf.del_max_depth:
        raise BadLink(f"{leaf.jti} may not be passed on: depth {leaf.del_depth} is the last")
    block = Derive(
        v=1,
        typ="derive",
        jti=jti,
        iat=now,
        nbf=max(leaf.nbf, now),
        exp=min(leaf.exp, attenuation.exp),
        par_hash=parent.blocks[-1].hash,
        sub=child,
        cnf=Holder(kids=tuple(holders) or (signer.kid,)),
        grants=tuple(origin_of(each) for each in grants),
        allow=attenuation.allow,
        deny=attenuation.deny,
        duty=attenuation.duty,
        slope=attenuation.slope,
        del_depth=leaf.del_depth + 1,
        del_max_depth=min(leaf.del_max_depth, attenuation.del_max_depth),
    )
    token = jws.sign("derive", block, signer)
    return (*parent.tokens, *(each.token for each in grants), token)


def derive_for_worker(
    parent: VerifiedChain,
    signer: Signer,
    *,
    job: str,
    element: str,
    worker_kid: str,
    deadline: int,
    jti: str,
    now: int,
) -> tuple[str, ...]:
    """A warrant for one job: complete, fail or throw an error, until its deadline (seconds)."""
    sub = parent.subject
    child = DerivedFor(
        to="worker",
        tenant=sub.tenant,
        process=sub.process,
        ver=sub.ver,
        instance=sub.instance,
        parent=sub.instance,
        element=element,
        job=job,
    )
    only = Clause(id="W1", do=_AT_WORK, on={"jobKey": {"eq": job}})
    narrowed = Attenuation(allow=(only,), exp=deadline)
    return derive(parent, child, signer, narrowed, jti=jti, now=now, holders=(worker_kid,))


def derive_for_call(
    parent: VerifiedChain,
    signer: Signer,
    *,
    process: str,
    version: int,
    instance: str,
    element: str,
    jti: str,
    now: int,
    to: Literal["call", "message", "migration"] = "call",
    tenant: str | None = None,
    attenuation: Attenuation = AS_IS,
    grants: Sequence[VerifiedBlock] = (),
) -> tuple[str, ...]:
    """The chain of a called process, of the one that a message starts, or of one that migrated."""
    sub = parent.subject
    child = DerivedFor(
        to=to,
        tenant=tenant or sub.tenant,
        process=process,
        ver=version,
        instance=instance,
        parent=sub.instance,
        element=element,
    )
    return derive(parent, child, signer, attenuation, jti=jti, now=now, grants=grants)


def origin_of(each: VerifiedBlock) -> Origin:
    """How a link names this grant; a successor is named as a grant of its own from here on."""
    grant = _as_grant(each)
    return Origin(hash=each.hash, iss=grant.iss, jti=grant.jti, rev=grant.rev)


def renewed(grant: Grant, *, now: int, exp: int) -> Grant:
    """The same rules with the next revision and a new validity."""
    return replace(grant, rev=grant.rev + 1, iat=now, nbf=now, exp=exp)


def _as_grant(each: VerifiedBlock) -> Grant:
    if not isinstance(each.block, Grant):
        raise BadLink("only grants can be bound")
    return each.block
