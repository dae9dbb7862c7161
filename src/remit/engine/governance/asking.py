"""Governance: a step of an instance is admitted against the policy that it carries, before it happens.

The policy comes with the creation of an instance, as signed grants under the reserved variable
`_policy`; the broker, a holder that the grants name, binds them to the one instance. A called process
carries a derivative of its caller's policy, which can only take away. Without a policy nothing is asked.

An admission is an event right before the effect; a rejection is an event and nothing else. Replaying the
log applies what was decided and asks nothing again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from types import FunctionType
from typing import Any

import msgspec
from msgspec.structs import replace

from remit.authority import Authority, Hop, KeyRing, Signer, Slope, compile_chain, verify_chain
from remit.authority.evaluate import Decision
from remit.authority.policy import Clause, Denial, Derive, Duty, Grant, clauses
from remit.authority.revocation import Revocations, read_revocations
from remit.authority.slope import HopKind, lowered, returned
from remit.base.errors import Denied, InvalidArgument
from remit.engine.faults import IncidentRaised
from remit.engine.run import Run
from remit.engine.state.entities import ElementInstance, Governed
from remit.engine.state.state import State
from remit.engine.variables import MISSING, look_up
from remit.protocol.events.governance import (
    AlsoAdmitted,
    GovernanceEvent,
    OwnStepAdmitted,
    StepAdmitted,
    StepRejected,
)
from remit.protocol.values import NONE_KEY, Actor, Document, ProcessDefinition

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Slope).decode
_slopes: dict[bytes, Slope] = {}

SLOPES = 8192
"""Slopes kept in memory: the same one is asked on many times."""


@lru_cache(maxsize=SLOPES)
def encode_slope(slope: Slope) -> bytes:
    """As rows and events have it."""
    content = _encode(slope)
    _remember_slope(content, slope)
    return content


def decode_slope(content: bytes) -> Slope:
    """What `encode_slope` was given."""
    found = _slopes.get(content)
    if found is None:
        found = _decode(content)
        _remember_slope(content, found)
    return found


def _remember_slope(content: bytes, slope: Slope) -> None:
    if len(_slopes) >= SLOPES:
        _slopes.clear()
    _slopes[content] = slope


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


class StepDenied(Denied):
    """A command is denied: `events` tell of it in the log, where nothing else of it is."""

    def __init__(self, message: str, *events: GovernanceEvent) -> None:
        super().__init__(message)
        self.events = events


class ElementDenied(IncidentRaised):
    """An element's own step is denied: an incident, and `event` in the log."""

    def __init__(self, message: str, event: StepRejected, on_deny: Denial = "incident") -> None:
        super().__init__("UNSPECIFIED", message)
        self.event = event
        self.on_deny = on_deny


# --- asking ----------------------------------------------------------------------------------------


class Question(msgspec.Struct, frozen=True, gc=False):
    """May this be done? `facts` are those of the action; the common ones are looked up when needed.

    A fact that takes some work may be a function that gives it. `lowered`: data of this trust comes in
    with it; the slope is no higher from here on.
    """

    row: Governed
    element: ElementInstance
    action: str
    facts: Mapping[str, Any]
    hop: Hop | None
    lowered: int = -1


class Answer(msgspec.Struct, frozen=True, gc=False):
    """The decision, and the facts that it has read; `beyond`: without whose instance it is."""

    decision: Decision
    facts: Document
    beyond: Document


def admit_command(
    run: Run,
    element: ElementInstance | None,
    action: str,
    facts: Mapping[str, Any],
    kind: HopKind = "human",
) -> None:
    """A command of somebody outside; raises `StepDenied`. `kind` says what that somebody is."""
    checked = check_command(run, element, action, facts, kind)
    if checked is not None:
        log_admission(run, *checked)


def check_command(
    run: Run,
    element: ElementInstance | None,
    action: str,
    facts: Mapping[str, Any],
    kind: HopKind = "human",
) -> tuple[Question, Answer] | None:
    """The same without an admission: asked in advance, where something else is admitted first.

    None: no policy governs it.
    """
    row = governed_row(run, element)
    if row is None or element is None:
        return None
    asked = Question(row, element, action, facts, hop_of(run.actor, kind))
    answer = ask(run, asked)
    if not answer.decision.admitted:
        raise StepDenied(sentence(run, asked, answer), rejection(run, asked, answer))
    return asked, answer


def admit_step(
    run: Run, element: ElementInstance | None, action: str, facts: Mapping[str, Any]
) -> None:
    """A step that the engine takes by itself; raises `ElementDenied`."""
    row = governed_row(run, element)
    if row is None or element is None:
        return
    if passes(run, element, action, facts.get("elementId", element.element), _about(facts)):
        return
    asked = Question(row, element, action, facts, None)
    answer = ask(run, asked)
    if not answer.decision.admitted:
        raise denied_step(run, asked, answer)
    log_admission(run, asked, answer)


