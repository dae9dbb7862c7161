"""Which policy an instance carries: where it comes from, and where it goes on to."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from remit.authority import AuthorityFault, Hop, compile_chain, verify_block, verify_chain
from remit.authority.binding import Bindable, bindable
from remit.authority.chain import VerifiedBlock, VerifiedChain
from remit.authority.derive import derive_for_call, with_successor
from remit.authority.policy import Grant, Initiator
from remit.authority.receipt import reanchored
from remit.authority.revocation import read_revocations
from remit.authority.slope import START
from remit.base.errors import Denied, InvalidArgument, InvalidState
from remit.engine import incidents
from remit.engine.definitions import Definition
from remit.engine.faults import IncidentRaised
from remit.engine.governance.asking import StepDenied, admit_beginning, passes
from remit.engine.governance.carried import (
    authority_of,
    decode_slope,
    encode_slope,
    governed_row,
    known_revocations,
    remember_authority,
    signed_chain,
)
from remit.engine.governance.governor import Governor, governor_of, make_room, signed_blocks
from remit.engine.governance.questions import hop_of
from remit.engine.governance.telling import tell
from remit.engine.run import Run
from remit.engine.state.entities import ElementInstance, Governed
from remit.protocol.events.governance import (
    GovernanceEvent,
    PolicyAttached,
    PolicyExpired,
    PolicySucceeded,
    RevocationsChanged,
    SlopeReanchored,
    StepRejected,
)
from remit.protocol.replies import PolicyShown
from remit.protocol.values import NONE_KEY, POLICY, Document


def without_policy(run: Run, element: ElementInstance, document: Document) -> Document:
    """Variables without the reserved one: an unchanged echo is taken silently, anything else denied."""
    if POLICY not in document:
        return document
    row = governed_row(run, element)
    if row is None or document[POLICY] != list(run.state.blocks_of(row)):
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
    key, governor = unborn.key, governor_of(run)
    if given.__class__ is not list or not all(each.__class__ is str for each in given):
        raise InvalidArgument(f"Expected '{POLICY}' to be a list of signed blocks")
    row, actor = definition.row, run.actor
    hop = hop_of(actor, "initiator")
    initiator = _initiator(hop)
    try:
        grants = bindable(
            (*_standing(governor, definition), *given), governor.ring, row.tenant, row.process_id,
            row.version, governor.signer.kid,
        )  # fmt: skip
        chain = grants.bind(str(key), initiator, run.now // 1000)
        revoked = known_revocations(run)
        authority = compile_chain(chain, revoked) if revoked else grants.authority(chain)
    except AuthorityFault as fault:
        raise InvalidArgument(
            f"Expected a policy for process '{row.process_id}', but it can't be taken: {fault}"
        ) from fault
    make_room(run)
    remember_authority(run, authority, unborn, row)
    slope = authority.arithmetic.extend(START, hop)
    begins, stem = _shared(run, grants, chain, key)
    run.emit(
        PolicyAttached(
            key, key, row.key, key, chain.tokens, chain.hash, encode_slope(slope), NONE_KEY,
            row.tenant, b"", begins, stem,
        )
    )  # fmt: skip
    if passes(run, unborn, "instance.create", unborn.element):
        return
    begun = {
        **facts, "actor": initiator.actor, "actorKind": "initiator",
        "actorMethod": initiator.method, "actorDomain": initiator.domain,
    }  # fmt: skip
    admit_beginning(run, unborn, begun)


def _shared(run: Run, grants: Bindable, chain: VerifiedChain, key: int) -> tuple[int, int]:
    """Whose blocks begin like those of this new instance, its own `key` if nobody's; and how many
    letters of the last one are the same."""
    begin = grants.begin
    known = run.state.beginnings.of(begin)
    return (known[0] if known else key), len(begin[-1])


@lru_cache(maxsize=1024)
def _initiator(hop: Hop) -> Initiator:
    return Initiator(actor=hop.actor, method=hop.method, domain=hop.domain)


def gives_or_requires(run: Run) -> bool:
    """Whether this broker has something to say of an instance that comes without a policy."""
    governor: Governor | None = run.state.governor
    return governor is not None and bool(governor.standing or governor.requires)


def begin(
    run: Run, definition: Definition, unborn: ElementInstance, given: Any, facts: Document
) -> None:
    """An instance is about to begin, with the policy that came with it (None: none came).

    Raises what `attach` does, and Denied where a policy is required and there is none.
    """
    governor: Governor | None = run.state.governor
    if given is None and not gives_or_requires(run):
        return
    if given is None and governor is not None and not _standing(governor, definition):
        if governor.requires:
            raise Denied(
                f"Expected an instance of process '{definition.row.process_id}' to begin with a policy, "
                f"since this broker requires one, but it came with none"
            )
        return
    run.state.resident[unborn.key] = None
    source = "broker" if given is None else "request"
    attach(run, definition, unborn, given or [], {**facts, "policySource": source})


def begin_by_event(
    run: Run, definition: Definition, unborn: ElementInstance, start: str, variables: Document
) -> bool:
    """The same for an instance that an event starts; False when it may not begin."""
    if run.state.governor is None:
        return True
    mark = run.mark()
    facts: Document = {"varNames": tuple(sorted(variables)), "startElement": start}
    try:
        begin(run, definition, unborn, None, facts)
    except StepDenied as fault:
        run.undo(mark)
        for event in fault.events:
            tell(run, event)
        return False
    except Denied:
        run.undo(mark)
        return False
    return True


def added_standing(run: Run, parent: VerifiedChain, definition: Definition) -> list[VerifiedBlock]:
    """The standing grants for this process that a chain does not have already."""
    governor = governor_of(run)
    found = _standing(governor, definition)
    return [verify_block(each, governor.ring) for each in found if each not in parent.tokens]


def _standing(governor: Governor, definition: Definition) -> list[str]:
    """The standing grants that are for this process."""
    row, found = definition.row, []
    for token in governor.standing:
        block = verify_block(token, governor.ring).block
        if isinstance(block, Grant) and block.sub.admits(row.tenant, row.process_id, row.version):
            found.append(token)
    return found


def derive_child(run: Run, caller: ElementInstance, definition: Definition, child: int) -> None:
    """A called process carries what its caller's policy leaves of itself; see `check_derivable`."""
    row = governed_row(run, caller)
    if row is None:
        return
    governor, parent = governor_of(run), signed_chain(run, row)
    called = definition.row
    tokens = derive_for_call(
        parent, governor.signer, process=called.process_id, version=called.version,
        instance=str(child), element=caller.element, jti=str(child), now=run.now // 1000,
        grants=added_standing(run, parent, definition),
    )  # fmt: skip
    chain = verify_chain(tokens, governor.ring)
    authority = compile_chain(chain, known_revocations(run))
    slope = authority.arithmetic.extend(decode_slope(row.slope), Hop(called.process_id, "call"))
    run.emit(
        PolicyAttached(
            child, child, called.key, caller.root, chain.tokens, chain.hash, encode_slope(slope),
            caller.instance, called.tenant,
        )
    )  # fmt: skip


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


