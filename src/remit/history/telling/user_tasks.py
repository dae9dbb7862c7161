"""User tasks."""

from __future__ import annotations

from remit.history.telling.rows import Row, json
from remit.history.telling.told import Tells, Told
from remit.model.timing import instant
from remit.protocol.events import user_task as u
from remit.protocol.values import UserTask


def task_creating(told: Told, event: u.UserTaskCreating) -> None:
    task = event.task
    told.tables["user_tasks"].add(
        task.key,
        {
            "key": task.key, "name": task.name or None, "element": task.element,
            "element_key": task.element_key, "created": told.now, "end_date": None,
            "external_reference": task.external_reference or None, "version": task.version,
            "headers": json(task.headers).decode(),
            "process_name": told.name_of(task.definition, task.process_id),
            "form_key": task.form_key if task.form_key > 0 else None,
            "tags": json(task.tags).decode(), "instance": task.instance,
            "definition": task.definition, "process_id": task.process_id, "root": task.root,
            "tenant": task.tenant, **_task(task),
        },
    )  # fmt: skip


def task_changed(told: Told, event: u.UserTaskEvent) -> None:
    told.tables["user_tasks"].change(event.key, **_task(event.task))


def task_ended(told: Told, event: u.UserTaskEvent) -> None:
    told.tables["user_tasks"].change(event.key, state=event.task.state, end_date=told.now)


def _task(task: UserTask) -> Row:
    return {
        "state": task.state, "assignee": task.assignee or None,
        "candidate_groups": json(task.candidate_groups).decode(),
        "candidate_users": json(task.candidate_users).decode(),
        "follow_up_date": instant(task.follow_up_date) if task.follow_up_date else None,
        "due_date": instant(task.due_date) if task.due_date else None, "priority": task.priority,
    }  # fmt: skip


TELLS: Tells = {
    u.UserTaskCreating: task_creating,
    u.UserTaskCreated: task_changed,
    u.UserTaskAssigning: task_changed,
    u.UserTaskClaiming: task_changed,
    u.UserTaskAssigned: task_changed,
    u.UserTaskUpdating: task_changed,
    u.UserTaskUpdated: task_changed,
    u.UserTaskCompleting: task_changed,
    u.UserTaskCanceling: task_changed,
    u.UserTaskCorrected: task_changed,
    u.UserTaskAssignmentDenied: task_changed,
    u.UserTaskCompletionDenied: task_changed,
    u.UserTaskUpdateDenied: task_changed,
    u.UserTaskCompleted: task_ended,
    u.UserTaskCanceled: task_ended,
}
