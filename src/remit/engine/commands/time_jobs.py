"""What time, or a lost worker, does to jobs: TIME_OUT, RECUR_AFTER_BACKOFF, YIELD (rule 76)."""

from __future__ import annotations

from remit.base.errors import InvalidState
from remit.engine import jobs
from remit.engine.job_lookup import any_state
from remit.engine.run import Handler, Run
from remit.engine.taking_back import take_back
from remit.protocol.commands import RecurJob, TimeOutJob, YieldJob
from remit.protocol.events.job import JobRecurred, JobYielded
from remit.protocol.replies import Done
from remit.protocol.values import Job, JobState


def time_out_job(run: Run, command: TimeOutJob) -> None:
    """The worker did not finish in time; the retries stay as they are."""
    job = any_state(run, command.key, "time out")
    if job.state is not JobState.ACTIVATED or job.deadline > run.now:
        raise InvalidState(
            f"Expected to time out job with key '{command.key}', but its time is not over"
        )
    take_back(run, job)
    run.reply = Done(job.key)


def recur_job(run: Run, command: RecurJob) -> None:
    job = any_state(run, command.key, "recur")
    if job.state is not JobState.BACKOFF or job.recurs_at > run.now:
        raise InvalidState(
            f"Expected to recur job with key '{command.key}', but its back-off is not over"
        )
    _again(run, job, JobRecurred)


def yield_job(run: Run, command: YieldJob) -> None:
    """A job was pushed to a worker that had gone."""
    job = any_state(run, command.key, "yield")
    if job.state is not JobState.ACTIVATED:
        raise InvalidState(f"Expected to yield job with key '{command.key}', but it is not active")
    _again(run, job, JobYielded)


def _again(run: Run, job: Job, event: type[JobRecurred | JobYielded]) -> None:
    run.emit(event(job.key, jobs.make_activatable(job)))
    run.jobs_available(job.type, job.tenant)
    run.reply = Done(job.key)


HANDLES = {
    TimeOutJob: Handler("TIME_OUT", time_out_job),
    RecurJob: Handler("RECUR_AFTER_BACKOFF", recur_job),
    YieldJob: Handler("YIELD", yield_job),
}