def admit_beginning(
    run: Run, unborn: ElementInstance, facts: Mapping[str, Any], action: str = "instance.create"
) -> None:
    """The creation of an instance; raises `StepDenied`. Its initiator is on the slope already."""
    row = governed_row(run, unborn)
    assert row is not None, "its policy was attached"
    if passes(run, unborn, action, facts.get("elementId", unborn.element), _about(facts)):
        return
    asked = Question(row, unborn, action, facts, None)
    answer = ask(run, asked)
    if not answer.decision.admitted:
        raise StepDenied(sentence(run, asked, answer), rejection(run, asked, answer))
    log_admission(run, asked, answer)


def passes(run: Run, element: ElementInstance, action: str, of: str, about: str = "") -> bool:
    """Admit a step of the engine's own that a policy can only admit, whatever the facts are.

    `of` is the element that the step is of, `about` what else it is about. False: the question has to be
    asked with its facts, or nothing governs the step.
    """
    row = run.state.governed.rows.get(element.instance)
    if row is None:
        return False
    carried = at_hand(run.state, row, element)
    if carried is None:
        return False
    clauses = carried.authority.passes(action, run.now)
    if clauses is None:
        return False
    _log_own(run, element, action, of, about, clauses, {})
    return True


def denied_step(run: Run, asked: Question, answer: Answer) -> ElementDenied:
    event = rejection(run, asked, answer)
    return ElementDenied(sentence(run, asked, answer), event, answer.decision.on_deny or "incident")


def hop_of(actor: Actor, kind: HopKind) -> Hop:
    return _hop(actor.id, kind, actor.channel)


@lru_cache(maxsize=4096)
def _hop(actor: str, kind: HopKind, channel: str) -> Hop:
    return Hop(actor or "anonymous", kind, channel, domain_of(actor))


def tell(run: Run, event: GovernanceEvent) -> None:
    """Log a rejection after everything else of the step was undone.

    The same one, of the same step by the same actor, is told so often and no more (T27).
    """
    if isinstance(event, StepRejected) and not event.about:
        about = f"{event.action} {event.scope} {event.actor} {event.reason}"
        row = run.state.governed.get(event.instance)
        if row is not None and row.rejections.count(about) >= TOLD:
            return
        event = replace(event, about=about)
    run.emit(replace(event, key=run.new_key()))


TOLD = 10
"""Whoever asks for the same again and again is refused each time, and fills no log with it."""


# --- inside ----------------------------------------------------------------------------------------


def governed_row(run: Run, element: ElementInstance | None) -> Governed | None:
    """The policy that an element's instance carries; None when nothing governs it."""
    if element is None or element.is_ungoverned:
        return None
    return run.state.governed.rows.get(element.instance)


def governor_of(run: Run) -> Governor:
    governor: Governor | None = run.state.governor
    if governor is None:
        raise InvalidArgument(
            "Expected to take a policy, but this broker trusts no keys: start it with --policy-keys and "
            "--holder-key"
        )
    return governor


class Carried(msgspec.Struct, frozen=True):
    """A policy at work: its compiled chain, and the facts of the instance that it was found to be for.

    `instance` and `definition` are those of the element whose facts were looked up; `is_known`: the
    chain is for it.
    """

    authority: Authority
    instance: int = NONE_KEY
    definition: int = NONE_KEY
    subject: Document = {}
    is_known: bool = False


def authority_of(run: Run, row: Governed) -> Authority:
    """The compiled chain: verified again when it comes from disk."""
    return _carried(run, row).authority


def remember_authority(
    run: Run, authority: Authority, element: ElementInstance, definition: ProcessDefinition
) -> None:
    """A chain that was made here for the instance `element`, and compiled under what is revoked now."""
    _remember(run, _in_person_of(authority, element, definition))


def _carried(run: Run, row: Governed) -> Carried:
    found: Carried | None = run.state.authority_cache.get(_name(run.state, row.policy))
    if found is None:
        chain = verify_chain(run.state.blocks_of(row), governor_of(run).ring)
        found = _remember(run, Carried(compile_chain(chain, known_revocations(run))))
    return found


def _remember(run: Run, carried: Carried) -> Carried:
    cache = run.state.authority_cache
    if len(cache) >= AUTHORITIES:
        cache.clear()
    cache[_name(run.state, carried.authority.chain.hash)] = carried
    return carried


def at_hand(state: State, row: Governed, element: ElementInstance) -> Carried | None:
    """The policy of an instance, if it is in memory with the facts of that instance."""
    name = _name(state, row.policy) if state.revocations.rows else row.policy
    carried: Carried | None = state.authority_cache.get(name)
    if carried is None or carried.instance != element.instance:
        return None
    return carried if carried.definition == element.definition else None


