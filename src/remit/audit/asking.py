"""Decisions of the log, asked again where they stand.

What the decision has read is compared with the log's other records: who the command's header names,
which element was entered, and what each variable was at that moment. The very question that was asked
before, with the very answer, need not be asked again (see `carried`).
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from itertools import chain
from typing import Any

import msgspec

from remit.audit.carried import Agreement, Carried, encode
from remit.audit.coverage import BATCH, FINE, Coverage, Findings, contradiction
from remit.audit.records import READ_AS, Turn
from remit.audit.running import NOTHING, Running
from remit.authority import Hop
from remit.authority.rulebook import SUBJECT
from remit.authority.verify import Also, Auditor, Decided, Finding
from remit.authority.vocabulary import BREAK_GLASS
from remit.protocol.events import Event
from remit.protocol.events.batch import BatchPartStarted
from remit.protocol.events.governance import AlsoAdmitted, OwnStepAdmitted, StepRejected
from remit.protocol.values import Header

_decode = msgspec.msgpack.Decoder().decode
_decode_facts = msgspec.msgpack.Decoder(dict[str, Any]).decode
_decode_names = msgspec.msgpack.Decoder(tuple[str, ...]).decode
_decode_also = msgspec.msgpack.Decoder(tuple[AlsoAdmitted, ...]).decode
_OWN: type[Event] = READ_AS[OwnStepAdmitted]
_NOBODY = Header()

_TOLD = frozenset({"elementId", "priorActors"})
"""Facts beside variables that other records tell: they are compared with those each time."""


class Asking:
    """`remembered` are the decisions whose very question was asked before; `rejections` are counted.

    A batch acts for who asked for it, which stands where it began.
    """

    def __init__(self, auditor: Auditor, running: Running, coverage: Coverage) -> None:
        self._auditor = auditor
        self._running = running
        self._governed = running.governed
        self._wait = coverage.wait
        self._batches: dict[int, Header] = {}
        self.remembered = 0
        self.rejections = 0

    def own(self, turn: Turn, position: int, event: Any) -> Findings:
        """A step of the engine's own: the slope stays where it is."""
        carried = self._governed.get(event.instance)
        if carried is None:
            return self._unknown(position, event)
        self._wait(position, event)
        question = (event.action, bytes(event.clauses), bytes(event.facts), carried.told)
        agreement = carried.agreements.get(question)
        if (
            agreement is not None
            and carried.from_ms <= turn.timestamp < carried.until_ms
            and event.definition == carried.definition
            and event.tenant == carried.tenant
        ):
            self.remembered += 1
            return self._differing(position, event, agreement.facts) if agreement.facts else FINE
        facts = _decode_facts(event.facts)
        decided = Decided(
            position=position, instance=carried.name, covers=-1, chain="", action=event.action,
            facts=self._running.facts(event, facts), now_ms=turn.timestamp, before="",
            admitted=True, reason="admitted", clauses=_decode_names(event.clauses), after="",
            duties=(),
        )  # fmt: skip
        return self._ask(turn, position, event, carried, decided, question, [facts], {})

    def step(self, turn: Turn, position: int, event: Any) -> Findings:
        """A step that somebody takes: on the slope as well, and only during the step."""
        carried = self._governed.get(event.instance)
        if carried is None:
            return self._unknown(position, event)
        found = self._step(turn, position, event, carried)
        if event.action == "usertask.complete":
            self._running.acted(carried.root, event.actor or "anonymous", event.scope)
        return found

    def _step(self, turn: Turn, position: int, event: Any, carried: Carried) -> Findings:
        self._wait(position, event)
        question = (
            event.action, bytes(event.clauses), bytes(event.facts), carried.told, event.slope,
            event.head, event.trust, event.low, event.kind, event.actor, event.method,
            event.domain, event.wrote, event.lowered, bytes(event.duties), bytes(event.also),
            event.broken_glass,
        )  # fmt: skip
        found = self._by_other(turn, position, event)
        agreement = carried.agreements.get(question)
        if (
            agreement is not None
            and event.policy == carried.policy
            and _was_asked(turn, event, carried)
        ):
            self.remembered += agreement.decisions
            carried.slope, carried.told = agreement.slope, agreement.told
            if agreement.facts:
                found = [*found, *self._differing(position, event, agreement.facts)]
            return found
        facts, beside = _decode_facts(event.facts), _decode_also(event.also)
        also = tuple(
            Also(each.action, self._running.facts(event, each.facts), each.clauses)
            for each in beside
        )
        hop = _hop(event)
        decided = Decided(
            position=position, instance=carried.name, covers=-1, chain=event.policy,
            action=event.action, facts=self._running.facts(event, facts), now_ms=turn.timestamp,
            before="", hop=hop, admitted=True, reason="admitted",
            clauses=_decode_names(event.clauses), after=event.head, returns=hop is not None,
            wrote=event.wrote, lowered=event.lowered, duties=_decode_names(event.duties), also=also,
        )  # fmt: skip
        read = [facts, *(each.facts for each in beside)]
        told = self._ask(
            turn, position, event, carried, decided, question, read, _acting(event, hop)
        )
        return [*found, *told]

    def _ask(
        self,
        turn: Turn,
        position: int,
        event: Any,
        carried: Carried,
        decided: Decided,
        question: Hashable,
        facts: Sequence[Mapping[str, Any]],
        acting: Mapping[str, Any],
    ) -> Findings:
        """Ask again, in full; remember it when there was nothing to find.

        `facts` are those of the step, and of each question that went with it.
        """
        before = carried.slope
        self._auditor.place(carried.name, before)
        found = self._auditor.feed(decided)
        after = self._auditor.slope(carried.name)
        if after is not before:
            carried.move(after)
        if event.tenant != carried.tenant:
            found.append(_contradiction(position, event, "tenant", event.tenant, carried.tenant))
        if event.__class__ is not _OWN:
            found += as_told(position, carried, event.slope, event.trust, event.low)
        told_by_log: dict[str, Any] = {}
        for name, value in chain.from_iterable(each.items() for each in facts):
            if name.startswith("var.") or name in _TOLD:
                expected = told_by_log.setdefault(name, value)
            else:
                expected = acting.get(name, value)
            if value != expected:
                found.append(_contradiction(position, event, name, value, expected))
        if self._running.is_subject(carried, event):
            carried.definition = event.definition
        authority = carried.authority
        if (
            not found
            and authority is not None
            and _was_asked(turn, event, carried)
            and all(authority.is_alike(each.action) for each in (event, *decided.also))
            and all(SUBJECT.isdisjoint(each) for each in facts)
        ):
            agreed = Agreement(after, carried.told, told_by_log, 1 + len(decided.also))
            carried.remember(question, agreed)
        return [*found, *self._differing(position, event, told_by_log)] if told_by_log else found

    def _unknown(self, position: int, event: Any) -> Findings:
        if event.instance in self._running.elsewhere:
            return FINE
        text = f"{event.action} was decided, and its instance carries no policy"
        return (Finding(position, "decision", text),)

    def rejected(self, turn: Turn, position: int, event: StepRejected) -> Findings:
        """A step that was denied: nothing of it has happened, and the slope stays."""
        running = self._running
        carried = self._governed.get(event.instance)
        if carried is None:
            is_ours = running.share.has(event.instance) and event.instance not in running.elsewhere
            self.rejections += is_ours
            return FINE  # it never began: its policy is in no record
        self.rejections += 1
        self._auditor.place(carried.name, carried.slope)
        hop = _hop(event)
        decided = Decided(
            position=position, instance=carried.name, covers=-1, chain=event.policy,
            action=event.action, facts=event.facts, now_ms=turn.timestamp, before=event.head,
            hop=hop, admitted=False, reason=event.reason, clauses=event.clauses, after=event.head,
            lowered=event.lowered,
        )  # fmt: skip
        found = [*self._by_other(turn, position, event), *self._auditor.feed(decided)]
        for name, value in _acting(event, hop).items():
            if name in event.facts and event.facts[name] != value:
                found.append(_contradiction(position, event, name, event.facts[name], value))
        return [*found, *self._differing(position, event, event.facts)]

    def batch_begun(self, turn: Turn, position: int, event: BatchPartStarted) -> Findings:
        self._batches[event.key] = event.header
        return FINE

    def batch_over(self, turn: Turn, position: int, event: Any) -> Findings:
        self._batches.pop(event.key, None)
        return FINE

    def _by_other(self, turn: Turn, position: int, event: Any) -> Findings:
        """A decision for somebody who did not ask, or asked otherwise."""
        if not event.kind:
            return FINE
        actor, glass = turn.actor, turn.broken_glass
        if turn.command == BATCH:
            asked = self._batches.get(turn.key, _NOBODY)
            actor, glass = asked.actor, asked.broken_glass
        if event.actor != actor.id or event.method != actor.channel:
            text = f"{event.action}: decided for {event.actor}, asked by {actor.id}"
        elif event.broken_glass != glass:
            told, said = _of_glass(event.broken_glass), _of_glass(glass)
            text = f"{event.action}: decided with {told}, {actor.id} asked with {said}"
        else:
            return FINE
        return (Finding(position, "facts", text),)

    def _differing(self, position: int, event: Any, facts: Mapping[str, Any]) -> Findings:
        """Where facts of a decision are not what the log's other records say."""
        found = []
        for name, value in facts.items():
            if name.startswith("var."):
                expected = self._running.look_up(event.scope, name[4:])
                if expected is NOTHING or expected != encode(value):
                    shown = expected if expected is NOTHING else _decode(expected)  # type: ignore[arg-type]
                    found.append(_contradiction(position, event, name, value, shown))
            elif name == "elementId" and value != event.element:
                found.append(_contradiction(position, event, name, value, event.element))
            elif name == "priorActors":
                root = self._governed[event.instance].root
                others = self._running.prior_actors(root, event.scope)
                if list(value) != others:
                    found.append(_contradiction(position, event, name, value, others))
        return found


