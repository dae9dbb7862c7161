"""Which policy an instance carries: where it comes from, and where it goes on to."""

from __future__ import annotations

from typing import Any

from remit.authority import AuthorityFault, Hop, Slope, compile_chain, verify_block, verify_chain
from remit.authority.derive import derive_for_call, mint_binding
from remit.authority.policy import BoundTo, Grant, Initiator
from remit.authority.slope import START
from remit.base.errors import Denied, InvalidArgument
from remit.engine.definitions import Definition
from remit.engine.faults import IncidentRaised
from remit.engine.governance.asking import (
    admit_beginning,
    authority_of,
    decode_slope,
    domain_of,
    encode_slope,
    governed_row,
    governor_of,
)
from remit.engine.run import Run
from remit.engine.state.entities import ElementInstance
from remit.protocol.events.governance import PolicyAttached
from remit.protocol.values import NONE_KEY, Document

POLICY = "_policy"
"""The reserved variable: a list of signed blocks. It is never among the variables of an instance."""


def tokens_of(run: Run, element: ElementInstance) -> tuple[str, ...]:
    """The signed blocks that a worker gets along with a job; none for an ungoverned instance."""
    row = governed_row(run, element)
    return () if row is None else row.tokens


def without_policy(run: Run, element: ElementInstance, document: Document) -> Document:
    """Variables without the reserved one: an unchanged echo is taken silently, anything else denied."""
    if POLICY not in document:
        return document
    row = governed_row(run, element)
    if row is None or document[POLICY] != list(row.tokens):
        raise Denied(
            f"Expected variables without '{POLICY}': it is reserved for the policy of an instance, and "
            f"no command changes that"
        )
    return {name: value for name, value in document.items() if name != POLICY}


def attach(
    run: Run, definition: Definition, unborn: ElementInstance, given: Any, facts: Document
) -> None:
    """Bind the grants that came with a creation to the new instance, and admit the creation itself.

    `facts` are those of the creation. Raises InvalidArgument for what is no policy that this broker
    can take, `StepDenied` when the policy does not let it begin.
    """
    key = unborn.key
    governor = governor_of(run)
    if not isinstance(given, list) or not all(isinstance(each, str) for each in given):
        raise InvalidArgument(f"Expected '{POLICY}' to be a list of signed blocks")
    row, actor = definition.row, run.actor
    bound = BoundTo(tenant=row.tenant, process=row.process_id, ver=row.version, instance=str(key))
    initiator = Initiator(
        actor=actor.id or "anonymous", method=actor.method, domain=domain_of(actor)
    )
    try:
        grants = [verify_block(each, governor.ring) for each in given]
        if not grants or not all(isinstance(each.block, Grant) for each in grants):
            raise InvalidArgument(f"Expected '{POLICY}' to hold grants, at least one")
        binding = mint_binding(
            grants, bound, initiator, governor.signer, jti=str(key), now=run.now // 1000
        )
        chain = verify_chain((*given, binding), governor.ring)
        chain.check_runs(row.tenant, row.process_id, row.version, str(key))
        authority = compile_chain(chain, governor.revocations)
    except AuthorityFault as fault:
        raise InvalidArgument(
            f"Expected a policy for process '{row.process_id}', but it can't be taken: {fault}"
        ) from fault
    hop = Hop(initiator.actor, "initiator", initiator.method, initiator.domain)
    slope = authority.arithmetic.extend(START, hop)
    _attached(run, definition, key, key, chain.tokens, chain.hash, slope, NONE_KEY)
    begun = {
        **facts, "actor": initiator.actor, "actorKind": "initiator",
        "actorMethod": initiator.method, "actorDomain": initiator.domain,
    }  # fmt: skip
    admit_beginning(run, unborn, begun)


def derive_child(run: Run, caller: ElementInstance, definition: Definition, child: int) -> None:
    """A called process carries what its caller's policy leaves of itself; see `check_derivable`."""
    row = governed_row(run, caller)
    if row is None:
        return
    governor, parent = governor_of(run), authority_of(run, row)
    called = definition.row
    tokens = derive_for_call(
        parent.chain, governor.signer, process=called.process_id, version=called.version,
        instance=str(child), element=caller.element, jti=str(child), now=run.now // 1000,
    )  # fmt: skip
    chain = verify_chain(tokens, governor.ring)
    authority = compile_chain(chain, governor.revocations)
    slope = authority.arithmetic.extend(decode_slope(row.slope), Hop(called.process_id, "call"))
    _attached(run, definition, child, caller.root, chain.tokens, chain.hash, slope, caller.instance)


def check_derivable(run: Run, caller: ElementInstance) -> None:
    """Raises `IncidentRaised` when the caller's policy may not be passed on any further."""
    row = governed_row(run, caller)
    if row is None:
        return
    leaf = authority_of(run, row).chain.leaf
    if leaf.del_depth >= leaf.del_max_depth:
        raise IncidentRaised(
            "CALLED_ELEMENT_ERROR",
            f"Expected '{caller.element}' to call a process, but its policy '{leaf.jti}' may not be "
            f"passed on: depth {leaf.del_depth} is the last",
        )


def _attached(
    run: Run,
    definition: Definition,
    key: int,
    root: int,
    tokens: tuple[str, ...],
    policy: str,
    slope: Slope,
    parent: int,
) -> None:
    run.emit(
        PolicyAttached(
            key, key, definition.row.key, root, tokens, policy, encode_slope(slope), parent,
            definition.row.tenant,
        )
    )  # fmt: skip
