"""THROW_ERROR from a job: the element's error boundary, or whoever catches further out (rules 49-53)."""

from __future__ import annotations

from msgspec.structs import replace

from remit.engine import errors, incidents
from remit.engine.governance import admit_work, refused_by_worker
from remit.engine.job_lookup import find
from remit.engine.run import Handler, Run
from remit.engine.triggering import trigger
from remit.protocol.commands import ThrowError
from remit.protocol.events.job import JobErrorThrown
from remit.protocol.replies import Done
from remit.protocol.values import Document, JobState


def throw_error(run: Run, command: ThrowError) -> None:
    job = find(run, command.key, "throw an error for", command.lease)
    element = run.element(job.element_key)
    refused = refused_by_worker(run, job, element, command.error_code, command.variables)
    variables: Document = {}
    if refused is None:
        variables = admit_work(
            run, job, element, "job.error", command.variables, errorCode=command.error_code
        )
    thrown = replace(
        job,
        state=JobState.ERROR_THROWN,
        error_code=command.error_code,
        error_message=command.error_message[: incidents.MESSAGE_LIMIT],
        deadline=-1,
    )
    run.emit(JobErrorThrown(job.key, thrown, variables))
    is_caught = refused in (None, "error")
    catcher = errors.find_catcher(run, element, command.error_code) if is_caught else None
    if catcher is None:
        fault = errors.unhandled(element, command.error_code, command.error_message)
        incidents.create(run, element, fault, job=thrown)
    else:
        trigger(run, catcher.host, catcher.target, variables)
    run.reply = Done(job.key)


HANDLES = {ThrowError: Handler("THROW_ERROR", throw_error)}