def _in_person(run: Run, row: Governed, element: ElementInstance) -> Carried:
    """The same, looked up where it is not in memory."""
    definition = run.definition(element.definition).row
    found = _in_person_of(_carried(run, row).authority, element, definition)
    return _remember(run, found) if found.is_known else found


def _in_person_of(
    authority: Authority, element: ElementInstance, definition: ProcessDefinition
) -> Carried:
    subject: Document = {
        "tenant": element.tenant,
        "process": definition.process_id,
        "version": definition.version,
        "instance": str(element.instance),
    }
    if not authority.is_subject(subject):
        return Carried(authority, subject=subject)
    return Carried(authority, element.instance, element.definition, subject, True)


def _name(state: State, policy: str) -> object:
    """Lists of revocations are compiled in: with others it is another authority."""
    lists = state.revocations.rows
    return (policy, *(each.token for each in lists.values())) if lists else policy


@lru_cache(maxsize=64)
def revocations(ring: KeyRing, lists: tuple[str, ...]) -> tuple[Revocations, ...]:
    """Signed lists that were checked when they came."""
    return tuple(read_revocations(token, ring) for token in lists)


def known_revocations(run: Run) -> tuple[Revocations, ...]:
    """What is revoked now, by all issuers."""
    rows = run.state.revocations.rows
    if not rows:
        return ()
    return revocations(governor_of(run).ring, tuple(each.token for each in rows.values()))


AUTHORITIES = 20_000
"""Compiled chains kept in memory."""


def ask(run: Run, asked: Question) -> Answer:
    """The answer, on the facts that the action's clauses refer to."""
    row, element = asked.row, asked.element
    carried = at_hand(run.state, row, element) or _in_person(run, row, element)
    authority, facts = carried.authority, carried.subject
    beyond: Document = {}
    names = authority.beyond_subject(asked.action)
    if names:
        _look_up_facts(run, authority, asked, names, beyond)
        facts = {**facts, **beyond}
    decide = authority.decide if carried.is_known else authority.admit
    return Answer(decide(asked.action, facts, slope_of(asked), run.now, asked.hop), facts, beyond)


def facts_of(run: Run, asked: Question, names: Iterable[str]) -> Document:
    """The facts of these names, as far as they are there."""
    found: Document = {}
    _look_up_facts(run, authority_of(run, asked.row), asked, names, found)
    return found


def _look_up_facts(
    run: Run, authority: Authority, asked: Question, names: Iterable[str], found: Document
) -> None:
    element, given = asked.element, asked.facts
    for name in names:
        value = given.get(name, MISSING)
        if value.__class__ is FunctionType:
            value = value()
        elif value is MISSING:
            value = _fact(run, authority, element, name, asked.hop)
        if value is not MISSING and value is not None:
            found[name] = value


def slope_of(asked: Question) -> Slope:
    """The slope that a question is asked on."""
    slope = decode_slope(asked.row.slope)
    return slope if asked.lowered < 0 else lowered(slope, asked.lowered)


def _fact(
    run: Run, authority: Authority, element: ElementInstance, name: str, hop: Hop | None
) -> Any:
    if name.startswith("var."):
        return look_up(run, element.key, name[4:])
    getter = _FACTS.get(name)
    return MISSING if getter is None else getter(run, authority, element, hop)


