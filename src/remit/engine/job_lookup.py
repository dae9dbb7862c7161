"""What the commands of a job share: the job must be there, and in a state that allows them."""

from __future__ import annotations

from remit.base.errors import InvalidState, NotFound
from remit.engine.run import Run
from remit.protocol.values import Job, JobState

_WRONG = {
    JobState.FAILED: "it is in state 'FAILED'. Resolve the incident first",
    JobState.ERROR_THROWN: "it is in state 'ERROR_THROWN'",
}


def find(run: Run, key: int, verb: str) -> Job:
    """The job, whatever worker had it; refused when it has failed for good (rule 75)."""
    job = any_state(run, key, verb)
    if job.state in _WRONG:
        raise InvalidState(f"Expected to {verb} job with key '{key}', but {_WRONG[job.state]}")
    return job


def any_state(run: Run, key: int, verb: str) -> Job:
    job = run.state.find_job(key)
    if job is None or not run.sees(job.tenant):
        raise NotFound(f"Expected to {verb} job with key '{key}', but no such job was found")
    run.touch(job.root, job.instance)
    return job
