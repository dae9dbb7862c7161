"""User task: of the engine's own (`zeebe:userTask`), or a job of the type that task lists poll.

As a job, its assignment and form are headers of the job, under the names that those lists know.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from lxml import etree

from remit import feel
from remit.model.bpmn import xml
from remit.model.bpmn.checks.finding import fault
from remit.model.bpmn.extensions import DEFAULT_RETRIES, form, headers, listeners
from remit.model.bpmn.filling import fill
from remit.model.bpmn.graph import (
    ElementType,
    FormLink,
    JobActivity,
    JobDefinition,
    Listener,
    Node,
)
from remit.model.bpmn.reading import Reading
from remit.model.finding import Finding
from remit.model.timing import instant

TAG = "userTask"
JOB_TYPE = "io.camunda.zeebe:userTask"
LISTENER_EVENTS = ("creating", "assigning", "updating", "completing", "canceling")
_WHOLE = re.compile(r"[0-9]{1,9}")


@dataclass(slots=True, eq=False)
class UserTask(JobActivity):
    """`is_native`: the engine keeps the task itself, and `job` is None.

    Groups and users give a list, or text separated by commas; dates ISO 8601 text; the priority a
    number from 0 to 100, 50 when None. `lane` is the name of the lane it is drawn in (B23).
    """

    is_native: bool = False
    assignee: feel.Expression | None = None
    candidate_groups: feel.Expression | None = None
    candidate_users: feel.Expression | None = None
    due_date: feel.Expression | None = None
    follow_up_date: feel.Expression | None = None
    priority: feel.Expression | None = None
    form: FormLink | None = None
    headers: dict[str, str] = field(default_factory=dict, repr=False)
    task_listeners: list[Listener] = field(default_factory=list, repr=False)
    lane: str | None = None


def read(reading: Reading, element: etree._Element) -> Node:
    node = UserTask(*xml.head(element), "user_task", ElementType.USER_TASK)
    node.is_native = xml.extension(element, "userTask") is not None
    node.headers = headers(reading, element)
    node.form = form(reading, element)
    node.task_listeners = listeners(reading, element, "taskListeners", "taskListener")
    _read_assignment(reading, element, node)
    if not node.is_native:
        node.job = JobDefinition(
            reading.attribute(element, JOB_TYPE, ""),
            reading.attribute(element, DEFAULT_RETRIES, ""),
            node.headers,
        )
    return fill(reading, element, node)


def _read_assignment(reading: Reading, element: etree._Element, node: UserTask) -> None:
    def value(holder: str, name: str) -> feel.Expression | None:
        found = xml.extension(element, holder)
        text = None if found is None else found.get(name)
        return reading.optional_attribute(element, text, f"its {name}")

    node.assignee = value("assignmentDefinition", "assignee")
    node.candidate_groups = value("assignmentDefinition", "candidateGroups")
    node.candidate_users = value("assignmentDefinition", "candidateUsers")
    node.due_date = value("taskSchedule", "dueDate")
    node.follow_up_date = value("taskSchedule", "followUpDate")
    node.priority = value("priorityDefinition", "priority")


def check(node: UserTask) -> Iterator[Finding]:
    yield from _form(node)
    yield from _listeners(node)
    if node.priority is not None and node.priority.is_static:
        text = node.priority.text.strip()
        if _WHOLE.fullmatch(text) is None or int(text) > 100:
            yield fault(
                node, "priority-definition", f"its priority '{text}' is no number from 0 to 100",
                "give a whole number from 0 to 100, or an expression",
            )  # fmt: skip
    for what, date in (("due date", node.due_date), ("follow-up date", node.follow_up_date)):
        if date is not None and date.is_static and not _is_date(date.static_value):
            yield fault(
                node, "task-schedule", f"its {what} '{date.text}' is no ISO 8601 date-time",
                "write it like 2026-11-20T10:00:00Z, or as an expression",
            )  # fmt: skip


def _form(node: UserTask) -> Iterator[Finding]:
    if node.form is None:
        return
    given = (node.form.form_id, node.form.form_key, node.form.external_reference)
    if sum(each is not None for each in given) != 1:
        yield fault(
            node, "user-task-form", "its form is given by exactly one of id, key and reference",
            "leave one of formId, formKey and externalReference",
        )  # fmt: skip
    elif node.is_native and node.form.form_key is not None:
        yield fault(
            node, "user-task-form", "a task of the engine's own has its form by id or reference",
            "use formId or externalReference",
        )  # fmt: skip
    elif not node.is_native and node.form.external_reference is not None:
        yield fault(
            node, "user-task-form", "a task done as a job has its form by key or id",
            "use formKey or formId, or add zeebe:userTask",
        )  # fmt: skip


def _listeners(node: UserTask) -> Iterator[Finding]:
    seen = set()
    for listener in node.task_listeners:
        if listener.event not in LISTENER_EVENTS:
            yield fault(
                node, "task-listener", f"a task listener can't listen to '{listener.event}'",
                f"use one of: {', '.join(LISTENER_EVENTS)}",
            )  # fmt: skip
        if not listener.type.text.strip():
            yield fault(node, "task-listener", "a task listener has no job type", "give it a type")
        if (listener.event, listener.type.text) in seen:
            yield fault(
                node, "duplicate-task-listeners",
                f"two task listeners listen to '{listener.event}' with type '{listener.type.text}'",
                "leave one of them",
            )  # fmt: skip
        seen.add((listener.event, listener.type.text))
    if node.task_listeners and not node.is_native:
        yield fault(
            node, "task-listener", "only a task of the engine's own has task listeners",
            "add zeebe:userTask, or remove the listeners",
        )  # fmt: skip


def _is_date(text: object) -> bool:
    try:
        instant(text)
    except ValueError:
        return False
    return True
