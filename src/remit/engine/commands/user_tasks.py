"""What people do with user tasks: ASSIGN, CLAIM, UPDATE, COMPLETE (rule 83).

Answered when the listeners of the transition have been heard.
"""

from __future__ import annotations

from msgspec.structs import replace

from remit.base.errors import InvalidArgument, InvalidState, NotFound
from remit.engine import user_tasks
from remit.engine.governance import admit_command, admit_write_by, check_write_by, without_policy
from remit.engine.run import Handler, Run
from remit.model.timing import instant
from remit.protocol.commands import (
    AssignUserTask,
    ClaimUserTask,
    CompleteUserTask,
    UpdateUserTask,
)
from remit.protocol.events.user_task import UserTaskClaiming
from remit.protocol.values import UserTask


def assign(run: Run, command: AssignUserTask) -> None:
    """An empty assignee takes the task from whoever has it."""
    task = _open_task(run, command.key, "assign")
    _admit(run, task, "usertask.assign", command.assignee, task.candidate_groups)
    action = command.action or ("assign" if command.assignee else "unassign")
    user_tasks.begin(run, _given(task, command.assignee, action), "assigning", answers=True)


def claim(run: Run, command: ClaimUserTask) -> None:
    """Who claims for another, gives him the task: that is what the policy is asked about."""
    task = _open_task(run, command.key, "claim")
    if not command.assignee:
        raise InvalidState(
            f"Expected to claim user task with key '{task.key}', but nobody is named as its assignee"
        )
    if task.assignee not in ("", command.assignee):
        raise InvalidState(
            f"Expected to claim user task with key '{task.key}', but it has already been assigned"
        )
    is_own = command.assignee == run.actor.id
    action = "usertask.claim" if is_own else "usertask.assign"
    _admit(run, task, action, command.assignee, task.candidate_groups)
    wanted = _given(task, command.assignee, command.action or "claim")
    user_tasks.begin(run, wanted, "assigning", answers=True, told=UserTaskClaiming)


def update(run: Run, command: UpdateUserTask) -> None:
    task = _open_task(run, command.key, "update")
    _check(command)
    changed = user_tasks.corrected(task, command.changes)
    _admit(run, task, "usertask.assign", changed.assignee, changed.candidate_groups)
    wanted = replace(changed, action=command.action or "update", before=user_tasks.remembered(task))
    user_tasks.begin(run, wanted, "updating", answers=True)


def complete(run: Run, command: CompleteUserTask) -> None:
    task = _open_task(run, command.key, "complete")
    element = run.element(task.element_key)
    variables = without_policy(run, element, command.variables)
    facts = {
        "assignee": task.assignee,
        "candidateGroups": task.candidate_groups,
        "varNames": tuple(variables),
    }
    check_write_by(run, element, variables, "user task")
    admit_command(run, element, "usertask.complete", facts)
    admit_write_by(run, element, variables, "user task")
    wanted = replace(
        task, variables=variables, action=command.action or "complete",
        before=user_tasks.remembered(task),
    )  # fmt: skip
    user_tasks.begin(run, wanted, "completing", answers=True)


def _open_task(run: Run, key: int, verb: str) -> UserTask:
    task = run.state.find_user_task(key)
    if task is None or not run.sees(task.tenant):
        raise NotFound(
            f"Expected to {verb} user task with key '{key}', but no such user task was found"
        )
    run.touch(task.root, task.instance)
    if task.state != user_tasks.OPEN:
        raise InvalidState(
            f"Expected to {verb} user task with key '{key}', but it is in state '{task.state}'"
        )
    return task


def _admit(
    run: Run, task: UserTask, action: str, assignee: str, candidate_groups: tuple[str, ...]
) -> None:
    facts = {"assignee": assignee, "candidateGroups": candidate_groups}
    admit_command(run, run.element(task.element_key), action, facts)


def _given(task: UserTask, assignee: str, action: str) -> UserTask:
    """The task as somebody's."""
    return replace(
        task, assignee=assignee, action=action, changed=("assignee",),
        before=user_tasks.remembered(task),
    )  # fmt: skip


def _check(command: UpdateUserTask) -> None:
    unknown = set(command.changes) - set(user_tasks.CORRECTABLE)
    if unknown:
        known = ", ".join(user_tasks.CORRECTABLE)
        raise InvalidArgument(
            f"Expected to update user task with key '{command.key}', but '{min(unknown)}' is no "
            f"attribute of it: choose among {known}"
        )
    priority = command.changes.get("priority")
    if priority is not None and not (isinstance(priority, int) and 0 <= priority <= 100):
        raise InvalidArgument(
            f"Expected the priority to be a number from 0 to 100, but it is {priority!r}"
        )
    for name in ("dueDate", "followUpDate"):
        value = command.changes.get(name)
        if value:
            try:
                instant(value)
            except ValueError as wrong:
                raise InvalidArgument(f"Expected {name} to be a date-time, but {wrong}") from wrong


HANDLES = {
    AssignUserTask: Handler("ASSIGN", assign),
    ClaimUserTask: Handler("CLAIM", claim),
    UpdateUserTask: Handler("UPDATE", update),
    CompleteUserTask: Handler("COMPLETE", complete),
}
