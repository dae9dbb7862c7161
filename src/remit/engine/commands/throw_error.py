"""THROW_ERROR from a job: the element's error boundary, or whoever catches further out (rules 49-53)."""

from __future__ import annotations

from msgspec.structs import replace

from remit.engine import errors, incidents, jobs
from remit.engine.governance import admit_command, without_policy
from remit.engine.job_lookup import find
from remit.engine.run import Handler, Run
from remit.engine.triggering import trigger
from remit.protocol.commands import ThrowError
from remit.protocol.events.job import JobErrorThrown
from remit.protocol.replies import Done
from remit.protocol.values import JobState


def throw_error(run: Run, command: ThrowError) -> None:
    job = find(run, command.key, "throw an error for")
    element = run.element(job.element_key)
    variables = without_policy(run, element, command.variables)
    facts = {**jobs.facts(run, job, variables), "errorCode": command.error_code}
    admit_command(run, element, "job.error", facts, "worker")
    thrown = replace(
        job,
        state=JobState.ERROR_THROWN,
        error_code=command.error_code,
        error_message=command.error_message[: incidents.MESSAGE_LIMIT],
        deadline=-1,
    )
    run.emit(JobErrorThrown(job.key, thrown, variables))
    catcher = errors.find_catcher(run, element, command.error_code)
    if catcher is None:
        fault = errors.unhandled(element, command.error_code, command.error_message)
        incidents.create(run, element, fault, job=thrown)
    else:
        trigger(run, catcher.host, catcher.target, variables)
    run.reply = Done(job.key)


HANDLES = {ThrowError: Handler("THROW_ERROR", throw_error)}