_FACTS: dict[str, Callable[[Run, Authority, ElementInstance, Hop | None], Any]] = {
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


def domain_of(actor: str) -> str:
    """Of a SPIFFE id its trust domain: `spiffe://partner.example/worker` has `partner.example`."""
    if not actor.startswith("spiffe://"):
        return ""
    return "/".join(actor.split("/")[:3]) + "/"


_ABOUT = ("jobKey", "flowId", "calledProcess", "decisionId", "messageName", "name")
"""What a step is about, by the first of these facts that it comes with."""


def _about(facts: Mapping[str, Any]) -> str:
    for name in _ABOUT:
        if name in facts:
            return str(facts[name])
    return ""


def log_admission(
    run: Run, asked: Question, answer: Answer, also: tuple[Question, Answer] | None = None
) -> StepAdmitted | None:
    """Log it; the actor's hop is over with the step. What was written is worth what the actor is.

    `also` is what goes with the step, asked of the same row. None: it is a step of the engine's own.
    """
    element, hop, decision, actor = asked.element, asked.hop, answer.decision, run.actor
    facts = _plain(answer.beyond)
    of, about = asked.facts.get("elementId", element.element), _about(asked.facts)
    if hop is None and asked.lowered < 0 and not decision.duties:
        _log_own(run, element, asked.action, of, about, decision.clauses, facts)
        return None
    beside = () if also is None else (also[0].action,)
    wrote = hop is not None and "var.write" in (asked.action, *beside)
    duties = decision.duties if also is None else (*decision.duties, *also[1].decision.duties)
    after = decision.slope if hop is None else returned(decision.slope, wrote=wrote, also=beside)
    admitted = StepAdmitted(
        run.new_key(), element.instance, element.definition, of, asked.action, decision.clauses,
        facts, asked.row.policy, encode_slope(after), after.head, after.trust, after.low, actor.id,
        actor.channel, duties, element.tenant, "" if hop is None else hop.kind,
        "" if hop is None else hop.domain, wrote, element.key, about, asked.lowered,
        () if also is None else (_also(*also),),
    )  # fmt: skip
    run.emit(admitted)
    return admitted


def _also(asked: Question, answer: Answer) -> AlsoAdmitted:
    return AlsoAdmitted(asked.action, answer.decision.clauses, _plain(answer.beyond))


def _log_own(
    run: Run,
    element: ElementInstance,
    action: str,
    of: str,
    about: str,
    clauses: tuple[str, ...],
    facts: Document,
) -> None:
    """A step of the engine's own: the slope stays where it is."""
    run.emit(
        OwnStepAdmitted(
            run.new_key(), element.instance, element.definition, of, action, clauses, facts,
            element.key, about, element.tenant,
        )
    )  # fmt: skip


def rejection(run: Run, asked: Question, answer: Answer, about: str = "") -> StepRejected:
    element, hop, decision, actor = asked.element, asked.hop, answer.decision, run.actor
    return StepRejected(
        NONE_KEY, element.instance, element.definition,
        asked.facts.get("elementId", element.element), asked.action, decision.reason,
        decision.clauses, _plain(answer.facts), asked.row.policy,
        decode_slope(asked.row.slope).head, actor.id,
        actor.channel, about, element.tenant, "" if hop is None else hop.kind,
        "" if hop is None else hop.domain, element.key, asked.lowered,
    )  # fmt: skip


def _plain(facts: Document) -> Document:
    """As the log has them: collections of names as sorted lists."""
    for name, value in facts.items():
        if value.__class__ in _COLLECTIONS:
            facts[name] = sorted(value)
    return facts


_COLLECTIONS = frozenset((set, frozenset, tuple))


def sentence(run: Run, asked: Question, answer: Answer) -> str:
    """The refusal for whoever was refused: what, where, by which clause, and what that one says."""
    decision = answer.decision
    name = decision.clauses[-1] if decision.clauses else ""
    by = f" by clause '{name}'" if name and name != decision.reason else ""
    element = asked.facts.get("elementId", asked.element.element)
    said = f"{decision.reason}{_MEANING.get(decision.reason, '')}"
    blocks = authority_of(run, asked.row).chain.blocks[: len(decision.clauses)]
    rules = blocks[-1].block if by and blocks else None
    if isinstance(rules, Grant | Derive):
        said += "".join(_meaning(each) for each in clauses(rules) if each.id == name)
    return (
        f"Expected '{asked.action}'{_names(asked)} at element '{element}' of process instance "
        f"'{asked.element.instance}' to be admitted by its policy, but it is denied{by} ({said})"
    )


def _names(asked: Question) -> str:
    """The variables that are read or written."""
    names = asked.facts.get("varNames") if asked.action in ("var.read", "var.write") else None
    if not isinstance(names, Sequence) or not names:
        return ""
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return f" of {', '.join(repr(each) for each in names[:NAMED])}{more}"


NAMED = 5
"""Variables that a refusal names."""


def _meaning(clause: Clause) -> str:
    """What a clause that denies says of itself. It tells nothing of the facts: they may be secret."""
    said = f": {clause.why}" if clause.why else ""
    if isinstance(clause, Duty):
        return f"{said}; it needs {', '.join(clause.need)}"
    read = [name for name in clause.on if name.startswith("var.")]
    if read:
        said += f"; it asks about {', '.join(read)}, and denies as well where that is not there"
    return said


_MEANING = {
    "$default": ": no clause allows it; a successor of the policy may (`remit policy succeed`, `renew`)",
    "$validity": ": the policy's time is over, or has not begun; a successor renews it "
    "(`remit policy renew`)",
    "$revoked": ": the policy, or the key that signed it, was revoked",
    "$revocation.stale": ": it needs a list of revocations that is fresh",
    "$slope.floor": ": whoever acts, or wrote the data, is trusted less than the policy's floor; an "
    "approver whom it names may lift what the data are worth (`remit policy approve`)",
    "$slope.depth": ": it was passed on more often than the policy lets it be",
    "$slope.step": ": trust sinks more in this step than the policy lets it",
    "$slope.xdom": ": it crosses more domains than the policy lets it",
}
"""What the reasons that are no clauses mean, for whoever reads the refusal."""
