"""Jobs: activation by long polling, and what workers say of them."""

from __future__ import annotations

from typing import Any, Literal

from remit.base.errors import Overloaded
from remit.gateway.documents import bounded, headers_of
from remit.gateway.faults import Code, Status
from remit.gateway.leaving import presence_of
from remit.gateway.rest.brief import Brief, Later
from remit.gateway.rest.frame import Answer, Body, Call, Operation, always_brief
from remit.protocol import commands as c
from remit.protocol.replies import JobsActivated
from remit.protocol.values import ActivatedJob, Job

AT_ONCE = -1
"""A request timeout that waits for nothing."""


class Activation(Body):
    type: str
    timeout: int
    max_jobs_to_activate: int
    worker: str = ""
    fetch_variable: list[str] = []
    request_timeout: int = 0
    tenant_ids: list[str] = []
    tenant_filter: Literal["PROVIDED", "ASSIGNED"] = "PROVIDED"
    with_lease: bool | None = None


class Activated(Answer):
    jobs: list[dict[str, Any]]


class Leased(Body, kw_only=True):
    """The token of an activation with a lease, by its name and by the one that it had first."""

    job_lease_token: str | None = None
    lease_token: str | None = None

    @property
    def lease(self) -> str:
        return self.job_lease_token or self.lease_token or ""


class Completion(Leased):
    variables: dict[str, Any] | None = None
    result: dict[str, Any] | None = None
    business_id: str | None = None


class Failure(Leased):
    retries: int = 0
    error_message: str | None = None
    retry_back_off: int = 0
    variables: dict[str, Any] | None = None


class Thrown(Leased):
    error_code: str
    error_message: str | None = None
    variables: dict[str, Any] | None = None


class Changes(Body):
    retries: int | None = None
    timeout: int | None = None
    priority: int | None = None


class Update(Leased):
    changeset: Changes
    operation_reference: int | None = None


async def activate(call: Call, body: Activation) -> Activated:
    """What is there is given at once; only who has to wait is watched, for whether he goes away."""
    command = _activation(call, body)
    jobs = [] if call.was_asked else await _look(call, command, waits=body.request_timeout >= 0)
    if not jobs and body.request_timeout >= 0:
        with call.broker.limits.waiting(call.client):
            jobs = await _wait(call, command, body.request_timeout)
    return Activated(jobs=[_told(each) for each in jobs])


async def _look(call: Call, command: c.ActivateJobs, *, waits: bool) -> list[ActivatedJob]:
    """What is there; who waits anyway is not sent away because there is much to do just now."""
    try:
        return await call.broker.polls.activate(command, call.header, AT_ONCE)
    except Overloaded:
        if not waits:
            raise
        return []


def activate_brief(call: Call, body: Activation) -> Brief | None:
    """What is there at once. Who has to wait goes the usual way."""
    only, limits, polls = call.broker.router.only(), call.broker.limits, call.broker.polls
    if only is None or limits.are_counted:
        return None
    command, waits = _activation(call, body), body.request_timeout >= 0

    def answer(reply: JobsActivated) -> Activated:
        if waits and not reply.jobs:
            raise Later
        polls.taken(command.type, reply.jobs)
        return Activated(jobs=[_told(each) for each in reply.jobs])

    return Brief(only, command, answer, can_wait=waits)


def _activation(call: Call, body: Activation) -> c.ActivateJobs:
    return c.ActivateJobs(
        body.type, body.worker, body.timeout, body.max_jobs_to_activate,
        tuple(body.fetch_variable),
        call.broker.tenancy.several(body.tenant_ids, assigned=body.tenant_filter == "ASSIGNED"),
        bool(body.with_lease),
    )  # fmt: skip


