"""Jobs: the row, the queue of those that wait for a worker, and when the next thing is due.

CREATED ─▶ ready ◀─ timed out, back-off over, yielded, retries updated
             │
             ▼
         activated ─▶ due at its deadline
"""

from __future__ import annotations

from typing import Any

from remit.engine.state.state import Due, State
from remit.protocol.events.job import (
    JobCanceled,
    JobCompleted,
    JobCreated,
    JobErrorThrown,
    JobFailed,
    JobMigrated,
    JobRecurred,
    JobRetriesUpdated,
    JobsActivated,
    JobTimedOut,
    JobTimeoutUpdated,
    JobYielded,
)
from remit.protocol.values import Job, JobState


def changed(
    state: State,
    event: JobCreated
    | JobTimedOut
    | JobFailed
    | JobRetriesUpdated
    | JobRecurred
    | JobYielded
    | JobErrorThrown
    | JobTimeoutUpdated
    | JobMigrated,
) -> None:
    _replace(state, event.job)


def activated(state: State, event: JobsActivated) -> None:
    for job in event.jobs:
        _replace(state, job)


def gone(state: State, event: JobCompleted | JobCanceled) -> None:
    job = state.jobs[event.key]
    if job.instance not in state.suspensions:
        leave(state, job)
    state.jobs.delete(event.key)


def _replace(state: State, job: Job) -> None:
    """A job of a suspended instance is in no queue."""
    is_parked = job.instance in state.suspensions
    old = state.jobs.get(job.key)
    if old is not None and not is_parked:
        leave(state, old)
    state.jobs.put(job.key, job)
    if not is_parked:
        enter(state, job)


def enter(state: State, job: Job) -> None:
    """Put the job where its state says that somebody looks for it."""
    if job.state == JobState.ACTIVATABLE:
        state.ready_jobs(job.tenant, job.type).add((job.key, job.root))
    elif job.state == JobState.ACTIVATED:
        state.due_queue.add((job.deadline, Due.JOB_TIMEOUT, job.key, job.root))
    elif job.state == JobState.BACKOFF:
        state.due_queue.add((job.recurs_at, Due.JOB_BACKOFF, job.key, job.root))


def leave(state: State, job: Job) -> None:
    if job.state == JobState.ACTIVATABLE:
        state.ready_jobs(job.tenant, job.type).remove((job.key, job.root))
    elif job.state == JobState.ACTIVATED:
        state.due_queue.remove((job.deadline, Due.JOB_TIMEOUT, job.key, job.root))
    elif job.state == JobState.BACKOFF:
        state.due_queue.remove((job.recurs_at, Due.JOB_BACKOFF, job.key, job.root))


FOLDS: dict[Any, Any] = {
    JobMigrated: changed,
    JobCreated: changed,
    JobTimedOut: changed,
    JobFailed: changed,
    JobRetriesUpdated: changed,
    JobRecurred: changed,
    JobYielded: changed,
    JobErrorThrown: changed,
    JobTimeoutUpdated: changed,
    JobsActivated: activated,
    JobCompleted: gone,
    JobCanceled: gone,
}
