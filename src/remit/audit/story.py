"""From the turns of one partition's log to what is asked again, and what the two do not agree on.

    policies    a policy is attached, succeeded, revoked: is it signed, and for this instance?
    asking      a decision: asked again, has it the same answer, over what the log tells as well?
    coverage    an effect: was it admitted? an admission: did it happen?
    home        is it the log of this partition, or another's?
    running     what the log has told so far of the instances that run

Each turn is walked once, record by record.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from msgspec import Raw

from remit.audit.asking import Asking
from remit.audit.coverage import Coverage, Findings
from remit.audit.effects import Effects
from remit.audit.home import ANY, Home
from remit.audit.policies import Policies
from remit.audit.records import BEGINNING, READ_AS, Kinds, Turn, read_kinds, read_turn
from remit.audit.running import ALL, Running, Share
from remit.authority import KeyRing
from remit.authority.verify import Auditor, Finding
from remit.protocol.events import Event
from remit.protocol.events.batch import BatchPartCanceled, BatchPartCompleted, BatchPartStarted
from remit.protocol.events.deployment import ProcessCreated
from remit.protocol.events.governance import (
    EvaluatorsDisagreed,
    OwnStepAdmitted,
    PoliciesSigned,
    PolicyAttached,
    PolicySucceeded,
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

Teller = Callable[[Turn, int, Any], Findings]


class Story:
    """Feed it every turn of one partition, in order; it tells of its `share` of the instances.

    The last turn `began` and ended at these positions: that of its command, and of its last record.
    """

    def __init__(self, ring: KeyRing, share: Share = ALL, partition: int = ANY) -> None:
        self.auditor = Auditor(ring)
        self.began = self.position = 0
        self._home = Home(partition)
        self._running = Running(share)
        self._coverage = Coverage()
        self._effects = Effects(self._coverage, self._running)
        self._asking = Asking(self.auditor, self._running, self._coverage)
        self._policies = Policies(ring, self.auditor, self._running)
        self._tellers = self._by_record()

    @property
    def instances(self) -> int:
        return self._policies.instances

    @property
    def rejections(self) -> int:
        return self._asking.rejections

    @property
    def decisions(self) -> int:
        """Those that were asked again, and those whose very question was asked before."""
        return self.auditor.decisions + self._asking.remembered

    def tell(self, turn: Turn) -> list[Finding]:
        """What is wrong with this turn."""
        found = self._follows(turn)
        running, position, events = self._running, turn.position, turn.events
        if not running.governed and BEGINNING.isdisjoint(map(type, events)):
            return found
        tellers = map(self._tellers.get, map(type, events))
        for tell, event in zip(tellers, events, strict=True):
            position += 1
            if tell is None:
                continue
            try:
                told = tell(turn, position, event)
            except msgspec.DecodeError as fault:
                told = (Finding(position, "chain", f"the record can't be read: {fault}"),)
            if told:
                found += told
        if self._coverage.waiting:
            found += self._coverage.never_happened(turn)
        if running.over:
            for ended in running.forget():
                self.auditor.forget(ended.name)
        return found

    def hear(self, raw: Raw) -> list[Finding]:
        """The same for a turn as the log has it. Raises `msgspec.DecodeError` for what is none.

        While no governed instance runs, and none begins, it does not count what the records say.
        """
        strange = [] if self._home.is_known else self._home.look(raw)
        if not self._running.governed:
            kinds = read_kinds(raw)
            if kinds.begins_nothing:
                return strange + self._follows(kinds)
        return strange + self.tell(read_turn(raw))

    def _follows(self, turn: Turn | Kinds) -> list[Finding]:
        """Whether its positions come after those of the turn before."""
        before, position = self.position, turn.position
        self.began = position
        self.position = position + len(turn.events)
        if position == before + 1:
            return []
        if position <= before:
            return [Finding(position, "order", f"comes after {before}")]
        text = f"records {before + 1} to {position - 1} are missing"
        return [Finding(position, "order", text)]

    def _by_record(self) -> Mapping[type[Event], Teller]:
        """Who tells of which kind of record."""
        asking, policies, running = self._asking, self._policies, self._running
        by_event: Mapping[type[Event], Teller] = {
            ProcessCreated: policies.deployed,
            PolicyAttached: policies.attached,
            PoliciesSigned: policies.signed,
            PolicySucceeded: policies.succeeded,
            RevocationsChanged: policies.lists_changed,
            SlopeReanchored: policies.reanchored,
            WorkerAdmitted: policies.receipt_taken,
            WorkerRejected: policies.receipt_taken,
            WorkerDeferred: policies.receipt_taken,
            EvaluatorsDisagreed: policies.receipt_taken,
            StepAdmitted: asking.step,
            OwnStepAdmitted: asking.own,
            StepRejected: asking.rejected,
            BatchPartStarted: asking.batch_begun,
            BatchPartCompleted: asking.batch_over,
            BatchPartCanceled: asking.batch_over,
            ElementActivating: self._begun,
            VariableCreated: running.written,
            VariableUpdated: running.written,
            ElementCompleted: running.ended,
            ElementTerminated: running.ended,
        }
        return {
            **self._effects.tellers(),
            **{READ_AS[event]: tell for event, tell in by_event.items()},
        }

    def _begun(self, turn: Turn, position: int, event: ElementActivating) -> Findings:
        found = self._effects.activating(turn, position, event)
        self._running.begun(event)
        return (*self._home.made(position, event.key), *found)