async def _wait(call: Call, command: c.ActivateJobs, milliseconds: int) -> list[ActivatedJob]:
    """A client that goes away meanwhile gets no jobs: they are handed back."""
    presence = presence_of(call.scope, call.receive)
    jobs = await call.broker.polls.activate(command, call.header, milliseconds, presence)
    if presence.is_gone:
        raise Status(Code.CANCELLED, "the client went away")
    return jobs


def complete(call: Call, body: Completion) -> Brief:
    key = call.key("jobKey")
    command = c.CompleteJob(
        key, bounded(body.variables or {}), body.result, body.business_id, body.lease
    )
    return Brief(call.broker.router.of_key(key), command)


def fail(call: Call, body: Failure) -> Brief:
    key = call.key("jobKey")
    command = c.FailJob(
        key, body.retries, body.error_message or "", body.retry_back_off,
        bounded(body.variables or {}), body.lease,
    )  # fmt: skip
    return Brief(call.broker.router.of_key(key), command)


def throw_error(call: Call, body: Thrown) -> Brief:
    key = call.key("jobKey")
    if not body.error_code:
        raise Status(Code.INVALID_ARGUMENT, "No errorCode provided.")
    command = c.ThrowError(
        key, body.error_code, body.error_message or "", bounded(body.variables or {}), body.lease
    )
    return Brief(call.broker.router.of_key(key), command)


async def update(call: Call, body: Update) -> None:
    key = call.key("jobKey")
    changes = body.changeset
    if changes.retries is None and changes.timeout is None:
        raise Status(
            Code.INVALID_ARGUMENT,
            "No update provided: at least one of [retries, timeout] is needed",
        )
    if changes.retries is not None:
        command: c.Command = c.UpdateJobRetries(key, changes.retries, body.lease)
        await call.broker.router.by_key(key, command, call.header)
    if changes.timeout is not None:
        command = c.UpdateJobTimeout(key, changes.timeout, body.lease)
        await call.broker.router.by_key(key, command, call.header)


def _told(activated: ActivatedJob) -> dict[str, Any]:
    job = activated.job
    return {
        "type": job.type,
        "processDefinitionId": job.process_id,
        "processDefinitionVersion": job.version,
        "elementId": job.element,
        "customHeaders": headers_of(activated),
        "worker": job.worker,
        "retries": job.retries,
        "deadline": job.deadline,
        "variables": activated.variables,
        "tenantId": job.tenant,
        "physicalTenantId": "default",
        "jobKey": str(job.key),
        "processInstanceKey": str(job.instance),
        "processDefinitionKey": str(job.definition),
        "elementInstanceKey": str(job.element_key),
        "rootProcessInstanceKey": str(job.root),
        "kind": job.kind.name,
        "listenerEventType": job.listener_event.upper() or "UNSPECIFIED",
        "userTask": _user_task(job),
        "tags": job.tags,
        "businessId": job.business_id or None,
        "priority": 0,
        "leaseToken": job.lease or None,
        "jobLeaseToken": job.lease or None,
    }


def _user_task(job: Job) -> dict[str, Any] | None:
    task = job.user_task
    if task is None:
        return None
    return {
        **task,
        "assignee": task["assignee"] or None,
        "dueDate": task["dueDate"] or None,
        "followUpDate": task["followUpDate"] or None,
        "formKey": str(task["formKey"]) if task["formKey"] > 0 else None,
        "userTaskKey": str(task["userTaskKey"]),
    }


_JOB = "/jobs/{jobKey}"

OPERATIONS = (
    Operation(
        "POST", "/jobs/activation", "activateJobs", activate,
        request=Activation, answer=Activated, brief=activate_brief,
    ),
    always_brief("POST", f"{_JOB}/completion", "completeJob", complete, Completion),
    always_brief("POST", f"{_JOB}/failure", "failJob", fail, Failure),
    always_brief("POST", f"{_JOB}/error", "throwJobError", throw_error, Thrown),
    Operation("PATCH", _JOB, "updateJob", update, request=Update, success=204),
)  # fmt: skip
