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

from collections.abc import Callable, Container, Mapping, Sequence
from typing import Any

from msgspec import Struct

from remit.audit.records import READ_AS, Turn
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
    UserTaskCompleting,
    UserTaskUpdating,
)
from remit.protocol.events.variable import VariablesSet
from remit.protocol.values import NONE_KEY


class Effect(Struct, frozen=True, gc=False):
    """Empty `element` or `about`: any. `instead`: another action that permits the same."""

    instance: int
    action: str
    element: str = ""
    about: str = ""
    instead: str = ""


class Live(Struct, gc=False):
    """Of running instances: those that are governed, and whose each of their elements is."""

    governed: Container[int]
    instance_of: Mapping[int, int]


Effects = Sequence[Effect]
_NONE: Effects = ()


def _activating(turn: Turn, event: ElementActivating, live: Live) -> Effects:
    if event.scope != NONE_KEY:
        if event.instance in live.governed:
            return (Effect(event.instance, "element.enter", event.element),)
    elif event.parent_instance != NONE_KEY:
        if event.parent_instance in live.governed:
            return (Effect(event.parent_instance, "call.activity", about=event.element),)
    elif event.instance in live.governed:
        return (Effect(event.instance, "instance.create", instead="message.start"),)
    return _NONE


def _taken(turn: Turn, event: SequenceFlowTaken, live: Live) -> Effects:
    if event.instance in live.governed:
        return (Effect(event.instance, "flow.take", "", event.element),)
    return _NONE


def _fired(turn: Turn, event: TimerTriggered, live: Live) -> Effects:
    return _of(live, event.timer.instance, "timer.fire", event.timer.target)


def _fulfilled(turn: Turn, event: ConditionTriggered, live: Live) -> Effects:
    return _of(live, event.subscription.instance, "event.catch", event.subscription.target)


def _escalated(turn: Turn, event: Escalated | NotEscalated, live: Live) -> Effects:
    return _of(live, event.instance, "escalation.throw", event.thrown_by)


def _terminating(turn: Turn, event: ElementTerminating, live: Live) -> Effects:
    is_asked = turn.command == "CancelInstance" and event.key == turn.key
    return _of(live, event.instance, "instance.cancel") if is_asked else _NONE


def _activated(turn: Turn, event: JobsActivated, live: Live) -> Effects:
    return [
        Effect(job.instance, "job.activate", "", str(job.key))
        for job in event.jobs
        if job.instance in live.governed
    ]


def _by_engine(action: str) -> Callable[..., Effects]:
    def found(turn: Turn, event: Any, live: Live) -> Effects:
        return _of(live, event.job.instance, action, about=str(event.key))

    return found


def _job(action: str, *commands: str) -> Callable[..., Effects]:
    def found(turn: Turn, event: Any, live: Live) -> Effects:
        if turn.command not in commands or event.key != turn.key:
            return _NONE
        return _of(live, event.job.instance, action, about=str(event.key))

    return found


def _error_thrown(turn: Turn, event: JobErrorThrown, live: Live) -> Effects:
    """A worker may always refuse what the policy denies: its receipt says so, and is checked."""
    is_refusal = any(
        isinstance(each, WorkerRejected | EvaluatorsDisagreed)
        and (each.job, each.admitted) == (event.key, False)
        for each in turn.events
    )
    return _NONE if is_refusal else _THROWN(turn, event, live)


_THROWN = _job("job.error", "ThrowError")


def _user_task(action: str, *commands: str) -> Callable[..., Effects]:
    def found(turn: Turn, event: Any, live: Live) -> Effects:
        is_asked = turn.command in commands and event.task.key == turn.key
        return _of(live, event.task.instance, action, event.task.element) if is_asked else _NONE

    return found


def _set(turn: Turn, event: VariablesSet, live: Live) -> Effects:
    return _of(live, live.instance_of.get(event.scope, NONE_KEY), "var.write")


def _correlated(turn: Turn, event: ProcessSubscriptionCorrelated, live: Live) -> Effects:
    found = event.subscription
    return _of(live, found.instance, "message.correlate", about=found.name)


def _evaluated(turn: Turn, event: DecisionEvaluated | DecisionFailed, live: Live) -> Effects:
    return _of(live, event.instance, "decision.evaluate", about=event.decision.decision_id)


def _resolved(turn: Turn, event: IncidentResolved, live: Live) -> Effects:
    is_asked = turn.command == "ResolveIncident" and event.key == turn.key
    return _of(live, event.incident.instance, "incident.resolve") if is_asked else _NONE


def _operated(action: str) -> Callable[..., Effects]:
    def found(turn: Turn, event: Any, live: Live) -> Effects:
        return _of(live, event.instance, action)

    return found


def _of(live: Live, instance: int, action: str, element: str = "", about: str = "") -> Effects:
    """The one effect, when the instance is governed."""
    return (Effect(instance, action, element, about),) if instance in live.governed else _NONE


_BY_EVENT: Mapping[type[Event], Callable[..., Effects]] = {
    ElementActivating: _activating,
    ElementTerminating: _terminating,
    SequenceFlowTaken: _taken,
    TimerTriggered: _fired,
    ConditionTriggered: _fulfilled,
    Escalated: _escalated,
    NotEscalated: _escalated,
    JobsActivated: _activated,
    JobCreated: _by_engine("job.create"),
    JobTimedOut: _by_engine("job.timeout"),
    JobCompleted: _job("job.complete", "CompleteJob"),
    JobFailed: _job("job.fail", "FailJob"),
    JobErrorThrown: _error_thrown,
    JobRetriesUpdated: _job("job.retries", "UpdateJobRetries"),
    JobTimeoutUpdated: _job("job.retries", "UpdateJobTimeout"),
    VariablesSet: _set,
    UserTaskAssigning: _user_task("usertask.assign", "AssignUserTask"),
    UserTaskUpdating: _user_task("usertask.assign", "UpdateUserTask"),
    UserTaskCompleting: _user_task("usertask.complete", "CompleteUserTask"),
    ProcessSubscriptionCorrelated: _correlated,
    DecisionEvaluated: _evaluated,
    DecisionFailed: _evaluated,
    IncidentResolved: _resolved,
    InstanceModified: _operated("instance.modify"),
    InstanceMigrated: _operated("instance.migrate"),
}

EFFECTS: Mapping[type[Event], Callable[..., Effects]] = {
    READ_AS[event]: found for event, found in _BY_EVENT.items()
}
"""By kind of record: what it did in governed instances that their policies have to admit."""

ACTIONS_WITH_EFFECT = frozenset(
    {
        "instance.create", "element.enter", "flow.take", "call.activity", "instance.cancel",
        "job.create", "job.timeout", "job.activate", "job.complete", "job.fail", "job.error",
        "usertask.assign", "usertask.complete", "decision.evaluate", "incident.resolve",
        "instance.migrate",
    }
)  # fmt: skip
"""An admission of one of these, and nothing of it in the turn, is a finding as well."""