def _was_asked(turn: Turn, event: Any, carried: Carried) -> bool:
    """Whether what other instances were asked counts for this question."""
    return (
        carried.from_ms <= turn.timestamp < carried.until_ms
        and event.definition == carried.definition
        and event.tenant == carried.tenant
    )


def _of_glass(reason: str) -> str:
    """
    >>> _of_glass("fire")
    "the glass broken ('fire')"
    """
    return f"the glass broken ({reason!r})" if reason else "the glass whole"


def as_told(position: int, carried: Carried, told: bytes, trust: int, low: int) -> Findings:
    """Where a record says something else of the slope than its head does."""
    slope = carried.slope
    if (told, trust, low) == (carried.told, slope.trust, slope.low):
        return FINE
    text = f"recorded trust {trust}, low {low}; the slope has {slope.trust}, {slope.low}"
    return (Finding(position, "slope", text),)


def _contradiction(position: int, event: Any, name: str, value: Any, expected: Any) -> Finding:
    shown = "nothing" if expected is NOTHING else repr(expected)
    return contradiction(position, event.action, name, repr(value), shown)


def _hop(event: Any) -> Hop | None:
    if not event.kind:
        return None
    return Hop(event.actor or "anonymous", event.kind, event.method, event.domain)


def _acting(event: Any, hop: Hop | None) -> Mapping[str, Any]:
    """What a step's facts say of whoever takes it, where they say anything."""
    if hop is None:
        return {}
    broken = bool(event.broken_glass)
    return {"actor": hop.actor, "actorMethod": hop.method, BREAK_GLASS: broken}
