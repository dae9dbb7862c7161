"""User tasks of the engine's own: their transitions, and the listeners that each has to pass (rule 83).

    CREATING ─▶ CREATED ─▶ ASSIGNING ─▶ CREATED ─▶ UPDATING ─▶ CREATED ─▶ COMPLETING ─▶ completed
                                                                     CANCELING ─▶ canceled

A transition begins with its event, then each listener of that kind has a job, one at a time; a listener
may correct what is about to happen, or deny it. Whoever asked for the transition is answered at its end.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from msgspec.structs import replace

from remit.base.errors import RejectionType
from remit.engine import jobs
from remit.engine.agenda import Complete, HearListeners, Settle, held
from remit.engine.denials import stopped
from remit.engine.faults import IncidentRaised
from remit.engine.run import Run
from remit.model.bpmn.elements.user_task import UserTask as UserTaskNode
from remit.model.bpmn.graph import JobDefinition, Listener
from remit.protocol.events import user_task as events
from remit.protocol.replies import Done, Rejected
from remit.protocol.values import Document, Job, JobKind, UserTask

OPEN = "CREATED"

CORRECTABLE = {
    "assignee": "assignee",
    "dueDate": "due_date",
    "followUpDate": "follow_up_date",
    "candidateUsers": "candidate_users",
    "candidateGroups": "candidate_groups",
    "priority": "priority",
}
"""Attributes by the names that clients know, as their fields are called here."""


@dataclass(frozen=True, slots=True)
class Transition:
    """`state` while it lasts; `intent` is the command that asks for it, for rejections."""

    state: str
    intent: str
    begun: type[events.UserTaskEvent]
    done: type[events.UserTaskEvent]
    denied: type[events.UserTaskEvent] | None
    finish: Callable[[Run, UserTask], None]


def begin(
    run: Run,
    task: UserTask,
    name: str,
    *,
    answers: bool = False,
    told: type[events.UserTaskEvent] | None = None,
) -> None:
    """Begin transition `name` with the task as it shall become; `told` in another way than usual."""
    transition = TRANSITIONS[name]
    request = run.header.request_id if answers else ""
    task = replace(task, state=transition.state, request=request)
    run.emit((told or transition.begun)(task.key, task))
    _go_on(run, task, name, 0)


def listener_done(run: Run, job: Job, result: Document | None) -> None:
    """A listener has said what it thinks: go on, go on corrected, or not at all."""
    task = run.state.user_tasks.values_of(job.element_key)
    found = next(iter(task), None)
    if found is None:
        return
    name = job.listener_event
    if result and result.get("denied") and TRANSITIONS[name].denied is not None:
        _deny(run, found, name, str(result.get("deniedReason") or ""))
        return
    corrections = (result or {}).get("corrections")
    if isinstance(corrections, dict) and corrections:
        found = corrected(found, corrections)
        run.emit(events.UserTaskCorrected(found.key, found))
    _go_on(run, found, name, job.listener_index + 1)


def corrected(task: UserTask, changes: Mapping[str, Any]) -> UserTask:
    """The task with these attributes, by the names that clients know; None leaves one as it is."""
    fields: dict[str, Any] = {}
    for name, value in changes.items():
        field = CORRECTABLE.get(name)
        if field is None or value is None:
            continue
        if isinstance(value, dict):  # a list as protobuf has it
            value = value.get("values", [])
        fields[field] = tuple(value) if isinstance(value, list) else value
    different = [name for name, field in CORRECTABLE.items()
                 if field in fields and fields[field] != getattr(task, field)]  # fmt: skip
    changed = tuple(dict.fromkeys((*task.changed, *different)))
    return replace(task, **fields, changed=changed)


def properties(task: UserTask) -> Document:
    """What a listener's job tells of its task, by the names of the gateway."""
    return {
        "action": task.action,
        "assignee": task.assignee,
        "candidateGroups": list(task.candidate_groups),
        "candidateUsers": list(task.candidate_users),
        "changedAttributes": list(task.changed),
        "dueDate": task.due_date,
        "followUpDate": task.follow_up_date,
        "formKey": task.form_key,
        "priority": task.priority,
        "userTaskKey": task.key,
    }


def cancel(run: Run, element_key: int) -> bool:
    """The element is being ended; returns whether it has to wait for listeners."""
    task = next(iter(run.state.user_tasks.values_of(element_key)), None)
    if task is None:
        return False
    if task.state != TRANSITIONS["canceling"].state:
        begin(run, task, "canceling")
    return task.key in run.state.user_tasks


def hear(run: Run, item: HearListeners) -> None:
    """The job of a listener could not be made: once more, if the transition still waits for it."""
    task = run.state.find_user_task(item.task)
    if task is not None and task.state == TRANSITIONS[item.name].state:
        _go_on(run, task, item.name, item.index)


