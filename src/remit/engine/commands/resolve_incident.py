"""RESOLVE an incident: the very step that failed runs again (rule 80)."""

from __future__ import annotations

from remit.base.errors import InvalidState, NotFound
from remit.engine import jobs
from remit.engine.agenda import Resume
from remit.engine.governance import admit_command
from remit.engine.run import Handler, Run
from remit.protocol.commands import ResolveIncident
from remit.protocol.events.incident import IncidentResolved
from remit.protocol.events.job import JobRecurred
from remit.protocol.replies import Done
from remit.protocol.values import NONE_KEY, Incident


def resolve_incident(run: Run, command: ResolveIncident) -> None:
    incident = run.state.find_incident(command.key)
    if incident is None or not run.sees(incident.tenant):
        raise NotFound(
            f"Expected to resolve incident with key '{command.key}', but no such incident was found"
        )
    run.touch(incident.root, incident.instance)
    admit_command(run, run.element(incident.element_key), "incident.resolve", {})
    if incident.job != NONE_KEY:
        _resolve_job(run, incident)
    else:
        run.emit(IncidentResolved(incident.key, incident))
        run.later(Resume(incident.element_key, incident.stage))
    run.reply = Done(incident.key)


def _resolve_job(run: Run, incident: Incident) -> None:
    """The job waits for a worker again; it needs retries for that (rules 53, 80)."""
    job = run.state.jobs.get(incident.job)
    if job is None:
        run.emit(IncidentResolved(incident.key, incident))
        return
    if job.retries <= 0:
        raise InvalidState(
            f"Expected to resolve incident with key '{incident.key}', but job with key '{job.key}' "
            f"has no retries left. Update its retries first."
        )
    run.emit(IncidentResolved(incident.key, incident))
    run.emit(JobRecurred(job.key, jobs.make_activatable(job)))
    run.jobs_available(job.type, job.tenant)


HANDLES = {ResolveIncident: Handler("RESOLVE", resolve_incident)}
