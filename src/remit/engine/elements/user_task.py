"""User task: kept by the engine itself (`zeebe:userTask`), or a job that task lists poll."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from msgspec.structs import replace

from remit.engine import forms, jobs, user_tasks
from remit.engine.definitions import Plan, Stage
from remit.engine.elements.job_activity import JOB, JobActivityElement
from remit.engine.expressions import evaluate
from remit.engine.faults import extract_value_error
from remit.engine.run import Run
from remit.engine.state.entities import ElementInstance
from remit.feel import Expression
from remit.model.bpmn.elements.user_task import UserTask as UserTaskNode
from remit.model.bpmn.graph import Node
from remit.model.timing import instant
from remit.protocol.values import NONE_KEY
from remit.protocol.values import UserTask as Task

DEFAULT_PRIORITY = 50

RESERVED = "io.camunda.zeebe:"
"""Before the names of headers that are a user task's attributes (reference 1)."""


def prepare_task(run: Run, plan: Plan, key: int) -> bool:
    """All attributes are evaluated before the task begins."""
    node, element = plan.node, run.element(key)
    assert isinstance(node, UserTaskNode)
    run.choices[key] = _task(run, plan, node, element)
    return False


def make_job(run: Run, plan: Plan, key: int) -> bool:
    """A job with all attributes as headers, each under its reserved name."""
    node, element = plan.node, run.element(key)
    assert isinstance(node, UserTaskNode)
    assert node.job is not None
    task = _task(run, plan, node, element)
    form = node.form.form_key if node.form is not None else None
    attributes = {
        "assignee": task.assignee,
        "candidateGroups": _json(task.candidate_groups),
        "candidateUsers": _json(task.candidate_users),
        "dueDate": task.due_date,
        "followUpDate": task.follow_up_date,
        "formKey": form or ("" if task.form_key == NONE_KEY else str(task.form_key)),
        "priority": "" if node.priority is None else str(task.priority),
    }
    given = {f"{RESERVED}{name}": value for name, value in attributes.items() if value}
    jobs.create(run, element, node.job, headers={**node.headers, **given})
    return False


TASK = Stage("user-task", prepare_task)
AS_JOB = Stage("job", make_job)


class UserTask(JobActivityElement):
    def opening(self, node: Node) -> Sequence[Stage]:
        stages = (each for each in super().opening(node) if each is not JOB)
        return (*stages, TASK if _is_native(node) else AS_JOB)

    def opened(self, run: Run, plan: Plan, key: int) -> None:
        task: Task | None = run.choices.pop(key, None)
        if task is not None:
            user_tasks.begin(run, replace(task, key=run.new_key()), "creating")

    def close(self, run: Run, plan: Plan, key: int) -> None:
        super().close(run, plan, key)
        user_tasks.cancel(run, key)

    def holds_end(self, run: Run, plan: Plan, key: int) -> bool:
        """Listeners hear of the end before it happens."""
        return bool(run.state.user_tasks.of(key))


def _is_native(node: Node) -> bool:
    return isinstance(node, UserTaskNode) and node.is_native


def _task(run: Run, plan: Plan, node: UserTaskNode, element: ElementInstance) -> Task:
    row = plan.definition.row
    instance = run.state.instances.get(element.instance)
    return Task(
        0, element.key, element.element, element.instance, element.definition, row.process_id,
        row.version, element.root, element.tenant,
        name=node.name or "",
        assignee=_text(run, node.assignee, element, "assignee"),
        candidate_groups=_names(run, node.candidate_groups, element, "candidate groups"),
        candidate_users=_names(run, node.candidate_users, element, "candidate users"),
        due_date=_date(run, node.due_date, element, "due date"),
        follow_up_date=_date(run, node.follow_up_date, element, "follow-up date"),
        priority=_priority(run, node.priority, element),
        form_key=forms.key_of(run, node.form, element),
        external_reference=_text(
            run, node.form.external_reference if node.form else None, element, "form reference"
        ),
        headers=node.headers,
        tags=instance.tags if instance else (),
        created=run.now,
    )  # fmt: skip


def _json(names: tuple[str, ...]) -> str:
    return json.dumps(names, ensure_ascii=False) if names else ""


def _value(run: Run, expression: Expression | None, element: ElementInstance) -> Any:
    return None if expression is None else evaluate(run, expression, element.key)


def _wrong(
    expression: Expression | None, element: ElementInstance, what: str, wanted: str, value: Any
) -> Exception:
    text = "" if expression is None else expression.text
    return extract_value_error(
        f"Expected the {what} '{text}' of user task '{element.element}' to be {wanted}, but it is "
        f"{value!r}"
    )


def _text(run: Run, expression: Expression | None, element: ElementInstance, what: str) -> str:
    value = _value(run, expression, element)
    if value is None or isinstance(value, str):
        return value or ""
    raise _wrong(expression, element, what, "a string", value)


def _names(
    run: Run, expression: Expression | None, element: ElementInstance, what: str
) -> tuple[str, ...]:
    """A list of texts, or one text with commas."""
    value = _value(run, expression, element)
    if value is None:
        return ()
    if isinstance(value, str):
        return tuple(name.strip() for name in value.split(",") if name.strip())
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        return tuple(value)
    raise _wrong(expression, element, what, "a list of strings", value)


def _date(run: Run, expression: Expression | None, element: ElementInstance, what: str) -> str:
    """ISO 8601 text, kept as it is written."""
    value = _value(run, expression, element)
    if value is None or value == "":
        return ""
    try:
        instant(value)
    except ValueError:
        raise _wrong(expression, element, what, "an ISO 8601 date-time", value) from None
    return str(value)


def _priority(run: Run, expression: Expression | None, element: ElementInstance) -> int:
    value = _value(run, expression, element)
    if value is None:
        return DEFAULT_PRIORITY
    number = int(value) if isinstance(value, str) and value.strip().isdigit() else value
    if isinstance(number, int) and not isinstance(number, bool) and 0 <= number <= 100:
        return number
    raise _wrong(expression, element, "priority", "a whole number from 0 to 100", value)


ELEMENT = UserTask()
