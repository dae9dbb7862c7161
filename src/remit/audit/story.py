"""From the turns of one partition's log to what the auditor is fed, and what the two do not agree on.

Instances are known from the record that attaches their policy until they end. Meanwhile their scopes
and variables are followed, so that a decision's facts can be compared with what the log itself says:
who the command's header names, which element was entered, and what each variable was at that moment.
Whose instance it is, the log tells by the definition that was deployed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from remit.audit.effects import ACTIONS_WITH_EFFECT, WITH_EFFECT, Effect, effects
from remit.authority import AuthorityFault, Hop, KeyRing, jws, policy
from remit.authority.receipt import Receipt
from remit.authority.revocation import Revocations, read_revocations
from remit.authority.slope import Slope
from remit.authority.verify import (
    Also,
    Attached,
    Auditor,
    Decided,
    Entry,
    Finding,
    Happened,
    Lifted,
    ListChanged,
)
from remit.partition.log import Logged
from remit.protocol.events import Event
from remit.protocol.events.deployment import ProcessCreated
from remit.protocol.events.governance import (
    Admission,
    EvaluatorsDisagreed,
    OwnStepAdmitted,
    PolicyAttached,
    PolicySucceeded,
    ReceiptTaken,
    RevocationsChanged,
    SlopeReanchored,
    StepAdmitted,
    StepRejected,
    WorkerAdmitted,
    WorkerDeferred,
    WorkerRejected,
)
from remit.protocol.events.process_instance import (
    ElementActivating,
    ElementCompleted,
    ElementTerminated,
)
from remit.protocol.events.variable import VariableCreated, VariableUpdated
from remit.protocol.values import NONE_KEY, Actor

_encode = msgspec.msgpack.Encoder().encode
_NOTHING = object()
_NOWHERE = (-1, "")
_BEGINNING = frozenset((PolicyAttached, RevocationsChanged, ProcessCreated))
_ADMISSIONS = frozenset((StepAdmitted, OwnStepAdmitted))

Covers = Mapping[int, tuple[int, str]]
"""By the position of an admission: that of the effect it covers, and which part of that."""

BATCH = "RunBatch"
"""A command that does what others asked for, in their name: effects are not matched in its turns."""


class Story:
    """Feed it every turn of one partition, in order."""

    def __init__(self, ring: KeyRing) -> None:
        self.auditor = Auditor(ring)
        self._ring = ring
        self._revocations: dict[str, Revocations] = {}
        self.instances = 0
        self.rejections = 0
        self._scopes: dict[int, int] = {}
        self._variables: dict[int, dict[str, Any]] = {}
        self._governed: set[int] = set()
        self._instance_of: dict[int, int] = {}
        self._definitions: dict[int, dict[str, Any]] = {}

    def tell(self, turn: Logged) -> list[Finding]:
        """What is wrong with this turn."""
        if not self._governed and _BEGINNING.isdisjoint(map(type, turn.events)):
            return []
        found: list[Finding] = []
        open_admissions: list[tuple[int, StepAdmitted | OwnStepAdmitted]] = []
        covers: dict[int, tuple[int, str]] = {}
        happened: dict[int, list[Happened]] = {}
        for position, event in _numbered(turn):
            kind = event.__class__
            if kind in _ADMISSIONS:
                open_admissions.append((position, event))  # type: ignore[arg-type]
            elif kind in WITH_EFFECT:
                entries = self._match(turn, position, event, open_admissions, covers)
                if entries:
                    happened[position] = entries
            if kind is ElementActivating:
                self._follow_scopes(event)  # type: ignore[arg-type]
            elif kind is PolicyAttached:
                self._governed.add(event.instance)  # type: ignore[attr-defined]
                self.instances += 1
        for position, admission in open_admissions:
            if admission.action in ACTIONS_WITH_EFFECT and turn.command != BATCH:
                text = f"{admission.action} was admitted, and nothing of it happened"
                found.append(Finding(position, "completeness", text))
        tellers = self._TELLERS
        for position, event in _numbered(turn):
            tell = tellers.get(event.__class__)
            if tell is not None:
                found += tell(self, turn, position, event, covers)
            if position in happened:
                for entry in happened[position]:
                    found += self.auditor.feed(entry)
        return found

    # --- coverage ----------------------------------------------------------------------------------

    def _match(
        self,
        turn: Logged,
        position: int,
        event: Event,
        admissions: list[tuple[int, StepAdmitted | OwnStepAdmitted]],
        covers: dict[int, tuple[int, str]],
    ) -> list[Happened]:
        """The effects of a record in governed instances, each matched with its admission."""
        happened = []
        for effect in effects(turn, event, self._instance_of):
            if effect.instance not in self._governed:
                continue
            action = effect.action
            for index, (admitted_at, admission) in enumerate(admissions):
                if _is_about(admission, effect):
                    covers[admitted_at] = (position, effect.part)
                    action = admission.action
                    del admissions[index]
                    break
            happened.append(
                Happened(
                    position=position, instance=str(effect.instance), action=action,
                    part=effect.part,
                )
            )  # fmt: skip
        return happened

    # --- what the auditor is told ------------------------------------------------------------------

    def _attached(
        self, turn: Logged, position: int, event: PolicyAttached, covers: Covers
    ) -> Iterable[Finding]:
        return self.auditor.feed(_attached(position, event))

    def _deployed(
        self, turn: Logged, position: int, event: ProcessCreated, covers: Covers
    ) -> Iterable[Finding]:
        made = event.definition
        self._definitions[made.key] = {
            "tenant": made.tenant, "process": made.process_id, "version": made.version,
        }  # fmt: skip
        return ()

    def _admitted(
        self, turn: Logged, position: int, event: StepAdmitted, covers: Covers
    ) -> Iterable[Finding]:
        covered, part = covers.get(position, _NOWHERE)
        facts = self._facts(event, event.facts)
        also = tuple(
            Also(each.action, self._facts(event, each.facts), each.clauses) for each in event.also
        )
        again = self.auditor.feed(_admitted(turn, position, event, facts, also, covered, part))
        compared = self._compared(turn, position, event)
        return [*compared, *again] if compared or again else ()

    def _admitted_own(
        self, turn: Logged, position: int, event: OwnStepAdmitted, covers: Covers
    ) -> Iterable[Finding]:
        covered, part = covers.get(position, _NOWHERE)
        facts = self._facts(event, event.facts)
        again = self.auditor.feed(_admitted_own(turn, position, event, facts, covered, part))
        compared = self._own_compared(position, event)
        return [*compared, *again] if compared or again else ()

    def _facts(self, event: Admission, read: Mapping[str, Any]) -> Mapping[str, Any]:
        """What the decision has read; whose instance it is, as the deployed definition says."""
        subject = self._definitions.get(event.definition, {})
        return {**subject, "instance": str(event.instance), **read}

    def _rejected(
        self, turn: Logged, position: int, event: StepRejected, covers: Covers
    ) -> Iterable[Finding]:
        self.rejections += 1
        if event.instance not in self._governed:
            return ()  # it never began: its policy is in no record
        again = self.auditor.feed(_rejected(turn, position, event))
        return [*self._compared(turn, position, event), *again]

    def _succeeded(
        self, turn: Logged, position: int, event: PolicySucceeded, covers: Covers
    ) -> Iterable[Finding]:
        return self.auditor.feed(
            Attached(position=position, instance=str(event.instance), tokens=event.tokens)
        )

    def _lists_changed(
        self, turn: Logged, position: int, event: RevocationsChanged, covers: Covers
    ) -> Iterable[Finding]:
        return self.auditor.feed(self._revoked(position, event))

    def _reanchored(
        self, turn: Logged, position: int, event: SlopeReanchored, covers: Covers
    ) -> Iterable[Finding]:
        return self.auditor.feed(
            Lifted(
                position=position, instance=str(event.instance), token=event.statement,
                now_ms=turn.timestamp, after=event.head,
            )
        )  # fmt: skip

    def _told_by_worker(
        self,
        turn: Logged,
        position: int,
        event: ReceiptTaken,
        covers: Covers,
    ) -> Iterable[Finding]:
        return self._receipt(position, event)

    def _revoked(self, position: int, event: RevocationsChanged) -> Entry:
        """All lists that count from here on."""
        self._revocations[event.issuer] = read_revocations(event.token, self._ring)
        lists = tuple(self._revocations.values())
        return ListChanged(position=position, instance="", revocations=lists)

    def _receipt(self, position: int, event: ReceiptTaken) -> Iterator[Finding]:
        """A worker's receipt is what it was taken for: signed, and about this job."""
        if not event.signed_by:
            return  # it was refused
        try:
            envelope = jws.read(event.receipt, "receipt")
            receipt = policy.read(envelope.claims, Receipt)
            envelope.verify(self._ring.key(envelope.kid, "worker", receipt.ts_ms // 1000))
        except AuthorityFault as fault:
            yield Finding(position, "signature", f"the receipt of job {event.job}: {fault}")
            return
        told = (str(event.instance), str(event.job), event.action, event.admitted)
        was_left = receipt.is_left if isinstance(event, EvaluatorsDisagreed) else event.left
        said = (receipt.instance, receipt.job, receipt.action, receipt.admitted)
        if said != told or receipt.is_left != was_left:
            text = f"the receipt of job {event.job} says something else than the log"
            yield Finding(position, "signature", text)

    def _compared(
        self, turn: Logged, position: int, event: StepAdmitted | StepRejected
    ) -> Sequence[Finding]:
        """Where the facts of a decision are not what the log's other records say."""
        actor = turn.header.actor
        if turn.command == BATCH:
            actor = Actor(event.actor, event.method)  # it acts for who asked for the batch
        found: list[Finding] = []
        if event.kind and (event.actor != actor.id or event.method != actor.channel):
            text = f"{event.action}: decided for {event.actor}, asked by {actor.id}"
            found.append(Finding(position, "facts", text))
        acting = {"actor": actor.id or "anonymous", "actorMethod": actor.channel}
        known = acting if event.kind else {}
        found += self._differing(position, event, event.facts, known)
        if isinstance(event, StepAdmitted):
            for each in event.also:
                found += self._differing(position, event, each.facts, known)
        return found

    def _own_compared(self, position: int, event: OwnStepAdmitted) -> Sequence[Finding]:
        """The same for a step of the engine's own."""
        return [*self._differing(position, event, event.facts, {})] if event.facts else ()

    def _differing(
        self,
        position: int,
        event: StepAdmitted | OwnStepAdmitted | StepRejected,
        facts: Mapping[str, Any],
        known: Mapping[str, Any],
    ) -> Iterator[Finding]:
        for name, value in facts.items():
            if name.startswith("var."):
                expected = self._look_up(event.scope, name[4:])
            elif name == "elementId":
                expected = event.element
            elif name in known:
                expected = known[name]
            else:
                continue
            if expected is _NOTHING or _encode(expected) != _encode(value):
                shown = "nothing" if expected is _NOTHING else repr(expected)
                text = f"{event.action}: decided with {name} {value!r}, the log says {shown}"
                yield Finding(position, "facts", text)

    # --- variables and scopes ----------------------------------------------------------------------

    def _follow_scopes(self, event: ElementActivating) -> None:
        """Which instance each live element belongs to, for effects that name only the element."""
        if event.instance in self._governed:
            self._instance_of[event.key] = event.instance

    def _begun(
        self, turn: Logged, position: int, event: ElementActivating, covers: Covers
    ) -> Iterable[Finding]:
        if event.instance in self._governed:
            self._scopes[event.key] = event.scope
        return ()

    def _written(
        self,
        turn: Logged,
        position: int,
        event: VariableCreated | VariableUpdated,
        covers: Covers,
    ) -> Iterable[Finding]:
        if event.instance in self._governed:
            self._variables.setdefault(event.scope, {})[event.name] = event.value
        return ()

    def _ended(
        self,
        turn: Logged,
        position: int,
        event: ElementCompleted | ElementTerminated,
        covers: Covers,
    ) -> Iterable[Finding]:
        if self._scopes.pop(event.key, None) is None and event.instance not in self._governed:
            return ()
        self._variables.pop(event.key, None)
        self._instance_of.pop(event.key, None)
        if event.scope == NONE_KEY and event.instance in self._governed:
            self._governed.discard(event.instance)
            self.auditor.forget(str(event.instance))
        return ()

    def _look_up(self, scope: int, name: str) -> object:
        while scope != NONE_KEY:
            found = self._variables.get(scope, {}).get(name, _NOTHING)
            if found is not _NOTHING:
                return found
            scope = self._scopes.get(scope, NONE_KEY)
        return _NOTHING

    _TELLERS: Mapping[type[Event], Callable[..., Iterable[Finding]]] = {
        ProcessCreated: _deployed,
        PolicyAttached: _attached,
        StepAdmitted: _admitted,
        OwnStepAdmitted: _admitted_own,
        StepRejected: _rejected,
        PolicySucceeded: _succeeded,
        RevocationsChanged: _lists_changed,
        SlopeReanchored: _reanchored,
        WorkerAdmitted: _told_by_worker,
        WorkerRejected: _told_by_worker,
        WorkerDeferred: _told_by_worker,
        EvaluatorsDisagreed: _told_by_worker,
        ElementActivating: _begun,
        VariableCreated: _written,
        VariableUpdated: _written,
        ElementCompleted: _ended,
        ElementTerminated: _ended,
    }


def _numbered(turn: Logged) -> Iterator[tuple[int, Event]]:
    """Each record of a turn with its position: the command's is that of the turn itself."""
    return enumerate(turn.events, turn.position + 1)


def _is_about(admission: StepAdmitted | OwnStepAdmitted, effect: Effect) -> bool:
    return (
        admission.action in (effect.action, effect.instead)
        and admission.instance == effect.instance
        and (not effect.element or admission.element == effect.element)
        and (not effect.about or admission.about == effect.about)
    )


def _attached(position: int, event: PolicyAttached) -> Entry:
    parent = "" if event.parent == NONE_KEY else str(event.parent)
    sender = msgspec.msgpack.decode(event.sender, type=Slope) if event.sender else None
    return Attached(
        position=position, instance=str(event.instance), tokens=event.tokens, parent=parent,
        after=head_of(event.slope), sender=sender,
    )  # fmt: skip


def _admitted(
    turn: Logged,
    position: int,
    event: StepAdmitted,
    facts: Mapping[str, Any],
    also: tuple[Also, ...],
    covers: int,
    part: str,
) -> Decided:
    hop = _hop(event)
    return Decided(
        position=position, instance=str(event.instance), covers=covers, part=part,
        chain=event.policy, action=event.action, facts=facts, now_ms=turn.timestamp,
        before="", hop=hop, admitted=True, reason="admitted", clauses=event.clauses,
        after=event.head, returns=hop is not None, wrote=event.wrote, lowered=event.lowered,
        also=also,
    )  # fmt: skip


def _admitted_own(
    turn: Logged,
    position: int,
    event: OwnStepAdmitted,
    facts: Mapping[str, Any],
    covers: int,
    part: str,
) -> Decided:
    return Decided(
        position=position, instance=str(event.instance), covers=covers, part=part, chain="",
        action=event.action, facts=facts, now_ms=turn.timestamp, before="", admitted=True,
        reason="admitted", clauses=event.clauses, after="",
    )  # fmt: skip


def _rejected(turn: Logged, position: int, event: StepRejected) -> Decided:
    return Decided(
        position=position, instance=str(event.instance), covers=-1, chain=event.policy,
        action=event.action, facts=event.facts, now_ms=turn.timestamp, before=event.head,
        hop=_hop(event), admitted=False, reason=event.reason, clauses=event.clauses,
        after=event.head, lowered=event.lowered,
    )  # fmt: skip


def _hop(event: StepAdmitted | StepRejected) -> Hop | None:
    if not event.kind:
        return None
    return Hop(event.actor or "anonymous", event.kind, event.method, event.domain)  # type: ignore[arg-type]


def head_of(slope: bytes) -> str:
    """The head of a slope as the authority room writes it: the first of its fields."""
    return str(msgspec.msgpack.decode(slope)[0])
