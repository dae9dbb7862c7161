"""COMPLETE a job: the worker is done, the element it stood for goes on.

Accepted whether or not the job's time is over, as long as it exists (rule 75). It may give the process
instance its business id: where it can't, nothing is completed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from remit.engine import ad_hoc, business_ids, user_tasks
from remit.engine.agenda import Complete
from remit.engine.governance import admit_work
from remit.engine.job_lookup import find
from remit.engine.run import Handler, Run
from remit.engine.stages import listeners
from remit.engine.variables import set_local
from remit.protocol.commands import CompleteJob
from remit.protocol.events.job import JobCompleted
from remit.protocol.replies import Done
from remit.protocol.values import Document, Job, JobKind


def complete_job(run: Run, command: CompleteJob) -> None:
    job = find(run, command.key, "complete", command.lease)
    element = run.element(job.element_key)
    result: Any = command.result
    if job.kind is JobKind.AD_HOC_SUB_PROCESS:
        result = ad_hoc.read_result(run, element, result)
    named = command.business_id
    if named is not None:
        business_ids.check(run, run.element(job.instance), named)
    variables = admit_work(run, job, element, "job.complete", command.variables)
    if named is not None:
        business_ids.assign(run, run.element(job.instance), named)
    run.emit(JobCompleted(job.key, job, variables, command.result))
    _DONE[job.kind](run, job, variables, result)
    run.reply = Done(job.key)


def _work_done(run: Run, job: Job, variables: Document, result: Document | None) -> None:
    run.later(Complete(job.element_key, variables, admitted=True))


def _listener_done(run: Run, job: Job, variables: Document, result: Document | None) -> None:
    listeners.completed(run, job, variables)


def _task_listener_done(run: Run, job: Job, variables: Document, result: Document | None) -> None:
    user_tasks.listener_done(run, job, result)


def _ad_hoc_done(run: Run, job: Job, variables: Document, orders: ad_hoc.Orders) -> None:
    """The variables stay in the sub-process; the orders say what happens in it (rule 74)."""
    scope = run.element(job.element_key)
    set_local(run, scope, variables)
    ad_hoc.carry_out(run, scope.key, orders)


_DONE: dict[JobKind, Callable[[Run, Job, Document, Any], None]] = {
    JobKind.BPMN_ELEMENT: _work_done,
    JobKind.EXECUTION_LISTENER: _listener_done,
    JobKind.TASK_LISTENER: _task_listener_done,
    JobKind.AD_HOC_SUB_PROCESS: _ad_hoc_done,
}

HANDLES = {CompleteJob: Handler("COMPLETE", complete_job)}
