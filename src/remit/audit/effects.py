"""Which record of the log is a step that needed an admission, and which.

    record                                          admission before it, in the same turn
    ELEMENT_ACTIVATING, of a called process         call.activity, in the caller
    ELEMENT_ACTIVATING, inside an instance          element.enter
    ELEMENT_ACTIVATING, of an outermost process     instance.create or message.start
    SEQUENCE_FLOW_TAKEN                             flow.take
    TIMER TRIGGERED, CONDITION TRIGGERED            timer.fire, event.catch
    ESCALATION ESCALATED, NOT_ESCALATED             escalation.throw
    JOB COMPLETED, FAILED, ERROR_THROWN             job.complete, job.fail, job.error
    JOB CREATED, TIMED_OUT                          job.create, job.timeout
    JOB_BATCH ACTIVATED                             job.activate, for each job
    JOB RETRIES_UPDATED, TIMEOUT_UPDATED            job.retries
    VARIABLE_DOCUMENT UPDATED                       var.write
    USER_TASK …ING, by a command                    usertask.assign, usertask.complete
    USER_TASK CLAIMING                              usertask.claim; for another usertask.assign
    PROCESS_MESSAGE_SUBSCRIPTION CORRELATED         message.correlate
    DECISION_EVALUATION EVALUATED, FAILED           decision.evaluate
    INCIDENT RESOLVED, by a command                 incident.resolve
    PROCESS_INSTANCE_MODIFICATION MODIFIED          instance.modify
    PROCESS_INSTANCE_MIGRATION MIGRATED             instance.migrate
    ELEMENT_TERMINATING of the process, by CANCEL   instance.cancel

What the engine does by itself after an error of its own (a job that is too large to be delivered) is
nobody's step and needs none.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping
from types import MethodType
from typing import Any

from msgspec import Raw

from remit.audit.coverage import FINE, Coverage, Findings, contradiction
from remit.audit.records import READ_AS, Turn
from remit.audit.running import Running
from remit.protocol.events import Event
from remit.protocol.events.condition import ConditionTriggered
from remit.protocol.events.decision import DecisionEvaluated, DecisionFailed
from remit.protocol.events.escalation import Escalated, NotEscalated
from remit.protocol.events.governance import EvaluatorsDisagreed, WorkerRejected
from remit.protocol.events.incident import IncidentResolved
from remit.protocol.events.job import (
    JobCompleted,
    JobCreated,
    JobErrorThrown,
    JobFailed,
    JobRetriesUpdated,
    JobsActivated,
    JobTimedOut,
    JobTimeoutUpdated,
)
from remit.protocol.events.message import ProcessSubscriptionCorrelated
from remit.protocol.events.process_instance import (
    ElementActivating,
    ElementTerminating,
    InstanceMigrated,
    InstanceModified,
    SequenceFlowTaken,
)
from remit.protocol.events.timer import TimerTriggered
from remit.protocol.events.user_task import (
    UserTaskAssigning,
    UserTaskClaiming,
    UserTaskCompleting,
    UserTaskUpdating,
)
from remit.protocol.events.variable import VariablesSet
from remit.protocol.values import NONE_KEY


class Effects:
    """What happens in the governed instances that run; each effect takes its admission of `coverage`."""

    def __init__(self, coverage: Coverage, running: Running) -> None:
        self._take = coverage.take
        self._facts_of = coverage.facts_of
        self._governed: Container[int] = running.governed
        self._element_of = running.element_of
        self._definitions = running.definitions

    def tellers(self) -> Mapping[type[Event], Callable[[Turn, int, Any], Findings]]:
        """By kind of record: given its turn and position, what nothing admitted."""
        return {kind: MethodType(found, self) for kind, found in EFFECTS.items()}

    def of(
        self, position: int, instance: int, action: str, element: str = "", about: str = ""
    ) -> Findings:
        """The effect needs its admission, when the instance is governed."""
        if instance in self._governed:
            return self._take(position, instance, action, element, about)
        return FINE

    def of_job(
        self, position: int, job: Any, key: int, action: str, brought: Raw | None = None
    ) -> Findings:
        """The same for what is done with a job that stays as it is; with the variables `brought`."""
        if job.instance in self._governed:
            return self._take(position, job.instance, action, "", str(key), job, brought)
        return FINE

    def activating(self, turn: Turn, position: int, event: ElementActivating) -> Findings:
        if event.scope != NONE_KEY:
            if event.instance in self._governed:
                return self._take(position, event.instance, "element.enter", event.element, "")
        elif event.parent_instance != NONE_KEY:
            return self.called(position, event)
        elif event.instance in self._governed:
            missing = self._take(position, event.instance, "instance.create", "", "")
            if missing and not self._take(position, event.instance, "message.start", "", ""):
                return FINE
            return missing
        return FINE

    def called(self, position: int, event: ElementActivating) -> Findings:
        if event.parent_instance not in self._governed:
            return FINE
        called = self._definitions.get(event.definition, {})
        told = {f"called{name.capitalize()}": value for name, value in called.items()}
        return self._take(
            position, event.parent_instance, "call.activity", "", event.element, told=told
        )

    def taken(self, turn: Turn, position: int, event: SequenceFlowTaken) -> Findings:
        if event.instance in self._governed:
            return self._take(position, event.instance, "flow.take", "", event.element)
        return FINE

    def fired(self, turn: Turn, position: int, event: TimerTriggered) -> Findings:
        return self.of(position, event.timer.instance, "timer.fire", event.timer.target)

    def fulfilled(self, turn: Turn, position: int, event: ConditionTriggered) -> Findings:
        found = event.subscription
        return self.of(position, found.instance, "event.catch", found.target)

    def escalated(self, turn: Turn, position: int, event: Escalated | NotEscalated) -> Findings:
        return self.of(position, event.instance, "escalation.throw", event.thrown_by)

    def terminating(self, turn: Turn, position: int, event: ElementTerminating) -> Findings:
        is_asked = turn.command == "CancelInstance" and event.key == turn.key
        return self.of(position, event.instance, "instance.cancel") if is_asked else FINE

    def activated(self, turn: Turn, position: int, event: JobsActivated) -> Findings:
        found: Findings = FINE
        for job in event.jobs:
            wrong = self.of_job(position, job, job.key, "job.activate")
            if wrong:
                found = [*found, *wrong]
        return found

    def completed(self, turn: Turn, position: int, event: Any) -> Findings:
        if turn.command != "CompleteJob" or event.key != turn.key:
            return FINE
        return self.of_job(position, event.job, event.key, "job.complete", event.variables)

    def error_thrown(self, turn: Turn, position: int, event: JobErrorThrown) -> Findings:
        """A worker may always refuse what the policy denies: its receipt says so, and is checked."""
        is_refusal = any(
            isinstance(each, WorkerRejected | EvaluatorsDisagreed)
            and (each.job, each.admitted) == (event.key, False)
            for each in turn.events
        )
        if is_refusal or turn.command != "ThrowError" or event.key != turn.key:
            return FINE
        return self.of_job(position, event.job, event.key, "job.error")

    def set(self, turn: Turn, position: int, event: VariablesSet) -> Findings:
        instance, _ = self._element_of.get(event.scope, _NOWHERE)
        return self.of(position, instance, "var.write")

    def correlated(
        self, turn: Turn, position: int, event: ProcessSubscriptionCorrelated
    ) -> Findings:
        found = event.subscription
        return self.of(position, found.instance, "message.correlate", "", found.name)

    def evaluated(
        self, turn: Turn, position: int, event: DecisionEvaluated | DecisionFailed
    ) -> Findings:
        if event.instance not in self._governed:
            return FINE
        made = event.decision
        told = {"decisionId": made.decision_id, "decisionVersion": made.version}
        return self._take(
            position, event.instance, "decision.evaluate", "", made.decision_id, told=told
        )

    def changed(self, turn: Turn, position: int, event: Any) -> Findings:
        """An operator changes a job. Records of before the job's key was a fact are about no job."""
        job = event.job
        if turn.command not in _CHANGING or event.key != turn.key:
            return FINE
        if job.instance not in self._governed:
            return FINE
        told = {"jobKey": str(event.key), "jobType": job.type, "retries": job.retries}
        return self._take(position, job.instance, "job.retries", "", "", told=told)

    def claiming(self, turn: Turn, position: int, event: Any) -> Findings:
        """To take a task for oneself is a claim; to say so of another is to give it to him."""
        if turn.command != "ClaimUserTask" or event.task.key != turn.key:
            return FINE
        is_own = event.task.assignee == turn.actor.id
        return self.of_task(position, event.task, "usertask.claim" if is_own else "usertask.assign")

    def of_task(self, position: int, task: Any, action: str) -> Findings:
        if task.instance not in self._governed:
            return FINE
        told = {"assignee": task.assignee, "candidateGroups": sorted(task.candidate_groups)}
        return self._take(position, task.instance, action, task.element, "", told=told)

    def modified(self, turn: Turn, position: int, event: InstanceModified) -> Findings:
        """Each element that gets a token was asked about; in old records no element is named."""
        if event.instance not in self._governed:
            return FINE
        asked = self._facts_of(event.instance, "instance.modify")
        targets = {each["target"] for each in asked if "target" in each}
        placed = {each.element for each in event.activate}
        missing = self._take(position, event.instance, "instance.modify", "", "")
        if not targets or targets == placed:
            return missing
        decided, told = repr(sorted(targets)), repr(sorted(placed))
        return [*missing, contradiction(position, "instance.modify", "target", decided, told)]

    def resolved(self, turn: Turn, position: int, event: IncidentResolved) -> Findings:
        is_asked = turn.command == "ResolveIncident" and event.key == turn.key
        return self.of(position, event.incident.instance, "incident.resolve") if is_asked else FINE


