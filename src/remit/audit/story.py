"""From the turns of one partition's log to what is asked again, and what the two do not agree on.

    policies    a policy is attached, succeeded, revoked: is it signed, and for this instance?
    asking      a decision: asked again, has it the same answer, over what the log tells as well?
    coverage    an effect: was it admitted? an admission: did it happen?
    running     what the log has told so far of the instances that run

Each turn is walked once, record by record.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from remit.audit.asking import Asking
from remit.audit.coverage import FINE, Coverage, Findings
from remit.audit.effects import EFFECTS
from remit.audit.policies import Policies
from remit.audit.records import READ_AS, Turn
from remit.audit.running import ALL, Running, Share
from remit.authority import KeyRing
from remit.authority.verify import Auditor, Finding
from remit.protocol.events import Event
from remit.protocol.events.deployment import ProcessCreated
from remit.protocol.events.governance import (
    EvaluatorsDisagreed,
    OwnStepAdmitted,
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

_BEGINNING = frozenset(
    READ_AS[each] for each in (PolicyAttached, RevocationsChanged, ProcessCreated)
)
Teller = Callable[[Turn, int, Any], Findings]


class Story:
    """Feed it every turn of one partition, in order; it tells of its `share` of the instances."""

    def __init__(self, ring: KeyRing, share: Share = ALL) -> None:
        self.auditor = Auditor(ring)
        self.position = 0
        self._running = Running(share)
        self._coverage = Coverage(self._running.live)
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
        found: list[Finding] = []
        position = turn.position
        if position <= self.position:
            found.append(Finding(position, "order", f"comes after {self.position}"))
        elif position > self.position + 1:
            text = f"records {self.position + 1} to {position - 1} are missing"
            found.append(Finding(position, "order", text))
        self.position = position + len(turn.events)
        running = self._running
        if not running.governed and _BEGINNING.isdisjoint(map(type, turn.events)):
            return found
        tellers = self._tellers
        for event in turn.events:
            position += 1
            tell = tellers.get(event.__class__)
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

    def _by_record(self) -> Mapping[type[Event], Teller]:
        """Who tells of which kind of record."""
        asking, policies = self._asking, self._policies
        by_event: Mapping[type[Event], Teller] = {
            ProcessCreated: policies.deployed,
            PolicyAttached: policies.attached,
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
            ElementActivating: self._begun,
            VariableCreated: self._written,
            VariableUpdated: self._written,
            ElementCompleted: self._ended,
            ElementTerminated: self._ended,
        }
        return {
            **dict.fromkeys(EFFECTS, self._coverage.happened),
            **{READ_AS[event]: tell for event, tell in by_event.items()},
        }

    def _begun(self, turn: Turn, position: int, event: ElementActivating) -> Findings:
        found = self._coverage.happened(turn, position, event)
        self._running.begun(event)
        return found

    def _written(
        self, turn: Turn, position: int, event: VariableCreated | VariableUpdated
    ) -> Findings:
        self._running.written(event)
        return FINE

    def _ended(
        self, turn: Turn, position: int, event: ElementCompleted | ElementTerminated
    ) -> Findings:
        self._running.ended(event)
        return FINE
