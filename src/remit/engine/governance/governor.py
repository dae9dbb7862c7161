"""The governor: what a partition trusts, and how it signs what it binds.

    attach ─▶ unsigned ─▶ sign ─▶ POLICIES_SIGNED: each row has what leads from its block to the root

One signature is for all bindings that wait for one. Nobody outside is shown a block without: who needs
one has it signed first, with the others; and a partition signs what is left before it stores a batch.
"""

from __future__ import annotations

from dataclasses import dataclass

from remit.authority import KeyRing, Signer
from remit.authority.together import MOST, sign_together
from remit.base.errors import InvalidArgument
from remit.engine.run import Run
from remit.engine.state.entities import Governed
from remit.protocol.events.governance import PoliciesSigned


@dataclass(frozen=True)
class Governor:
    """What a partition trusts and signs with. Without one, no instance can carry a policy.

    `standing` are grants that every instance begins under that they are for, whatever else it brings;
    `requires`: nothing begins without a policy.
    """

    ring: KeyRing
    signer: Signer
    standing: tuple[str, ...] = ()
    requires: bool = False


def governor_of(run: Run) -> Governor:
    """Raises InvalidArgument where nobody is trusted."""
    governor: Governor | None = run.state.governor
    if governor is None:
        raise InvalidArgument(
            "Expected to take a policy, but this broker trusts no keys: start it with --policy-keys and "
            "--holder-key"
        )
    return governor


def sign(run: Run) -> None:
    """All bindings that wait for their signature."""
    rows = run.state.unsigned.rows
    if rows:
        signer = governor_of(run).signer
        signature = sign_together([each.leaf for each in rows.values()], signer)
        run.emit(PoliciesSigned(run.new_key(), tuple(rows), signer.kid, signature))


def make_room(run: Run) -> None:
    """For one binding more that is signed together with the others."""
    if len(run.state.unsigned.rows) >= MOST:
        sign(run)


def signed_blocks(run: Run, row: Governed) -> tuple[str, ...]:
    """The blocks that an instance carries, as others may see them."""
    if row.key in run.state.unsigned:
        sign(run)
        row = run.state.governed[row.key]
    return run.state.blocks_of(row)
