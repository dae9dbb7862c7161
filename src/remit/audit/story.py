"""From the turns of one partition's log to what is asked again, and what the two do not agree on.

Instances are known from the record that attaches their policy until they end. Meanwhile their scopes
and variables are followed, so that a decision's facts can be compared with what the log itself says:
who the command's header names, which element was entered, and what each variable was at that moment.
Whose instance it is, the log tells by the definition that was deployed.

Each turn is walked once. An admission is asked again where it stands, and waits for its effect; an
effect takes the first admission that waits and is about it. What is left when the turn is over was
admitted and never happened.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any, NamedTuple

import msgspec

from remit.audit.beginnings import Beginnings
from remit.audit.carried import Agreement, Agreements, Carried, encode
from remit.audit.effects import ACTIONS_WITH_EFFECT, EFFECTS, Effect, Live
from remit.audit.records import READ_AS, Turn
from remit.authority import AuthorityFault, Hop, KeyRing, jws, policy
from remit.authority.receipt import Receipt
from remit.authority.revocation import Revocations, read_revocations
from remit.authority.rulebook import SUBJECT
from remit.authority.slope import Slope
from remit.authority.verify import (
    Also,
    Attached,
    Auditor,
    Decided,
    Finding,
    Lifted,
    ListChanged,
)
from remit.protocol.events import Event
from remit.protocol.events.deployment import ProcessCreated
from remit.protocol.events.governance import (
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
from remit.protocol.values import NONE_KEY

_decode = msgspec.msgpack.Decoder().decode
_decode_facts = msgspec.msgpack.Decoder(dict[str, Any]).decode
_decode_slope = msgspec.msgpack.Decoder(Slope).decode
_NOTHING = object()
_BEGINNING = frozenset(
    READ_AS[each] for each in (PolicyAttached, RevocationsChanged, ProcessCreated)
)

Findings = Sequence[Finding]
_FINE: Findings = ()

RULES_REMEMBERED = 1_000
"""Sets of rules whose agreements are kept for the instances to come."""

BATCH = "RunBatch"
"""A command that does what others asked for, in their name: effects are not matched in its turns."""


class Share(NamedTuple):
    """What one of several who read the same log asks about: each family of instances is one's alone.

    An instance and all that it calls are a family, named by its root: from one family to another goes
    nothing but what the log says.
    """

    which: int = 0
    of: int = 1

    def has(self, root: int) -> bool:
        return root % self.of == self.which


ALL = Share()


class Story:
    """Feed it every turn of one partition, in order; it tells of its `share` of the instances."""

    def __init__(self, ring: KeyRing, share: Share = ALL) -> None:
        self.auditor = Auditor(ring)
        self._share = share
        self._elsewhere: set[int] = set()
        self._beginnings = Beginnings()
        self.instances = 0
        self.rejections = 0
        self._remembered = 0
        self._ring = ring
        self._revocations: dict[str, Revocations] = {}
        self.position = 0
        self._agreements: dict[Hashable, Agreements] = {}
        self._governed: dict[int, Carried] = {}
        self._scopes: dict[int, int] = {}
        self._variables: dict[int, dict[str, bytes]] = {}
        self._instance_of: dict[int, int] = {}
        self._live = Live(self._governed, self._instance_of)
        self._definitions: dict[int, dict[str, Any]] = {}
        self._waiting: dict[tuple[int, str], list[tuple[int, Any]]] = {}
        self._over: list[int] = []

    @property
    def decisions(self) -> int:
        """Those that were asked again, and those whose very question was asked before."""
        return self.auditor.decisions + self._remembered

    def tell(self, turn: Turn) -> list[Finding]:
        """What is wrong with this turn."""
        found: list[Finding] = []
        position = turn.position
        if position <= self.position:
            found.append(Finding(position, "order", f"comes after {self.position}"))
        elif position > self.position + 1:
            text = f"records {self.position + 1} to {position - 1} are missing"
            found.append(Finding(position, "order", text))
        self.position = position + len(turn.events)
        if not self._governed and _BEGINNING.isdisjoint(map(type, turn.events)):
            return found
        tellers = _TELLERS
        for event in turn.events:
            position += 1
            tell = tellers.get(event.__class__)
            if tell is None:
                continue
            try:
                told = tell(self, turn, position, event)
            except msgspec.DecodeError as fault:
                told = (Finding(position, "chain", f"the record can't be read: {fault}"),)
            if told:
                found += told
        if self._waiting:
            found += self._never_happened(turn)
        if self._over:
            self._forget()
        return found

    # --- coverage ----------------------------------------------------------------------------------

    def _wait(self, position: int, event: Any) -> None:
        """An admission is there, its effect is not yet."""
        asked = (event.instance, event.action)
        waiting = self._waiting.get(asked)
        if waiting is None:
            self._waiting[asked] = [(position, event)]
        else:
            waiting.append((position, event))

    def _happened(self, turn: Turn, position: int, event: Event) -> Findings:
        """The effects of a record in governed instances, each of which takes its admission."""
        effects = EFFECTS[event.__class__](turn, event, self._live)
        if not effects:
            return _FINE
        return [
            Finding(position, "completeness", f"{effect.action} happened, and nothing admitted it")
            for effect in effects
            if not self._takes(effect, effect.action)
            and not (effect.instead and self._takes(effect, effect.instead))
        ]

    def _takes(self, effect: Effect, action: str) -> bool:
        asked = (effect.instance, action)
        waiting = self._waiting.get(asked)
        if waiting is None:
            return False
        for index, (_, admission) in enumerate(waiting):
            if (not effect.element or admission.element == effect.element) and (
                not effect.about or admission.about == effect.about
            ):
                del waiting[index]
                if not waiting:
                    del self._waiting[asked]
                return True
        return False

    def _never_happened(self, turn: Turn) -> Iterator[Finding]:
        waiting = sorted(
            (position, action)
            for (_, action), admissions in self._waiting.items()
            for position, _ in admissions
            if action in ACTIONS_WITH_EFFECT and turn.command != BATCH
        )
        self._waiting.clear()
        for position, action in waiting:
            text = f"{action} was admitted, and nothing of it happened"
            yield Finding(position, "completeness", text)

    # --- admissions --------------------------------------------------------------------------------

    def _admitted_own(self, turn: Turn, position: int, event: Any) -> Findings:
        """A step of the engine's own: the slope stays where it is."""
        carried = self._governed.get(event.instance)
        if carried is None:
            return self._unknown(position, event)
        self._wait(position, event)
        content = bytes(event.facts)
        question = (event.action, event.clauses, content, carried.told)
        if self._was_asked(turn, event, carried):
            agreement = carried.agreements.get(question)
            if agreement is not None:
                self._remembered += 1
                return self._differing(position, event, agreement.facts) if agreement.facts else ()
        facts = _decode_facts(content)
        decided = Decided(
            position=position, instance=carried.name, covers=-1, chain="", action=event.action,
            facts=self._facts(event, facts), now_ms=turn.timestamp, before="", admitted=True,
            reason="admitted", clauses=event.clauses, after="", duties=(),
        )  # fmt: skip
        return self._ask(turn, position, event, carried, decided, question, [facts], {})

    def _admitted(self, turn: Turn, position: int, event: Any) -> Findings:
        """A step that somebody takes: on the slope as well, and only during the step."""
        carried = self._governed.get(event.instance)
        if carried is None:
            return self._unknown(position, event)
        self._wait(position, event)
        content = bytes(event.facts)
        beside = tuple((each.action, each.clauses, bytes(each.facts)) for each in event.also)
        question = (
            event.action, event.clauses, content, carried.told, event.slope, event.head,
            event.trust, event.low, event.kind, event.actor, event.method, event.domain,
            event.wrote, event.lowered, event.duties, beside,
        )  # fmt: skip
        found = self._by_other(turn, position, event)
        if event.policy == carried.policy and self._was_asked(turn, event, carried):
            agreement = carried.agreements.get(question)
            if agreement is not None:
                self._remembered += 1 + len(beside)
                carried.slope, carried.told = agreement.slope, agreement.told
                if agreement.facts:
                    found = [*found, *self._differing(position, event, agreement.facts)]
                return found
        facts = [_decode_facts(each) for each in (content, *(read for _, _, read in beside))]
        also = tuple(
            Also(action, self._facts(event, read), clauses)
            for (action, clauses, _), read in zip(beside, facts[1:], strict=True)
        )
        hop = _hop(event)
        decided = Decided(
            position=position, instance=carried.name, covers=-1, chain=event.policy,
            action=event.action, facts=self._facts(event, facts[0]), now_ms=turn.timestamp,
            before="", hop=hop, admitted=True, reason="admitted", clauses=event.clauses,
            after=event.head, returns=hop is not None, wrote=event.wrote, lowered=event.lowered,
            duties=event.duties, also=also,
        )  # fmt: skip
        told = self._ask(turn, position, event, carried, decided, question, facts, _acting(hop))
        return [*found, *told]

    def _was_asked(self, turn: Turn, event: Any, carried: Carried) -> bool:
        """Whether what other instances were asked counts for this question."""
        return (
            carried.from_ms <= turn.timestamp < carried.until_ms
            and event.definition == carried.definition
            and event.tenant == carried.tenant
        )

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
        self.auditor.place(carried.name, before)
        found = self.auditor.feed(decided)
        after = self.auditor.slope(carried.name)
        if after is not before:
            carried.move(after)
        if event.tenant != carried.tenant:
            found.append(_contradiction(position, event, "tenant", event.tenant, carried.tenant))
        if event.__class__ is not _OWN:
            found += _as_told(position, carried, event.slope, event.trust, event.low)
        told_by_log: dict[str, Any] = {}
        for name, value in chain.from_iterable(each.items() for each in facts):
            if name.startswith("var.") or name == "elementId":
                expected = told_by_log.setdefault(name, value)
            else:
                expected = acting.get(name, value)
            if value != expected:
                found.append(_contradiction(position, event, name, value, expected))
        authority = carried.authority
        if authority is not None and authority.is_subject(self._facts(event, {})):
            carried.definition = event.definition
        if (
            not found
            and authority is not None
            and self._was_asked(turn, event, carried)
            and all(authority.is_alike(each.action) for each in (event, *decided.also))
            and all(SUBJECT.isdisjoint(each) for each in facts)
        ):
            carried.remember(question, Agreement(after, carried.told, told_by_log))
        return [*found, *self._differing(position, event, told_by_log)] if told_by_log else found

    def _unknown(self, position: int, event: Any) -> Findings:
        if event.instance in self._elsewhere:
            return _FINE
        text = f"{event.action} was decided, and its instance carries no policy"
        return (Finding(position, "decision", text),)

    def _rejected(self, turn: Turn, position: int, event: StepRejected) -> Findings:
        carried = self._governed.get(event.instance)
        if carried is None:
            is_ours = self._share.has(event.instance) and event.instance not in self._elsewhere
            self.rejections += is_ours
            return _FINE  # it never began: its policy is in no record
        self.rejections += 1
        self.auditor.place(carried.name, carried.slope)
        hop = _hop(event)
        decided = Decided(
            position=position, instance=carried.name, covers=-1, chain=event.policy,
            action=event.action, facts=event.facts, now_ms=turn.timestamp, before=event.head,
            hop=hop, admitted=False, reason=event.reason, clauses=event.clauses, after=event.head,
            lowered=event.lowered,
        )  # fmt: skip
        found = [*self._by_other(turn, position, event), *self.auditor.feed(decided)]
        for name, value in _acting(hop).items():
            if name in event.facts and event.facts[name] != value:
                found.append(_contradiction(position, event, name, event.facts[name], value))
        return [*found, *self._differing(position, event, event.facts)]

    # --- facts -------------------------------------------------------------------------------------

    def _facts(self, event: Any, facts: Mapping[str, Any]) -> Mapping[str, Any]:
        """What the decision has read; whose instance it is, as the deployed definition says."""
        subject = self._definitions.get(event.definition, {})
        return {**subject, "instance": str(event.instance), **facts}

    def _by_other(self, turn: Turn, position: int, event: Any) -> Findings:
        """A decision for somebody who did not ask. A batch acts for who asked for it."""
        if not event.kind or turn.command == BATCH:
            return _FINE
        actor = turn.actor
        if event.actor == actor.id and event.method == actor.channel:
            return _FINE
        text = f"{event.action}: decided for {event.actor}, asked by {actor.id}"
        return (Finding(position, "facts", text),)

    def _differing(self, position: int, event: Any, facts: Mapping[str, Any]) -> Findings:
        """Where facts of a decision are not what the log's other records say."""
        found = []
        for name, value in facts.items():
            if name.startswith("var."):
                expected = self._look_up(event.scope, name[4:])
                if expected is _NOTHING or expected != encode(value):
                    shown = expected if expected is _NOTHING else _decode(expected)  # type: ignore[arg-type]
                    found.append(_contradiction(position, event, name, value, shown))
            elif name == "elementId" and value != event.element:
                found.append(_contradiction(position, event, name, value, event.element))
        return found

    # --- policies ----------------------------------------------------------------------------------

    def _deployed(self, turn: Turn, position: int, event: ProcessCreated) -> Findings:
        made = event.definition
        self._definitions[made.key] = {
            "tenant": made.tenant, "process": made.process_id, "version": made.version,
        }  # fmt: skip
        return _FINE

    def _attached(self, turn: Turn, position: int, event: PolicyAttached) -> Findings:
        shared = self._beginnings.hold(event)
        if not self._share.has(event.root):
            self._elsewhere.add(event.instance)
            return _FINE
        self.instances += 1
        carried = self._governed[event.instance] = Carried(event)
        parent = self._governed.get(event.parent)
        if parent is not None:
            self.auditor.place(parent.name, parent.slope)
        found = self.auditor.feed(
            Attached(
                position=position, instance=carried.name, tokens=event.tokens,
                parent="" if event.parent == NONE_KEY else str(event.parent),
                after=head_of(event.slope),
                sender=_decode_slope(event.sender) if event.sender else None,
            )
        )  # fmt: skip
        carried.move(self.auditor.slope(carried.name))
        self._attach(carried, event)
        if shared:
            found.append(Finding(position, "signature", shared))
        if not found and carried.told != event.slope:
            found.append(Finding(position, "slope", "the slope is not the one that its head names"))
        return [*found, *self._misnamed(position, event, carried)]

    def _succeeded(self, turn: Turn, position: int, event: PolicySucceeded) -> Findings:
        self._beginnings.release(event.instance)
        if event.instance in self._elsewhere:
            return _FINE
        carried = self._governed.get(event.instance)
        if carried is None:
            return (Finding(position, "signature", "a successor of a policy that is not there"),)
        found = self.auditor.feed(
            Attached(position=position, instance=carried.name, tokens=event.tokens)
        )
        self._attach(carried, event)
        return [*found, *self._misnamed(position, event, carried)]

    def _attach(self, carried: Carried, event: PolicyAttached | PolicySucceeded) -> None:
        authority = self.auditor.authority(carried.name)
        carried.attach(event, authority, self._agreed(authority))
        if authority is not None and not authority.is_subject(self._facts(event, {})):
            carried.definition = NONE_KEY  # it migrates: `_ask` will see where to

    def _agreed(self, authority: Any) -> Agreements:
        """What was found right for chains like this one."""
        if authority is None:
            return {}
        if len(self._agreements) >= RULES_REMEMBERED:
            self._agreements.clear()
        return self._agreements.setdefault(authority.alike(), {})

    def _misnamed(
        self, position: int, event: PolicyAttached | PolicySucceeded, carried: Carried
    ) -> Findings:
        authority = carried.authority
        if authority is None:
            return _FINE
        if authority.chain.subject.tenant != event.tenant:
            text = (
                f"the policy is one of tenant {authority.chain.subject.tenant}, not {event.tenant}"
            )
            return (Finding(position, "signature", text),)
        if isinstance(event, PolicyAttached) and not authority.is_subject(self._facts(event, {})):
            text = "the policy is for another process, or another version, than the instance is of"
            return (Finding(position, "signature", text),)
        if authority.chain.hash == event.policy:
            return _FINE
        text = f"the policy is {authority.chain.hash[:12]}, the log calls it {event.policy[:12]}"
        return (Finding(position, "signature", text),)

    def _lists_changed(self, turn: Turn, position: int, event: RevocationsChanged) -> Findings:
        """All lists that count from here on."""
        try:
            self._revocations[event.issuer] = read_revocations(event.token, self._ring)
        except AuthorityFault as fault:
            return (Finding(position, "signature", f"revocations of {event.issuer}: {fault}"),)
        lists = tuple(self._revocations.values())
        found = self.auditor.feed(ListChanged(position=position, instance="", revocations=lists))
        for carried in self._governed.values():
            authority = self.auditor.authority(carried.name)
            carried.rule(authority, self._agreed(authority))
        return found

    def _reanchored(self, turn: Turn, position: int, event: SlopeReanchored) -> Findings:
        if event.instance in self._elsewhere:
            return _FINE
        carried = self._governed.get(event.instance)
        if carried is None:
            return (Finding(position, "slope", "trust re-anchored without a policy"),)
        self.auditor.place(carried.name, carried.slope)
        found = self.auditor.feed(
            Lifted(
                position=position, instance=carried.name, token=event.statement,
                now_ms=turn.timestamp, after=event.head,
            )
        )  # fmt: skip
        carried.move(self.auditor.slope(carried.name))
        trust = carried.slope.trust
        return [*found, *_as_told(position, carried, event.slope, trust, event.low)]

    def _told_by_worker(
        self,
        turn: Turn,
        position: int,
        event: ReceiptTaken,
    ) -> Findings:
        """A worker's receipt is what it was taken for: signed, and about this job."""
        if not event.signed_by or event.instance in self._elsewhere:
            return _FINE  # it was refused, or another asks about it
        try:
            envelope = jws.read(event.receipt, "receipt")
            receipt = policy.read(envelope.claims, Receipt)
            envelope.verify(self._ring.key(envelope.kid, "worker", receipt.ts_ms // 1000))
        except AuthorityFault as fault:
            text = f"the receipt of job {event.job}: {fault}"
            return (Finding(position, "signature", text),)
        told = (str(event.instance), str(event.job), event.action, event.admitted)
        was_left = receipt.is_left if isinstance(event, EvaluatorsDisagreed) else event.left
        said = (receipt.instance, receipt.job, receipt.action, receipt.admitted)
        if said != told or receipt.is_left != was_left:
            text = f"the receipt of job {event.job} says something else than the log"
            return (Finding(position, "signature", text),)
        return _FINE

    # --- variables and scopes ----------------------------------------------------------------------

    def _begun(self, turn: Turn, position: int, event: ElementActivating) -> Findings:
        """Which instance each live element belongs to, for effects that name only the element."""
        found = self._happened(turn, position, event)
        if event.instance in self._governed:
            self._instance_of[event.key] = event.instance
            self._scopes[event.key] = event.scope
        return found

    def _written(
        self, turn: Turn, position: int, event: VariableCreated | VariableUpdated
    ) -> Findings:
        if event.instance in self._governed:
            self._variables.setdefault(event.scope, {})[event.name] = bytes(event.value)
        return _FINE

    def _ended(
        self, turn: Turn, position: int, event: ElementCompleted | ElementTerminated
    ) -> Findings:
        if event.instance not in self._governed:
            if event.scope == NONE_KEY and event.instance in self._elsewhere:
                self._over.append(event.instance)
            return _FINE
        self._scopes.pop(event.key, None)
        self._variables.pop(event.key, None)
        self._instance_of.pop(event.key, None)
        if event.scope == NONE_KEY:
            self._over.append(event.instance)
        return _FINE

    def _forget(self) -> None:
        """Instances that ended in this turn: what stood in it after that was still theirs."""
        for instance in self._over:
            self._elsewhere.discard(instance)
            self._beginnings.release(instance)
            carried = self._governed.pop(instance, None)
            if carried is not None:
                self.auditor.forget(carried.name)
        self._over.clear()

    def _look_up(self, scope: int, name: str) -> object:
        while scope != NONE_KEY:
            found = self._variables.get(scope, {}).get(name, _NOTHING)
            if found is not _NOTHING:
                return found
            scope = self._scopes.get(scope, NONE_KEY)
        return _NOTHING


_BY_EVENT: Mapping[type[Event], Callable[..., Iterable[Finding]]] = {
    ProcessCreated: Story._deployed,
    PolicyAttached: Story._attached,
    StepAdmitted: Story._admitted,
    OwnStepAdmitted: Story._admitted_own,
    StepRejected: Story._rejected,
    PolicySucceeded: Story._succeeded,
    RevocationsChanged: Story._lists_changed,
    SlopeReanchored: Story._reanchored,
    WorkerAdmitted: Story._told_by_worker,
    WorkerRejected: Story._told_by_worker,
    WorkerDeferred: Story._told_by_worker,
    EvaluatorsDisagreed: Story._told_by_worker,
    ElementActivating: Story._begun,
    VariableCreated: Story._written,
    VariableUpdated: Story._written,
    ElementCompleted: Story._ended,
    ElementTerminated: Story._ended,
}

_TELLERS: Mapping[type[Event], Callable[..., Iterable[Finding]]] = {
    **dict.fromkeys(EFFECTS, Story._happened),
    **{READ_AS[event]: tell for event, tell in _BY_EVENT.items()},
}


def _as_told(position: int, carried: Carried, told: bytes, trust: int, low: int) -> Findings:
    """Where a record says something else of the slope than its head does."""
    slope = carried.slope
    if (told, trust, low) == (carried.told, slope.trust, slope.low):
        return _FINE
    text = f"recorded trust {trust}, low {low}; the slope has {slope.trust}, {slope.low}"
    return (Finding(position, "slope", text),)


_OWN: type[Event] = READ_AS[OwnStepAdmitted]


def _contradiction(position: int, event: Any, name: str, value: Any, expected: Any) -> Finding:
    shown = "nothing" if expected is _NOTHING else repr(expected)
    text = f"{event.action}: decided with {name} {value!r}, the log says {shown}"
    return Finding(position, "facts", text)


def _hop(event: Any) -> Hop | None:
    if not event.kind:
        return None
    return Hop(event.actor or "anonymous", event.kind, event.method, event.domain)


def _acting(hop: Hop | None) -> Mapping[str, Any]:
    """What a step's facts say of whoever takes it, where they say anything."""
    return {} if hop is None else {"actor": hop.actor, "actorMethod": hop.method}


def head_of(slope: bytes) -> str:
    """The head of a slope as the authority room writes it: the first of its fields."""
    return _decode_slope(slope).head
