"""Incidents: an element cannot go on, and a person has to look (rules 53, 80)."""

from __future__ import annotations

from remit.engine.faults import IncidentRaised
from remit.engine.run import Run
from remit.engine.state.entities import ElementInstance
from remit.protocol.events.incident import IncidentCreated, IncidentResolved
from remit.protocol.values import NONE_KEY, Incident, Job

MESSAGE_LIMIT = 10_000


def create(
    run: Run,
    element: ElementInstance,
    fault: IncidentRaised,
    *,
    stage: str = "",
    job: Job | None = None,
) -> None:
    """Stop `element` here; resolving goes on at `stage`, or makes `job` activatable again."""
    key = run.new_key()
    scope = fault.scope if fault.scope != NONE_KEY else element.key
    run.emit(
        IncidentCreated(
            key,
            Incident(
                key,
                fault.error_type,
                str(fault)[:MESSAGE_LIMIT],
                element.key,
                element.element,
                element.instance,
                element.definition,
                run.definition(element.definition).row.process_id,
                element.root,
                job=job.key if job else NONE_KEY,
                scope=scope,
                stage=stage,
                tenant=element.tenant,
            ),
        )
    )


def resolve_all(run: Run, element_key: int) -> None:
    """The element ends: its incidents vanish with it (rule 80)."""
    if not run.state.incidents.rows:
        return
    for incident in tuple(run.state.incidents.values_of(element_key)):
        run.emit(IncidentResolved(incident.key, incident))
