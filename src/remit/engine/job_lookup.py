"""What the commands of a job share: the job must be there, and in a state that allows them.

A job that was activated with a lease belongs to who has the token of its last activation: a worker that
was too slow can't complete what another one has now (8.10).
"""

from __future__ import annotations

from remit.base.errors import InvalidState, NotFound
from remit.engine.run import Run
from remit.protocol.values import Job, JobState

_WRONG = {
    JobState.FAILED: "it is in state 'FAILED'. Resolve the incident first",
    JobState.ERROR_THROWN: "it is in state 'ERROR_THROWN'",
}


def find(run: Run, key: int, verb: str, lease: str) -> Job:
    """The job, whatever worker had it; refused when it has failed for good (rule 75).

    Of a leased one the token is needed.
    """
    job = any_state(run, key, verb, lease)
    if job.lease and not lease:
        raise InvalidState(
            f"Expected to {verb} job with key '{key}', but it was activated with a lease, and no "
            f"lease token is given. Send the jobLeaseToken of its activation"
        )
    if job.state in _WRONG:
        raise InvalidState(f"Expected to {verb} job with key '{key}', but {_WRONG[job.state]}")
    return job


def any_state(run: Run, key: int, verb: str, lease: str = "") -> Job:
    """The job. A token is not needed, but must not be one of an activation that is over."""
    job = run.state.find_job(key)
    if job is None or not run.sees(job.tenant):
        raise NotFound(f"Expected to {verb} job with key '{key}', but no such job was found")
    run.touch(job.root, job.instance)
    if job.lease and lease and lease != job.lease:
        raise InvalidState(
            f"Expected to {verb} job with key '{key}', but the lease token that is given is not the one "
            f"of its last activation: another worker has it now"
        )
    return job
