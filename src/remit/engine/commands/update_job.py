"""UPDATE_RETRIES and UPDATE_TIMEOUT of a job."""

from __future__ import annotations

from msgspec.structs import replace

from remit.base.errors import InvalidArgument, InvalidState
from remit.engine.governance import admit_command
from remit.engine.job_lookup import any_state
from remit.engine.run import Handler, Run
from remit.protocol.commands import UpdateJobRetries, UpdateJobTimeout
from remit.protocol.events.job import JobRetriesUpdated, JobTimeoutUpdated
from remit.protocol.replies import Done
from remit.protocol.values import Job, JobState


def update_job_retries(run: Run, command: UpdateJobRetries) -> None:
    """A job in an incident stays there until that is resolved (rule 80)."""
    job = any_state(run, command.key, "update retries for", command.lease)
    if command.retries < 1:
        raise InvalidArgument(
            f"Expected to update retries for job with key '{command.key}' with a positive amount of "
            f"retries, but the amount given was '{command.retries}'"
        )
    admit_command(run, run.element(job.element_key), "job.retries", _facts(job))
    run.emit(JobRetriesUpdated(job.key, replace(job, retries=command.retries)))
    run.reply = Done(job.key)


def update_job_timeout(run: Run, command: UpdateJobTimeout) -> None:
    job = any_state(run, command.key, "update the timeout of", command.lease)
    if job.state is not JobState.ACTIVATED:
        raise InvalidState(
            f"Expected to update the timeout of job with key '{command.key}', but it is not active"
        )
    admit_command(run, run.element(job.element_key), "job.retries", _facts(job))
    deadline = run.now + command.timeout
    changed = replace(job, timeout=command.timeout, deadline=deadline)
    run.emit(JobTimeoutUpdated(job.key, changed))
    run.reply = Done(job.key)


def _facts(job: Job) -> dict[str, object]:
    """Of the job as it is before."""
    return {"jobType": job.type, "jobKey": str(job.key), "retries": job.retries}


HANDLES = {
    UpdateJobRetries: Handler("UPDATE_RETRIES", update_job_retries),
    UpdateJobTimeout: Handler("UPDATE_TIMEOUT", update_job_timeout),
}
