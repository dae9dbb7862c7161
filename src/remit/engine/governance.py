"""Governance: a step of an instance is admitted against the policy that it carries, before it happens.

The policy comes with the creation of an instance, as signed grants under the reserved variable
`_policy`; the broker, a holder that the grants name, binds them to the one instance. A called process
carries a derivative of its caller's policy, which can only take away. Without a policy nothing is asked.

An admission is an event right before the effect; a rejection is an event and nothing else. Replaying the
log applies what was decided and asks nothing again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import msgspec
from msgspec.structs import replace

from remit.authority import Authority, AuthorityFault, Hop, KeyRing, Signer, Slope, compile_chain
from remit.authority.chain import verify_block, verify_chain
from remit.authority.derive import derive_for_call, mint_binding
from remit.authority.evaluate import Decision
from remit.authority.policy import BoundTo, Grant, Initiator
from remit.authority.revocation import Revocations
from remit.authority.slope import START, HopKind, returned
from remit.base.errors import Denied, InvalidArgument
from remit.engine.definitions import Definition
from remit.engine.faults import IncidentRaised
from remit.engine.run import Run
from remit.engine.state.entities import ElementInstance, Governed
from remit.engine.variables import MISSING, look_up
from remit.protocol.events.governance import PolicyAttached, StepAdmitted, StepRejected
from remit.protocol.values import NONE_KEY, Actor, Document

POLICY = "_policy"
"""The reserved variable: a list of signed blocks. It is never among the variables of an instance."""

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Slope).decode


@dataclass(frozen=True)
class Governor:
    """What a partition trusts and signs with. Without one, no instance can carry a policy."""

    ring: KeyRing
    signer: Signer
    revocations: Sequence[Revocations] = ()


class StepDenied(Denied):
    """A command is denied: `event` tells of it in the log, where nothing else of it is."""

    def __init__(self, message: str, event: StepRejected) -> None:
        super().__init__(message)
        self.event = event


class ElementDenied(IncidentRaised):
    """An element's own step is denied: an incident, and `event` in the log."""

    def __init__(self, message: str, event: StepRejected) -> None:
        super().__init__("UNSPECIFIED", message)
        self.event = event


# --- asking ----------------------------------------------------------------------------------------


class _Question(NamedTuple):
    """May this be done? `facts` are those of the action; the common ones are looked up when needed."""

    row: Governed
    element: ElementInstance
    action: str
    facts: Mapping[str, Any]
    hop: Hop | None


class _Answer(NamedTuple):
    """The decision, and the facts that it has read."""

    decision: Decision
    facts: Document


def admit_command(
    run: Run,
    element: ElementInstance | None,
    action: str,
    facts: Mapping[str, Any],
    kind: HopKind = "human",
) -> None:
    """A command of somebody outside; raises `StepDenied`. `kind` says what that somebody is."""
    row = _governed(run, element)
    if row is None or element is None:
        return
    asked = _Question(row, element, action, facts, _hop_of(run.actor, kind))
    answer = _ask(run, asked)
    if not answer.decision.admitted:
        raise StepDenied(_sentence(asked, answer), _rejection(run, asked, answer))
    _admitted(run, asked, answer, wrote=bool(facts.get("varNames")))


def admit_step(
    run: Run, element: ElementInstance | None, action: str, facts: Mapping[str, Any]
) -> None:
    """A step that the engine takes by itself; raises `ElementDenied`."""
    row = _governed(run, element)
    if row is None or element is None:
        return
    asked = _Question(row, element, action, facts, None)
    answer = _ask(run, asked)
    if not answer.decision.admitted:
        raise ElementDenied(_sentence(asked, answer), _rejection(run, asked, answer))
    _admitted(run, asked, answer)


def may_activate(run: Run, element: ElementInstance, facts: Mapping[str, Any]) -> bool:
    """Whether this worker may have the job; one that may not is told in the log once, and gets none."""
    row = _governed(run, element)
    if row is None:
        return True
    asked = _Question(row, element, "job.activate", facts, _hop_of(run.actor, "worker"))
    answer = _ask(run, asked)
    if answer.decision.admitted:
        _admitted(run, asked, answer)
        return True
    about = f"{facts['jobKey']} {run.actor.id} {answer.decision.reason}"
    if about not in row.rejections:
        tell(run, _rejection(run, asked, answer, about))
    return False


