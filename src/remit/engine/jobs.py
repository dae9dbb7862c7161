"""Jobs: what the engine asks of workers (rules 75-79).

A job is made when the policy of its instance admits `job.create`.
"""

from __future__ import annotations

from msgspec.structs import replace

from remit.engine.expressions import evaluate
from remit.engine.faults import extract_value_error
from remit.engine.governance import admit_job
from remit.engine.run import Run
from remit.engine.state.entities import ElementInstance
from remit.model.bpmn.graph import JobDefinition
from remit.protocol.events.job import JobCanceled, JobCreated
from remit.protocol.values import Document, Job, JobKind, JobState

DEFAULT_RETRIES = 3


def create(
    run: Run,
    element: ElementInstance,
    work: JobDefinition,
    *,
    kind: JobKind = JobKind.BPMN_ELEMENT,
    headers: dict[str, str] | None = None,
    listener_event: str = "",
    listener_index: int = -1,
    user_task: Document | None = None,
) -> Job:
    """Create a job for `element`. Both expressions of `work` are evaluated first (rule 77).

    Raises `IncidentRaised`: one gives no text or no number, or the policy denies the job.
    """
    job_type = evaluate(run, work.type, element.key)
    if not isinstance(job_type, str):
        raise extract_value_error(
            f"Expected the job type '{work.type.text}' of element '{element.element}' to be a "
            f"string, but it is {job_type!r}"
        )
    retries = as_retries(run, work, element)
    row = run.definition(element.definition).row
    instance = run.state.instances.get(element.instance)
    job = Job(
        run.new_key(), job_type, retries, element.key, element.element, element.instance,
        element.definition, row.process_id, row.version, element.root, element.tenant,
        kind=kind, headers=work.headers if headers is None else headers,
        tags=instance.tags if instance else (), created=run.now,
        listener_event=listener_event, listener_index=listener_index,
        user_task=user_task, business_id=instance.business_id if instance else "",
    )  # fmt: skip
    admit_job(run, element, "job.create", job)
    run.emit(JobCreated(job.key, job))
    run.jobs_available(job.type, job.tenant)
    return job


def as_retries(run: Run, work: JobDefinition, element: ElementInstance) -> int:
    retries = evaluate(run, work.retries, element.key)
    if isinstance(retries, str) and retries.strip().lstrip("-").isdigit():
        return int(retries)
    if isinstance(retries, (int, float)) and not isinstance(retries, bool):
        return int(retries)
    raise extract_value_error(
        f"Expected the retries '{work.retries.text}' of element '{element.element}' to be a "
        f"number, but it is {retries!r}"
    )


def make_activatable(job: Job, **changes: object) -> Job:
    """The job as it waits for a worker, whatever it was before."""
    return replace(job, state=JobState.ACTIVATABLE, worker="", deadline=-1, recurs_at=-1, **changes)


def cancel_all(run: Run, element_key: int) -> None:
    """The element ends: nobody need do its jobs any more."""
    for job in tuple(run.state.jobs.values_of(element_key)):
        run.emit(JobCanceled(job.key, job))