def rebind(run: Run, instance: ElementInstance, target: Definition) -> None:
    """The instance goes on in another definition: one more link of its chain, which takes nothing
    away and adds nothing."""
    row = governed_row(run, instance)
    if row is None:
        return
    to = target.row
    tokens = derive_for_call(
        signed_chain(run, row), governor_of(run).signer, to="migration",
        process=to.process_id, version=to.version, instance=str(instance.key), element="",
        jti=f"{instance.key}/{run.now}", now=run.now // 1000,
    )  # fmt: skip
    _succeeded(run, instance, tokens, "migration")


def check_rebindable(run: Run, instance: ElementInstance) -> None:
    """Raises InvalidState when the policy of an instance may not be passed on any further."""
    row = governed_row(run, instance)
    if row is None:
        return
    leaf = authority_of(run, row).chain.leaf
    if leaf.del_depth >= leaf.del_max_depth:
        raise InvalidState(
            f"Expected to migrate process instance '{instance.key}', but its policy '{leaf.jti}' may "
            f"not be passed on: depth {leaf.del_depth} is the last"
        )


def renew(run: Run, instance: ElementInstance, successor: str) -> None:
    """The successor of a grant takes its place, here and in every instance that was derived from it.

    Raises InvalidArgument for what succeeds nothing here.
    """
    ring = governor_of(run).ring
    rows = [each for each in run.state.governed.rows.values() if each.root == instance.root]
    renewed = 0
    for row in rows:
        try:
            chain = with_successor(signed_chain(run, row), successor, ring)
        except AuthorityFault as fault:
            if row.key == instance.key:
                raise InvalidArgument(
                    f"Expected the successor of a grant of process instance '{instance.key}', but "
                    f"{fault}"
                ) from fault
            continue
        _succeeded(run, run.element(row.key), chain.tokens, "renewal")
        renewed += 1
    assert renewed, "the instance itself is among them"


