"""A worker did not finish in time: its job goes to another one, when the instance's policy admits that.

Denied (`job.timeout`), the job stays with its worker, which may still complete or fail it: work that may
have been done, a payment perhaps, is not done twice. `on_deny` says what else: an incident, which holds
the step until somebody has looked; the error GOV_DENIED; or nothing. The policy is asked again when the
incident is resolved, and whenever the job's time is over once more.
"""

from __future__ import annotations

from msgspec.structs import replace

from remit.engine import jobs
from remit.engine.agenda import TakeBack, held
from remit.engine.denials import not_happened
from remit.engine.governance import ElementDenied, admit_job
from remit.engine.run import Run
from remit.protocol.events.incident import IncidentResolved
from remit.protocol.events.job import JobTimedOut, JobTimeoutUpdated
from remit.protocol.values import Job, JobState

ASKED_AGAIN_MS = 60_000
"""No sooner, however short the job's own time-out: a denial that is asked again fills no log (T27)."""


def take_back(run: Run, job: Job) -> None:
    """The job waits for a worker again, its retries as they are (rule 76); or it stays, see above."""
    element = run.element(job.element_key)
    item = TakeBack(element.key, job.key)
    try:
        admit_job(run, element, "job.timeout", job)
    except ElementDenied as fault:
        deadline = run.now + max(job.timeout, ASKED_AGAIN_MS)
        run.emit(JobTimeoutUpdated(job.key, replace(job, deadline=deadline)))
        not_happened(run, element, fault, f"{job.key} job.timeout", item)
        return
    for incident in tuple(run.state.incidents.values_of(element.key)):
        if incident.stage == held(item):
            run.emit(IncidentResolved(incident.key, incident))
    run.emit(JobTimedOut(job.key, jobs.make_activatable(job)))
    run.jobs_available(job.type, job.tenant)


def again(run: Run, item: TakeBack) -> None:
    """Somebody has looked at a job that stayed with its worker; it may be done meanwhile."""
    job = run.state.jobs.get(item.job)
    if job is not None and job.state is JobState.ACTIVATED:
        take_back(run, job)