def _hop_of(actor: Actor, kind: HopKind) -> Hop:
    return Hop(actor.id or "anonymous", kind, actor.method, _domain(actor))


def tokens_of(run: Run, element: ElementInstance) -> tuple[str, ...]:
    """The signed blocks that a worker gets along with a job; none for an ungoverned instance."""
    row = _governed(run, element)
    return () if row is None else row.tokens


def without_policy(run: Run, element: ElementInstance, document: Document) -> Document:
    """Variables without the reserved one: an unchanged echo is taken silently, anything else denied."""
    if POLICY not in document:
        return document
    row = _governed(run, element)
    if row is None or document[POLICY] != list(row.tokens):
        raise Denied(
            f"Expected variables without '{POLICY}': it is reserved for the policy of an instance, and "
            f"no command changes that"
        )
    return {name: value for name, value in document.items() if name != POLICY}


def tell(run: Run, event: StepRejected) -> None:
    """Log a rejection after everything else of the step was undone."""
    run.emit(replace(event, key=run.new_key()))


# --- attaching -------------------------------------------------------------------------------------


def attach(run: Run, definition: Definition, key: int, given: Any) -> None:
    """Bind the grants that came with a creation to the new instance, and admit the creation itself.

    Raises InvalidArgument for what is no policy that this broker can take.
    """
    governor = _governor(run)
    if not isinstance(given, list) or not all(isinstance(each, str) for each in given):
        raise InvalidArgument(f"Expected '{POLICY}' to be a list of signed blocks")
    row, actor = definition.row, run.actor
    bound = BoundTo(tenant=row.tenant, process=row.process_id, ver=row.version, instance=str(key))
    initiator = Initiator(actor=actor.id or "anonymous", method=actor.method, domain=_domain(actor))
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


def derive_child(run: Run, caller: ElementInstance, definition: Definition, child: int) -> None:
    """A called process carries what its caller's policy leaves of itself; see `check_derivable`."""
    row = _governed(run, caller)
    if row is None:
        return
    governor, parent = _governor(run), _authority(run, row)
    called = definition.row
    tokens = derive_for_call(
        parent.chain, governor.signer, process=called.process_id, version=called.version,
        instance=str(child), element=caller.element, jti=str(child), now=run.now // 1000,
    )  # fmt: skip
    chain = verify_chain(tokens, governor.ring)
    authority = compile_chain(chain, governor.revocations)
    slope = authority.arithmetic.extend(_decode(row.slope), Hop(called.process_id, "call"))
    _attached(run, definition, child, caller.root, chain.tokens, chain.hash, slope, caller.instance)


def check_derivable(run: Run, caller: ElementInstance) -> None:
    """Raises `IncidentRaised` when the caller's policy may not be passed on any further."""
    row = _governed(run, caller)
    if row is None:
        return
    leaf = _authority(run, row).chain.leaf
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
            key, key, definition.row.key, root, tokens, policy, _encode(slope), parent,
            definition.row.tenant,
        )
    )  # fmt: skip


# --- inside ----------------------------------------------------------------------------------------


def _governed(run: Run, element: ElementInstance | None) -> Governed | None:
    if element is None or not run.state.governed.rows:
        return None
    return run.state.governed.get(element.instance)


def _governor(run: Run) -> Governor:
    governor: Governor | None = run.state.governor
    if governor is None:
        raise InvalidArgument(
            "Expected to take a policy, but this broker trusts no keys: start it with --policy-keys and "
            "--holder-key"
        )
    return governor


def _authority(run: Run, row: Governed) -> Authority:
    """The compiled chain: verified again when it comes from disk."""
    cache = run.state.authority_cache
    found: Authority | None = cache.get(row.policy)
    if found is None:
        governor = _governor(run)
        found = compile_chain(verify_chain(row.tokens, governor.ring), governor.revocations)
        if len(cache) >= AUTHORITIES:
            cache.clear()
        cache[row.policy] = found
    return found


AUTHORITIES = 20_000
"""Compiled chains kept in memory."""


def _ask(run: Run, asked: _Question) -> _Answer:
    authority = _authority(run, asked.row)
    found: Document = {}
    for name in authority.referenced(asked.action):
        value = asked.facts.get(name, MISSING)
        if value is MISSING:
            value = _fact(run, authority, asked.element, name, asked.hop)
        if value is not MISSING and value is not None:
            found[name] = value
    slope = _decode(asked.row.slope)
    return _Answer(authority.admit(asked.action, found, slope, run.now, asked.hop), found)


