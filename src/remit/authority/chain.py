"""Chains: from tokens to a verified policy of one instance.

    [grant|succ …] bind ─▶ [grant|succ …] derive ─▶ [grant|succ …] derive …
    └── segment ──────┘    └── segment ───────┘

Each segment ends with a link; the link lists, in order, the grants that stand before it in its
segment. A derivation names the block hash of the previous link (`par_hash`) and is signed by one of
the keys that link names as holder. So nothing can be dropped from the middle, reordered or spliced;
and a dropped tail shows because the last link must name the running instance (`check_runs`).

A successor stands in the place of the grant that the link lists: same issuer and tenant, same name
(`jti`), higher revision, `replaces` that grant's hash. Links need not be signed again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import lru_cache

from msgspec import Struct

from remit.authority import jws, limits, policy
from remit.authority.errors import BadLink, BadSignature, Malformed
from remit.authority.keys import KeyRing, Role
from remit.authority.policy import (
    Bind,
    Block,
    BoundTo,
    Derive,
    DerivedFor,
    Grant,
    Initiator,
    Link,
    Origin,
    Succession,
    check_clauses,
)


class VerifiedBlock(Struct, frozen=True, gc=False):
    """A block whose signature holds. `hash` names it, `kid` signed it."""

    token: str
    hash: str
    kid: str
    block: Block


class VerifiedChain:
    """A chain whose signatures and links hold. Whether it is valid *now* is asked at each step.

    `hash` is SHA-256 over the block hashes: names the chain, successors included. Immutable.
    """

    __slots__ = ("blocks", "hash", "tokens")

    def __init__(self, blocks: tuple[VerifiedBlock, ...]) -> None:
        self.blocks = blocks
        self.tokens = tuple([each.token for each in blocks])
        names = "".join([each.hash for each in blocks])
        self.hash = hashlib.sha256(names.encode()).hexdigest()

    @property
    def leaf(self) -> Link:
        return _as_link(self.blocks[-1])

    @property
    def subject(self) -> BoundTo | DerivedFor:
        """The instance that this chain is for."""
        return self.leaf.sub

    @property
    def initiator(self) -> Initiator:
        """Who started the root instance."""
        for each in self.blocks:
            if isinstance(each.block, Bind):
                return each.block.initiator
        raise AssertionError("a verified chain has a binding")

    @property
    def grants(self) -> tuple[Grant, ...]:
        return tuple(each.block for each in self.blocks if isinstance(each.block, Grant))

    def check_runs(self, tenant: str, process: str, version: int, instance: str) -> None:
        """Raises BadLink unless this chain is for exactly this instance (T3, T4, T6)."""
        sub = self.subject
        found = (sub.tenant, sub.process, sub.ver, sub.instance)
        if found != (tenant, process, version, instance):
            raise BadLink(
                f"the policy is for instance {sub.instance} of {sub.process} version {sub.ver} "
                f"(tenant {sub.tenant}), not for {instance} of {process} version {version} "
                f"(tenant {tenant})"
            )


def verify_chain(tokens: Sequence[str], ring: KeyRing) -> VerifiedChain:
    """Raises Malformed, BadSignature or BadLink."""
    check_size(tokens)
    chain = VerifiedChain(tuple(verify_block(token, ring) for token in tokens))
    check_links(chain)
    return chain


def check_size(tokens: Sequence[str], more: int = 0) -> None:
    """Raises Malformed for more, or longer, blocks than a chain may have; `more` letters are to come."""
    if not 2 <= len(tokens) <= limits.CHAIN_BLOCKS:
        raise Malformed(f"a chain has 2 to {limits.CHAIN_BLOCKS} blocks, found {len(tokens)}")
    if sum(map(len, tokens)) + more > limits.CHAIN_BYTES:
        raise Malformed(f"a chain has at most {limits.CHAIN_BYTES} bytes")


def verify_block(token: str, ring: KeyRing) -> VerifiedBlock:
    """One block with its signature checked; cached by the whole token and the key ring."""
    if not isinstance(token, str):
        raise Malformed("a block is text")
    return _verify_block(token, ring)


@lru_cache(maxsize=4096)
def _verify_block(token: str, ring: KeyRing) -> VerifiedBlock:
    """Sound as a cache: tokens and key rings never change. Faults are not cached."""
    envelope = jws.read(token, "grant", "succ", "bind", "derive")
    block: Block = policy.read(envelope.claims, policy.CLAIMS[envelope.kind])
    _check_block(block)
    role: Role = "authority" if isinstance(block, Grant) else "holder"
    key = ring.key(envelope.kid, role, block.iat)
    if isinstance(block, Grant):
        _check_issuer(block, key.iss, key.tenants)
    envelope.verify(key)
    return VerifiedBlock(token, envelope.hash, envelope.kid, block)


def _check_block(block: Block) -> None:
    if not block.jti:
        raise Malformed("a block has a name (jti)")
    if not block.nbf < block.exp:
        raise Malformed(f"valid from {block.nbf} until {block.exp}: never")
    if not block.cnf.kids:
        raise Malformed("a block names its holder (cnf.kids)")
    if block.del_max_depth < 0:
        raise Malformed("del_max_depth is negative")
    if not isinstance(block, Bind):
        check_clauses(block)


def _check_issuer(grant: Grant, iss: str | None, tenants: tuple[str, ...] | None) -> None:
    if grant.iss != iss:
        raise BadSignature(f"the key speaks for {iss}, not for {grant.iss}")
    if tenants is not None and grant.sub.tenant not in tenants:
        raise BadSignature(f"{iss} may not grant for tenant {grant.sub.tenant}")


def check_links(chain: VerifiedChain) -> None:
    """Raises BadLink unless the blocks follow from each other."""
    grants: list[VerifiedBlock] = []
    previous: VerifiedBlock | None = None
    for each in chain.blocks:
        if isinstance(each.block, Grant):
            grants.append(each)
            continue
        link = _as_link(each)
        _check_grants(each, link, grants)
        if previous is None:
            _check_first(link, grants)
        else:
            _check_derived(each, previous)
        grants, previous = [], each
    if grants or previous is None:
        raise BadLink("a chain ends with a binding or a derivation")
    count = sum(check_clauses(e.block) for e in chain.blocks if not isinstance(e.block, Bind))
    if count > limits.CLAUSES:
        raise Malformed(f"{count} clauses in one chain; at most {limits.CLAUSES}")


_LINKS = (Bind, Derive)


def _as_link(each: VerifiedBlock) -> Link:
    block = each.block
    assert isinstance(block, _LINKS)
    return block


def _check_grants(each: VerifiedBlock, link: Link, grants: list[VerifiedBlock]) -> None:
    """The link lists exactly these grants, is signed by their holder, and is what they are for."""
    if len(link.grants) != len(grants):
        raise BadLink(f"{link.jti} lists {len(link.grants)} grants, {len(grants)} stand before it")
    sub = link.sub
    for origin, found in zip(link.grants, grants, strict=True):
        grant = found.block
        assert isinstance(grant, Grant)
        _check_origin(origin, found.hash, grant)
        if each.kid not in grant.cnf.kids:
            raise BadLink(f"grant {grant.jti} does not name key {each.kid} as its holder")
        if not grant.sub.admits(sub.tenant, sub.process, sub.ver):
            raise BadLink(
                f"grant {grant.jti} is not for {sub.process} version {sub.ver} of {sub.tenant}"
            )


def _check_origin(origin: Origin, found: str, grant: Grant) -> None:
    if (origin.iss, origin.jti) != (grant.iss, grant.jti):
        raise BadLink(f"expected grant {origin.jti} of {origin.iss}, found {grant.jti}")
    if not isinstance(grant, Succession):
        if (origin.hash, origin.rev) != (found, grant.rev):
            raise BadLink(f"grant {grant.jti} is not the one that was bound")
    elif grant.replaces != origin.hash:
        raise BadLink(f"successor {grant.jti} replaces another grant")
    elif grant.rev <= origin.rev:
        raise BadLink(f"successor {grant.jti} has revision {grant.rev}, not above {origin.rev}")


def _check_first(link: Link, grants: list[VerifiedBlock]) -> None:
    if not isinstance(link, Bind):
        raise BadLink("a chain starts with grants and their binding")
    if not grants:
        raise BadLink("a binding without a grant")
    most = min(each.block.del_max_depth for each in grants)
    if link.del_max_depth > most:
        raise BadLink(f"may be delegated {most} times, the binding says {link.del_max_depth}")


def _check_derived(each: VerifiedBlock, previous: VerifiedBlock) -> None:
    child, parent = each.block, _as_link(previous)
    if not isinstance(child, Derive):
        raise BadLink("a second binding")
    if child.par_hash != previous.hash:
        raise BadLink(f"{child.jti} does not follow from {parent.jti}")
    if each.kid not in parent.cnf.kids:
        raise BadLink(f"{parent.jti} does not name key {each.kid} as its holder")
    if child.del_depth != parent.del_depth + 1 or child.del_depth > parent.del_max_depth:
        raise BadLink(f"depth {child.del_depth} is not allowed after {parent.del_depth}")
    if child.del_max_depth > parent.del_max_depth:
        raise BadLink("a derivation may not be passed on further than what it comes from")
    if child.exp > parent.exp or child.nbf < parent.nbf:
        raise BadLink("a derivation is not valid outside of what it comes from")
    _check_instance(child.sub, parent.sub)


def _check_instance(child: DerivedFor, parent: BoundTo | DerivedFor) -> None:
    if child.parent != parent.instance:
        raise BadLink(f"derived from instance {child.parent}, the parent is {parent.instance}")
    if child.to == "worker":
        same = (child.instance, child.process, child.tenant, child.ver)
        if same != (parent.instance, parent.process, parent.tenant, parent.ver) or not child.job:
            raise BadLink("a worker's derivation is for one job of the same instance")
    elif child.to == "migration":
        if (child.instance, child.tenant) != (parent.instance, parent.tenant) or child.job:
            raise BadLink("a migrated instance stays the same instance of the same tenant")
    elif child.instance == parent.instance or child.job is not None:
        raise BadLink("a called process is an instance of its own")
