"""Binding: grants that are about to be tied to the instances of one process, checked once for all.

Whether the grants are genuine, are for this process, and name the holder that binds them does not depend
on the instance. What is left for each instance is its own block: written, signed, named.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from remit.authority import jws
from remit.authority.chain import (
    VerifiedBlock,
    VerifiedChain,
    check_links,
    check_size,
    verify_block,
)
from remit.authority.derive import binding, origin_of
from remit.authority.errors import BadLink
from remit.authority.evaluate import Authority, compile_chain
from remit.authority.keys import KeyRing, Signer
from remit.authority.policy import Bind, BoundTo, Grant, Holder, Initiator, Origin


@dataclass(frozen=True, slots=True, eq=False)
class Bindable:
    """Grants that `holder` may bind to instances of this version of a process."""

    grants: tuple[VerifiedBlock, ...]
    origins: tuple[Origin, ...]
    tenant: str
    process: str
    version: int
    holder: Holder
    del_max_depth: int

    def authority(self, chain: VerifiedChain) -> Authority:
        """A chain of ours, ready to be asked, while nothing is revoked. Raises PolicyError, BadLink."""
        return _model(self).rebound(chain)

    def bind(self, instance: str, initiator: Initiator, signer: Signer, now: int) -> VerifiedChain:
        """The chain of one instance, from `now` (seconds) on; how long it is valid, the grants say.

        What we have signed this moment need not be verified. Raises Malformed for a chain that is
        too long.
        """
        assert signer.kid in self.holder.kids, "the holder binds"
        block = self._block(instance, initiator, now)
        token, name = jws.sign_and_name("bind", block, signer)
        chain = VerifiedChain((*self.grants, VerifiedBlock(token, name, signer.kid, block)))
        check_size(chain.tokens)
        return chain

    def _block(self, instance: str, initiator: Initiator, now: int) -> Bind:
        to = BoundTo(tenant=self.tenant, process=self.process, ver=self.version, instance=instance)
        return binding(
            to, self.holder, self.origins, initiator, self.del_max_depth, jti=instance, now=now
        )

    def check(self) -> None:
        """Raises BadLink unless the links of every chain that comes of this hold."""
        check_links(self.example())

    def example(self) -> VerifiedChain:
        """A chain that differs from those of instances in what its binding says of them alone."""
        block = self._block("", Initiator(actor="", method="", domain=""), 0)
        kid = self.holder.kids[0]
        return VerifiedChain((*self.grants, VerifiedBlock("", "", kid, block)))


@lru_cache(maxsize=256)
def _model(grants: Bindable) -> Authority:
    """Compiled once for all instances that these grants are bound to."""
    return compile_chain(grants.example())


@lru_cache(maxsize=256)
def bindable(
    tokens: tuple[str, ...], ring: KeyRing, tenant: str, process: str, version: int, kid: str
) -> Bindable:
    """The grants in `tokens`, to be bound with the key `kid`.

    Raises Malformed, BadSignature, or BadLink: for what are no grants, or none for this process and
    holder. Faults are not cached.
    """
    grants = tuple(verify_block(each, ring) for each in tokens)
    if not grants or not all(isinstance(each.block, Grant) for each in grants):
        raise BadLink("it has to hold grants, at least one, and nothing else")
    found = Bindable(
        grants, tuple(origin_of(each) for each in grants), tenant, process, version,
        Holder(kids=(kid,)), min(each.block.del_max_depth for each in grants),
    )  # fmt: skip
    found.check()
    return found
