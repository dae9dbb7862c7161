"""Jobs, and how many of each kind there were in each minute."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection, bindparam, insert, update

from remit.history import schema
from remit.history.telling.frequent import JobRow
from remit.history.telling.rows import Row, json
from remit.history.telling.told import Tells, Told
from remit.protocol.events import job as j
from remit.protocol.values import Job, JobState

_MINUTE = 60_000
_LONGEST_MESSAGE = 500
"""Characters of an error message that its count is kept by."""


def job_created(told: Told, event: j.JobCreated) -> None:
    job = event.job
    _count(told, job, "CREATED")
    told.jobs.new[job.key] = JobRow(
        job.key, job.type, job.worker, job.retries, job.kind.name,
        job.listener_event.upper() or "UNSPECIFIED", told.now, told.now, json(job.headers).decode(),
        job.element, job.element_key, job.instance, job.definition, job.process_id, job.root,
        job.tenant,
    )  # fmt: skip


def jobs_activated(told: Told, event: j.JobsActivated) -> None:
    for job in event.jobs:
        told.jobs.change(job.key, worker=job.worker, deadline=job.deadline, updated=told.now)


def job_changed(told: Told, job: Job, state: str, *, ends: bool = False) -> None:
    changes: Row = {
        "state": state, "retries": job.retries, "updated": told.now,
        "deadline": job.deadline if job.deadline > 0 else None,
    }  # fmt: skip
    if job.error_message or job.error_code:
        changes |= {
            "error_message": job.error_message or None,
            "error_code": job.error_code or None,
        }
    if ends:
        changes["end_date"] = told.now
    told.jobs.change(job.key, **changes)


def job_completed(told: Told, event: j.JobCompleted) -> None:
    job, row = event.job, told.jobs.new.get(event.key)
    if row is None or job.error_message or job.error_code:
        job_changed(told, job, "COMPLETED", ends=True)
    else:  # most of what is completed was created in the same batch: its row is at hand
        row.state, row.retries = "COMPLETED", job.retries
        row.updated = row.end_date = told.now
        row.deadline = job.deadline if job.deadline > 0 else None
    _count(told, job, "COMPLETED")
    if event.result and "denied" in event.result:
        told.jobs.change(
            event.key,
            denied=bool(event.result["denied"]),
            denied_reason=event.result.get("deniedReason") or None,
        )


def job_failed(told: Told, event: j.JobFailed) -> None:
    job_changed(told, event.job, "FAILED")
    _count(told, event.job, "FAILED")


def error_thrown(told: Told, event: j.JobErrorThrown) -> None:
    job_changed(told, event.job, "ERROR_THROWN")
    _count(told, event.job, "FAILED")


def job_canceled(told: Told, event: j.JobCanceled) -> None:
    """Its element has gone. Where that is because an error was thrown, this stays what is told."""
    has_thrown = event.job.state is JobState.ERROR_THROWN
    job_changed(told, event.job, "ERROR_THROWN" if has_thrown else "CANCELED", ends=True)


def _count(told: Told, job: Job, status: str) -> None:
    failed = status == "FAILED"
    key = (
        told.now - told.now % _MINUTE, job.type, job.worker, status,
        job.error_code if failed else "",
        job.error_message[:_LONGEST_MESSAGE] if failed else "",
    )  # fmt: skip
    counted = told.counts.get(key)
    if counted is None:
        told.counts[key] = [1, told.now]
    else:
        counted[0] += 1
        counted[1] = told.now


def write_counts(told: Told, connection: Connection) -> None:
    """Add to what is there; what is not there yet is made."""
    if not told.counts:
        return
    table = schema.JOB_COUNTS
    names = ("minute", "type", "worker", "status", "error_code", "error_message")
    more = (
        update(table)
        .where(*(table.c[name] == bindparam(f"b_{name}") for name in names))
        .values(count=table.c.count + bindparam("b_count"), last=bindparam("b_last"))
    )
    for key, (count, last) in told.counts.items():
        values = {f"b_{name}": value for name, value in zip(names, key, strict=True)}
        found = connection.execute(more, {**values, "b_count": count, "b_last": last})
        if not found.rowcount:
            row = dict(zip(names, key, strict=True)) | {"count": count, "last": last}
            connection.execute(insert(table), row)
    told.counts = {}


def _job(state: str) -> Callable[[Told, Any], None]:
    return lambda told, event: job_changed(told, event.job, state)


TELLS: Tells = {
    j.JobCreated: job_created,
    j.JobsActivated: jobs_activated,
    j.JobCompleted: job_completed,
    j.JobCanceled: job_canceled,
    j.JobFailed: job_failed,
    j.JobTimedOut: _job("TIMED_OUT"),
    j.JobErrorThrown: error_thrown,
    j.JobRetriesUpdated: _job("RETRIES_UPDATED"),
    j.JobRecurred: _job("CREATED"),
    j.JobYielded: _job("CREATED"),
    j.JobTimeoutUpdated: _job("CREATED"),
}
