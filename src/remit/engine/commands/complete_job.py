"""COMPLETE a job: the worker is done, the element it stood for goes on.

Accepted whether or not the job's time is over, as long as it exists (rule 75).
"""

from __future__ import annotations

from remit.engine.agenda import Complete
from remit.engine.job_lookup import find
from remit.engine.run import Handler, Run
from remit.protocol.commands import CompleteJob
from remit.protocol.events.job import JobCompleted
from remit.protocol.replies import Done


def complete_job(run: Run, command: CompleteJob) -> None:
    job = find(run, command.key, "complete")
    run.admit("job.complete", {"jobType": job.type})
    run.emit(JobCompleted(job.key, job, command.variables, command.result))
    run.later(Complete(job.element_key, command.variables))
    run.reply = Done(job.key)


HANDLES = {CompleteJob: Handler("COMPLETE", complete_job)}
