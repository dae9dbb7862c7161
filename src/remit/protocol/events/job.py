"""Jobs. Each event carries the job as it is after it."""

from __future__ import annotations

from remit.protocol.events.base import Event, event, number
from remit.protocol.numbers import ValueType
from remit.protocol.values import DEFAULT_TENANT, Document, Job


@event("CREATED")
class JobCreated(Event, frozen=True, tag=number(ValueType.JOB, 0)):
    key: int
    job: Job


@event("COMPLETED")
class JobCompleted(Event, frozen=True, tag=number(ValueType.JOB, 2)):
    """`result` is the JobResult of a listener or ad-hoc job."""

    key: int
    job: Job
    variables: Document = {}
    result: Document | None = None


@event("TIMED_OUT")
class JobTimedOut(Event, frozen=True, tag=number(ValueType.JOB, 4)):
    key: int
    job: Job


@event("FAILED")
class JobFailed(Event, frozen=True, tag=number(ValueType.JOB, 6)):
    key: int
    job: Job
    variables: Document = {}


@event("RETRIES_UPDATED")
class JobRetriesUpdated(Event, frozen=True, tag=number(ValueType.JOB, 8)):
    key: int
    job: Job


@event("CANCELED")
class JobCanceled(Event, frozen=True, tag=number(ValueType.JOB, 10)):
    key: int
    job: Job


@event("ERROR_THROWN")
class JobErrorThrown(Event, frozen=True, tag=number(ValueType.JOB, 12)):
    key: int
    job: Job
    variables: Document = {}


@event("RECURRED_AFTER_BACKOFF")
class JobRecurred(Event, frozen=True, tag=number(ValueType.JOB, 14)):
    key: int
    job: Job


@event("YIELDED")
class JobYielded(Event, frozen=True, tag=number(ValueType.JOB, 16)):
    key: int
    job: Job


@event("TIMEOUT_UPDATED")
class JobTimeoutUpdated(Event, frozen=True, tag=number(ValueType.JOB, 18)):
    key: int
    job: Job


@event("MIGRATED")
class JobMigrated(Event, frozen=True, tag=number(ValueType.JOB, 19)):
    key: int
    job: Job


@event("ACTIVATED")
class JobsActivated(Event, frozen=True, tag=number(ValueType.JOB_BATCH, 1)):
    """All jobs that one worker got in one turn, as they are then."""

    key: int
    type: str
    worker: str
    timeout: int
    limit: int
    jobs: tuple[Job, ...]
    truncated: bool = False
    tenant: str = DEFAULT_TENANT
