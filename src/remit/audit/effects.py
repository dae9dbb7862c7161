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

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from remit.partition.log import Logged
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


class Effect(NamedTuple):
    """`part` tells effects of one record apart. Empty `element` or `about`: any.

    `instead`: another action that permits the same.
    """

    instance: int
    action: str
    element: str = ""
    about: str = ""
    part: str = ""
    instead: str = ""


def effects(turn: Logged, event: Event, instance_of: Mapping[int, int]) -> Iterable[Effect]:
    """What `event` did that a policy has to admit; `instance_of` knows the live element instances."""
    found = _EFFECTS.get(event.__class__)
    return () if found is None else found(turn, event, instance_of)


def _activating(turn: Logged, event: ElementActivating, _: Mapping[int, int]) -> Iterator[Effect]:
    if event.scope != NONE_KEY:
        yield Effect(event.instance, "element.enter", event.element)
    elif event.parent_instance != NONE_KEY:
        yield Effect(event.parent_instance, "call.activity", about=event.element)
    else:
        yield Effect(event.instance, "instance.create", instead="message.start")


def _taken(turn: Logged, event: SequenceFlowTaken, _: Mapping[int, int]) -> Iterator[Effect]:
    yield Effect(event.instance, "flow.take", about=event.element)


def _fired(turn: Logged, event: TimerTriggered, _: Mapping[int, int]) -> Iterator[Effect]:
    yield Effect(event.timer.instance, "timer.fire", event.timer.target)


def _fulfilled(turn: Logged, event: ConditionTriggered, _: Mapping[int, int]) -> Iterator[Effect]:
    yield Effect(event.subscription.instance, "event.catch", event.subscription.target)


def _escalated(
    turn: Logged, event: Escalated | NotEscalated, _: Mapping[int, int]
) -> Iterator[Effect]:
    yield Effect(event.instance, "escalation.throw", event.thrown_by)


def _terminating(turn: Logged, event: ElementTerminating, _: Mapping[int, int]) -> Iterator[Effect]:
    is_asked = turn.command == "CancelInstance" and event.key == turn.key
    if is_asked:
        yield Effect(event.instance, "instance.cancel")


def _activated(turn: Logged, event: JobsActivated, _: Mapping[int, int]) -> Iterator[Effect]:
    for job in event.jobs:
        yield Effect(job.instance, "job.activate", about=str(job.key), part=str(job.key))


def _by_engine(action: str) -> Callable[..., Iterator[Effect]]:
    def found(turn: Logged, event: Any, _: Mapping[int, int]) -> Iterator[Effect]:
        yield Effect(event.job.instance, action, about=str(event.key))

    return found


def _job(action: str, *commands: str) -> Callable[..., Iterator[Effect]]:
    def found(turn: Logged, event: Any, _: Mapping[int, int]) -> Iterator[Effect]:
        is_asked = turn.command in commands and event.key == turn.key
        if is_asked and not _is_refusal(turn, event.key):
            yield Effect(event.job.instance, action)

    return found


def _is_refusal(turn: Logged, job: int) -> bool:
    """A worker may always refuse what the policy denies: its receipt says so, and is checked."""
    return any(
        isinstance(each, WorkerRejected | EvaluatorsDisagreed)
        and (each.job, each.admitted) == (job, False)
        for each in turn.events
    )


def _user_task(action: str, *commands: str) -> Callable[..., Iterator[Effect]]:
    def found(turn: Logged, event: Any, _: Mapping[int, int]) -> Iterator[Effect]:
        if turn.command in commands and event.task.key == turn.key:
            yield Effect(event.task.instance, action, event.task.element)

    return found


def _set(turn: Logged, event: VariablesSet, instance_of: Mapping[int, int]) -> Iterator[Effect]:
    yield Effect(instance_of.get(event.scope, NONE_KEY), "var.write")


def _correlated(
    turn: Logged, event: ProcessSubscriptionCorrelated, _: Mapping[int, int]
) -> Iterator[Effect]:
    name = event.subscription.name
    yield Effect(event.subscription.instance, "message.correlate", about=name)


def _evaluated(
    turn: Logged, event: DecisionEvaluated | DecisionFailed, _: Mapping[int, int]
) -> Iterator[Effect]:
    if event.instance != NONE_KEY:
        yield Effect(event.instance, "decision.evaluate", about=event.decision.decision_id)


def _resolved(turn: Logged, event: IncidentResolved, _: Mapping[int, int]) -> Iterator[Effect]:
    if turn.command == "ResolveIncident" and event.key == turn.key:
        yield Effect(event.incident.instance, "incident.resolve")


def _operated(action: str) -> Callable[..., Iterator[Effect]]:
    def found(turn: Logged, event: Any, _: Mapping[int, int]) -> Iterator[Effect]:
        yield Effect(event.instance, action)

    return found


_EFFECTS: Mapping[type[Event], Callable[..., Iterator[Effect]]] = {
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
    JobErrorThrown: _job("job.error", "ThrowError"),
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

WITH_EFFECT = frozenset(_EFFECTS)
"""The records that may be such a step."""

ACTIONS_WITH_EFFECT = frozenset(
    {
        "instance.create", "element.enter", "flow.take", "call.activity", "instance.cancel",
        "job.create", "job.timeout", "job.activate", "job.complete", "job.fail", "job.error",
        "usertask.assign", "usertask.complete", "decision.evaluate", "incident.resolve",
        "instance.migrate",
    }
)  # fmt: skip
"""An admission of one of these, and nothing of it in the turn, is a finding as well."""