def _succeeded(run: Run, instance: ElementInstance, tokens: tuple[str, ...], cause: str) -> None:
    chain = verify_chain(tokens, governor_of(run).ring)
    actor = run.actor
    run.emit(
        PolicySucceeded(
            run.new_key(), instance.key, instance.definition, tokens, chain.hash, cause, actor.id,
            actor.method, instance.tenant,
        )
    )  # fmt: skip


def reanchor(run: Run, instance: ElementInstance, statement: str) -> None:
    """Trust in the instance's data is lifted. Raises InvalidArgument for a statement that does not."""
    row = governed_row(run, instance)
    if row is None:
        raise _ungoverned(instance.key)
    authority, actor = authority_of(run, row), run.actor
    slope = decode_slope(row.slope)
    try:
        after = reanchored(authority, statement, governor_of(run).ring, slope, run.now)
    except AuthorityFault as fault:
        raise InvalidArgument(
            f"Expected a statement that re-anchors the trust of process instance '{instance.key}', "
            f"but {fault}"
        ) from fault
    run.emit(
        SlopeReanchored(
            run.new_key(), instance.key, instance.definition, statement, encode_slope(after),
            after.head, after.low, actor.id, actor.method, instance.tenant,
        )
    )  # fmt: skip


def shown(run: Run, instance: ElementInstance) -> PolicyShown:
    row = governed_row(run, instance)
    if row is None:
        raise _ungoverned(instance.key)
    slope = decode_slope(row.slope)
    blocks = signed_blocks(run, row)
    return PolicyShown(instance.key, blocks, slope.head, slope.trust, slope.low)


def revoke(run: Run, token: str) -> int:
    """A signed list replaces the one before; the same one again changes nothing. Returns its epoch.

    Raises InvalidArgument for a list that nobody known signed, or that is older than ours.
    """
    ring = governor_of(run).ring
    try:
        new = read_revocations(token, ring)
        known = run.state.revocations.get(new.iss)
        if known is not None:
            read_revocations(token, ring, read_revocations(known.token, ring))
    except AuthorityFault as fault:
        raise InvalidArgument(f"Expected a list of revocations to be taken, but {fault}") from fault
    if known is None or known.token != token:
        run.emit(RevocationsChanged(run.new_key(), new.iss, new.epoch, token))
    return new.epoch


EXPIRED = "policy-expired"
"""The stage of an incident at the process: there is nothing to play again."""


def after_denial(run: Run, event: GovernanceEvent) -> None:
    """A step that came when the policy's time was over."""
    if isinstance(event, StepRejected) and event.reason == "$validity":
        row = run.state.governed.get(event.instance)
        if row is not None:
            _expired(run, row)


def tell_if_expired(run: Run, instance: int) -> None:
    """Where a worker may not have a job of this instance. It makes no incident, as another worker may;
    under a policy that has expired nobody may, and the instance would stand still unseen."""
    row = run.state.governed[instance]
    blocks = authority_of(run, row).blocks
    if not all(each.nbf_ms <= run.now < each.exp_ms for each in blocks):
        _expired(run, row)


def _expired(run: Run, row: Governed) -> None:
    """A policy whose time is over is told of once, with an incident at the process (T18)."""
    instance = run.state.elements.get(row.key)
    if instance is None:
        return
    if any(each.stage == EXPIRED for each in run.state.incidents.values_of(instance.key)):
        return
    run.emit(
        PolicyExpired(run.new_key(), instance.key, instance.definition, row.policy, instance.tenant)
    )
    fault = IncidentRaised(
        "UNSPECIFIED",
        f"Expected the policy of process instance '{instance.key}' to be valid at this time, but it is "
        f"not: renew it with a successor, then resolve this incident",
    )
    incidents.create(run, instance, fault, stage=EXPIRED)


def _ungoverned(key: int) -> InvalidState:
    return InvalidState(f"Expected process instance '{key}' to carry a policy, but it carries none")
