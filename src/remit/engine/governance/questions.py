"""Questions to a policy, and the facts that its clauses refer to: nothing else is looked up."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from types import FunctionType
from typing import Any

import msgspec

from remit.authority import Authority, Hop, Slope
from remit.authority.duties import prior_actors
from remit.authority.evaluate import Decision
from remit.authority.slope import HopKind, lowered
from remit.engine.governance.carried import at_hand, authority_of, decode_slope, in_person
from remit.engine.run import Run
from remit.engine.state.entities import ElementInstance, Governed
from remit.engine.variables import MISSING, look_up
from remit.protocol.values import NONE_KEY, Actor, Document


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


def hop_of(actor: Actor, kind: HopKind) -> Hop:
    return _hop(actor.id, kind, actor.channel)


@lru_cache(maxsize=4096)
def _hop(actor: str, kind: HopKind, channel: str) -> Hop:
    return Hop(actor or "anonymous", kind, channel, domain_of(actor))


def ask(run: Run, asked: Question) -> Answer:
    """The answer, on the facts that the action's clauses refer to."""
    row, element = asked.row, asked.element
    carried = at_hand(run.state, row, element) or in_person(run, row, element)
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
    "priorActors": lambda run, authority, element, hop: _others(run, element),
    "breakGlass": lambda run, authority, element, hop: bool(run.header.broken_glass),
}


def _others(run: Run, element: ElementInstance) -> list[str]:
    """Who has completed other user tasks, in the whole family of instances."""
    governed = run.state.governed.rows
    acted = dict(governed[governed[element.instance].root].acted)
    return prior_actors(acted, element.key)


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