def _fact(
    run: Run, authority: Authority, element: ElementInstance, name: str, hop: Hop | None
) -> Any:
    if name.startswith("var."):
        return look_up(run, element.key, name[4:])
    getter = _FACTS.get(name)
    return MISSING if getter is None else getter(run, authority, element, hop)


_FACTS: dict[str, Callable[[Run, Authority, ElementInstance, Hop | None], Any]] = {
    "tenant": lambda run, authority, element, hop: element.tenant,
    "process": lambda run, authority, element, hop: (
        run.definition(element.definition).row.process_id
    ),
    "version": lambda run, authority, element, hop: run.definition(element.definition).row.version,
    "instance": lambda run, authority, element, hop: str(element.instance),
    "rootInstance": lambda run, authority, element, hop: str(element.root),
    "elementId": lambda run, authority, element, hop: element.element,
    "elementType": lambda run, authority, element, hop: run.plan(element).node.type.value,
    "scopeDepth": lambda run, authority, element, hop: _depth(run, element),
    "actor": lambda run, authority, element, hop: hop.actor if hop else "engine",
    "actorKind": lambda run, authority, element, hop: hop.kind if hop else "engine",
    "actorMethod": lambda run, authority, element, hop: hop.method if hop else MISSING,
    "actorDomain": lambda run, authority, element, hop: hop.domain if hop else MISSING,
    "initiator": lambda run, authority, element, hop: authority.chain.initiator.actor,
}


def _depth(run: Run, element: ElementInstance) -> int:
    depth = 0
    while element.scope != NONE_KEY:
        element = run.element(element.scope)
        depth += 1
    return depth


def _domain(actor: Actor) -> str:
    """Of a SPIFFE id its trust domain: `spiffe://partner.example/worker` has `partner.example`."""
    if not actor.id.startswith("spiffe://"):
        return ""
    return "/".join(actor.id.split("/")[:3]) + "/"


_ABOUT = ("jobKey", "flowId", "calledProcess", "decisionId", "messageName", "name")
"""What a step is about, by the first of these facts that it comes with."""


def _about(facts: Mapping[str, Any]) -> str:
    return next((str(facts[name]) for name in _ABOUT if name in facts), "")


def _admitted(run: Run, asked: _Question, answer: _Answer, *, wrote: bool = False) -> None:
    """Log it; the actor's hop is over with the step."""
    element, hop, decision, actor = asked.element, asked.hop, answer.decision, run.actor
    after = decision.slope if hop is None else returned(decision.slope, wrote=wrote)
    run.emit(
        StepAdmitted(
            run.new_key(), element.instance, element.definition,
            asked.facts.get("elementId", element.element), asked.action, decision.clauses,
            _plain(answer.facts), asked.row.policy, _encode(after), after.head, after.trust,
            after.low, actor.id, actor.method, decision.duties, element.tenant,
            "" if hop is None else hop.kind, "" if hop is None else hop.domain, wrote, element.key,
            _about(asked.facts),
        )
    )  # fmt: skip


def _rejection(run: Run, asked: _Question, answer: _Answer, about: str = "") -> StepRejected:
    element, hop, decision, actor = asked.element, asked.hop, answer.decision, run.actor
    return StepRejected(
        NONE_KEY, element.instance, element.definition,
        asked.facts.get("elementId", element.element), asked.action, decision.reason,
        decision.clauses, _plain(answer.facts), asked.row.policy, decision.slope.head, actor.id,
        actor.method, about, element.tenant, "" if hop is None else hop.kind,
        "" if hop is None else hop.domain, element.key,
    )  # fmt: skip


def _plain(facts: Document) -> Document:
    return {
        name: sorted(value) if isinstance(value, (set, frozenset, tuple)) else value
        for name, value in facts.items()
    }


def _sentence(asked: _Question, answer: _Answer) -> str:
    decision = answer.decision
    clause = decision.clauses[-1] if decision.clauses else ""
    by = f" by clause '{clause}'" if clause and clause != decision.reason else ""
    element = asked.facts.get("elementId", asked.element.element)
    return (
        f"Expected '{asked.action}' at element '{element}' of process instance "
        f"'{asked.element.instance}' to be admitted by its policy, but it is denied{by} "
        f"({decision.reason})"
    )