def _go_on(run: Run, task: UserTask, name: str, index: int) -> None:
    node = run.definition(task.definition).process.nodes[task.element]
    assert isinstance(node, UserTaskNode)
    listeners = [each for each in node.task_listeners if each.event == name]
    if index < len(listeners):
        _ask_listener(run, task, listeners[index], index)
        return
    TRANSITIONS[name].finish(run, task)


def _ask_listener(run: Run, task: UserTask, listener: Listener, index: int) -> None:
    """Its job; an incident when there can be none."""
    element = run.element(task.element_key)
    work = JobDefinition(listener.type, listener.retries, listener.headers)
    mark = run.mark()
    try:
        jobs.create(
            run, element, work, kind=JobKind.TASK_LISTENER,
            listener_event=listener.event, listener_index=index, user_task=properties(task),
        )  # fmt: skip
    except IncidentRaised as fault:
        run.undo(mark)
        item = HearListeners(element.key, task.key, listener.event, index)
        stopped(run, element, fault, held(item))


def _deny(run: Run, task: UserTask, name: str, reason: str) -> None:
    """Everything is as it was before; whoever asked is told why."""
    transition = TRANSITIONS[name]
    assert transition.denied is not None
    before = replace(_before(run, task), state=OPEN, request="", changed=(), action="")
    run.emit(transition.denied(task.key, before))
    if task.request:
        said = (
            f"Command '{transition.intent}' rejected with code 'INVALID_STATE': it was denied by the "
            f"task listener of '{task.element}'. Reason to deny: '{reason}'"
        )
        run.answer(task.request, Rejected(RejectionType.INVALID_STATE, transition.intent, said))


def _before(run: Run, task: UserTask) -> UserTask:
    if task.before is None:
        return task
    fields = {CORRECTABLE[name]: tuple(value) if isinstance(value, list) else value
              for name, value in task.before.items()}  # fmt: skip
    return replace(task, **fields, before=None)


def remembered(task: UserTask) -> Document:
    """The attributes that a denial brings back."""
    return {
        name: list(value) if isinstance(value := getattr(task, field), tuple) else value
        for name, field in CORRECTABLE.items()
    }


# --- the ends of transitions ------------------------------------------------------------------------


def _settled(task: UserTask) -> UserTask:
    return replace(task, state=OPEN, request="", changed=(), action="", before=None, variables={})


def _created(run: Run, task: UserTask) -> None:
    """The task is there; who it is meant for gets it by an assignment of its own."""
    wanted = task.assignee
    open_task = replace(_settled(task), assignee="")
    run.emit(events.UserTaskCreated(task.key, open_task))
    if wanted:
        begin(run, replace(open_task, assignee=wanted, changed=("assignee",)), "assigning")


def _assigned(run: Run, task: UserTask) -> None:
    run.emit(events.UserTaskAssigned(task.key, _settled(task)))
    _answer(run, task)


def _updated(run: Run, task: UserTask) -> None:
    run.emit(events.UserTaskUpdated(task.key, _settled(task)))
    _answer(run, task)


def _completed(run: Run, task: UserTask) -> None:
    run.emit(events.UserTaskCompleted(task.key, replace(task, state="COMPLETED")))
    run.later(Complete(task.element_key, task.variables, admitted=True))
    _answer(run, task)


def _canceled(run: Run, task: UserTask) -> None:
    run.emit(events.UserTaskCanceled(task.key, replace(task, state="CANCELED")))
    run.later(Settle(task.element_key))


def _answer(run: Run, task: UserTask) -> None:
    if not task.request:
        return
    if task.request == run.header.request_id:
        run.reply = Done(task.key)
    else:
        run.answer(task.request, Done(task.key))


TRANSITIONS: dict[str, Transition] = {
    "creating": Transition(
        "CREATING", "CREATE", events.UserTaskCreating, events.UserTaskCreated, None, _created
    ),
    "assigning": Transition(
        "ASSIGNING", "ASSIGN", events.UserTaskAssigning, events.UserTaskAssigned,
        events.UserTaskAssignmentDenied, _assigned,
    ),
    "updating": Transition(
        "UPDATING", "UPDATE", events.UserTaskUpdating, events.UserTaskUpdated,
        events.UserTaskUpdateDenied, _updated,
    ),
    "completing": Transition(
        "COMPLETING", "COMPLETE", events.UserTaskCompleting, events.UserTaskCompleted,
        events.UserTaskCompletionDenied, _completed,
    ),
    "canceling": Transition(
        "CANCELING", "CANCEL", events.UserTaskCanceling, events.UserTaskCanceled, None, _canceled
    ),
}  # fmt: skip
