"""FAIL a job: it is tried again at once, after a back-off, or not at all (rules 10, 77)."""

from __future__ import annotations

from msgspec.structs import replace

from remit.engine import incidents, jobs
from remit.engine.faults import IncidentRaised
from remit.engine.governance import admit_work
from remit.engine.job_lookup import find
from remit.engine.run import Handler, Run
from remit.engine.variables import set_local
from remit.protocol.commands import FailJob
from remit.protocol.events.job import JobFailed
from remit.protocol.replies import Done
from remit.protocol.values import JobKind, JobState

_NO_RETRIES = {
    JobKind.BPMN_ELEMENT: "JOB_NO_RETRIES",
    JobKind.EXECUTION_LISTENER: "EXECUTION_LISTENER_NO_RETRIES",
    JobKind.TASK_LISTENER: "TASK_LISTENER_NO_RETRIES",
    JobKind.AD_HOC_SUB_PROCESS: "AD_HOC_SUB_PROCESS_NO_RETRIES",
}


def fail_job(run: Run, command: FailJob) -> None:
    job = find(run, command.key, "fail", command.lease)
    element = run.element(job.element_key)
    variables = admit_work(run, job, element, "job.fail", command.variables)
    said = command.error_message[: incidents.MESSAGE_LIMIT]
    failed = replace(
        job, retries=command.retries, error_message=said, backoff=command.backoff, deadline=-1
    )
    if command.retries <= 0:
        failed = replace(failed, state=JobState.FAILED, worker="")
    elif command.backoff > 0:
        failed = replace(failed, state=JobState.BACKOFF, recurs_at=run.now + command.backoff)
    else:
        failed = jobs.make_activatable(failed)
    run.emit(JobFailed(job.key, failed, variables))
    set_local(run, element, variables)
    if failed.state is JobState.FAILED:
        message = said or "No more retries left."
        incidents.create(run, element, IncidentRaised(_NO_RETRIES[job.kind], message), job=failed)
    elif failed.state is JobState.ACTIVATABLE:
        run.jobs_available(failed.type, failed.tenant)
    run.reply = Done(job.key)


HANDLES = {FailJob: Handler("FAIL", fail_job)}