_CHANGING = ("UpdateJobRetries", "UpdateJobTimeout")
_NOWHERE = (NONE_KEY, NONE_KEY)
Teller = Callable[[Effects, Turn, int, Any], Findings]


def _by_engine(action: str) -> Teller:
    def found(effects: Effects, turn: Turn, position: int, event: Any) -> Findings:
        return effects.of_job(position, event.job, event.key, action)

    return found


def _changed_job(action: str, command: str) -> Teller:
    """The record has the job as it is afterwards, and the decision was about the one before."""

    def found(effects: Effects, turn: Turn, position: int, event: Any) -> Findings:
        if turn.command != command or event.key != turn.key:
            return FINE
        return effects.of(position, event.job.instance, action, "", str(event.key))

    return found


def _user_task(action: str, *commands: str) -> Teller:
    def found(effects: Effects, turn: Turn, position: int, event: Any) -> Findings:
        is_asked = turn.command in commands and event.task.key == turn.key
        return effects.of_task(position, event.task, action) if is_asked else FINE

    return found


def _operated(action: str) -> Teller:
    def found(effects: Effects, turn: Turn, position: int, event: Any) -> Findings:
        return effects.of(position, event.instance, action)

    return found


_BY_EVENT: Mapping[type[Event], Teller] = {
    ElementActivating: Effects.activating,
    ElementTerminating: Effects.terminating,
    SequenceFlowTaken: Effects.taken,
    TimerTriggered: Effects.fired,
    ConditionTriggered: Effects.fulfilled,
    Escalated: Effects.escalated,
    NotEscalated: Effects.escalated,
    JobsActivated: Effects.activated,
    JobCreated: _by_engine("job.create"),
    JobTimedOut: _by_engine("job.timeout"),
    JobCompleted: Effects.completed,
    JobFailed: _changed_job("job.fail", "FailJob"),
    JobErrorThrown: Effects.error_thrown,
    JobRetriesUpdated: Effects.changed,
    JobTimeoutUpdated: Effects.changed,
    VariablesSet: Effects.set,
    UserTaskAssigning: _user_task("usertask.assign", "AssignUserTask"),
    UserTaskClaiming: Effects.claiming,
    UserTaskUpdating: _user_task("usertask.assign", "UpdateUserTask"),
    UserTaskCompleting: _user_task("usertask.complete", "CompleteUserTask"),
    ProcessSubscriptionCorrelated: Effects.correlated,
    DecisionEvaluated: Effects.evaluated,
    DecisionFailed: Effects.evaluated,
    IncidentResolved: Effects.resolved,
    InstanceModified: Effects.modified,
    InstanceMigrated: _operated("instance.migrate"),
}

EFFECTS: Mapping[type[Event], Teller] = {
    READ_AS[event]: found for event, found in _BY_EVENT.items()
}
"""By kind of record: what it did in governed instances that their policies have to admit."""
