"""What people do with user tasks. An answer waits for the task's listeners, up to `WAIT_SECONDS`."""

from __future__ import annotations

import asyncio
from typing import Any

from msgspec import UNSET, UnsetType

from remit.gateway.documents import bounded
from remit.gateway.faults import Code, Status
from remit.gateway.rest.frame import Body, Call, Operation
from remit.protocol import commands as c

WAIT_SECONDS = 10.0


class Assignment(Body):
    assignee: str
    allow_override: bool | None = None
    action: str | None = None


class Completion(Body):
    variables: dict[str, Any] | None = None
    action: str | None = None


class Changes(Body):
    due_date: str | UnsetType | None = UNSET
    follow_up_date: str | UnsetType | None = UNSET
    candidate_users: list[str] | UnsetType | None = UNSET
    candidate_groups: list[str] | UnsetType | None = UNSET
    priority: int | UnsetType | None = UNSET


class Update(Body):
    changeset: Changes | None = None
    action: str | None = None


async def assign(call: Call, body: Assignment) -> None:
    if not body.assignee:
        raise Status(Code.INVALID_ARGUMENT, "No assignee provided.")
    asked = c.ClaimUserTask if body.allow_override is False else c.AssignUserTask
    key = call.key("userTaskKey")
    await _ask(call, key, asked(key, body.assignee, body.action or ""))


async def unassign(call: Call, body: None) -> None:
    key = call.key("userTaskKey")
    await _ask(call, key, c.AssignUserTask(key, ""))


async def complete(call: Call, body: Completion) -> None:
    key = call.key("userTaskKey")
    command = c.CompleteUserTask(key, bounded(body.variables or {}), body.action or "")
    await _ask(call, key, command)


async def update(call: Call, body: Update) -> None:
    changes = body.changeset
    given = {
        "dueDate": UNSET if changes is None else changes.due_date,
        "followUpDate": UNSET if changes is None else changes.follow_up_date,
        "candidateUsers": UNSET if changes is None else changes.candidate_users,
        "candidateGroups": UNSET if changes is None else changes.candidate_groups,
        "priority": UNSET if changes is None else changes.priority,
    }
    wanted = {name: value for name, value in given.items() if value is not UNSET}
    if not wanted and not body.action:
        raise Status(
            Code.INVALID_ARGUMENT, "No update provided: give an attribute to change, or an action"
        )
    key = call.key("userTaskKey")
    await _ask(call, key, c.UpdateUserTask(key, wanted, body.action or ""))


async def _ask(call: Call, key: int, command: c.Command) -> None:
    try:
        async with asyncio.timeout(WAIT_SECONDS):
            await call.broker.router.by_key(key, command, call.header)
    except TimeoutError:
        raise Status(
            Code.DEADLINE_EXCEEDED,
            f"Expected the listeners of user task '{key}' to be done within {WAIT_SECONDS:g} s, but "
            f"they are not yet; the request stands",
        ) from None


_TASK = "/user-tasks/{userTaskKey}"

OPERATIONS = (
    Operation(
        "POST", f"{_TASK}/assignment", "assignUserTask", assign, request=Assignment, success=204
    ),
    Operation("DELETE", f"{_TASK}/assignee", "unassignUserTask", unassign, success=204),
    Operation(
        "POST", f"{_TASK}/completion", "completeUserTask", complete, request=Completion, success=204
    ),
    Operation("PATCH", _TASK, "updateUserTask", update, request=Update, success=204),
)
