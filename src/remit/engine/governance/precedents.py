"""Precedents: a worker's step is admitted as it was before, for another instance under the same rules.

Thousands of instances under one grant are asked the same: may this worker have this kind of job, and may
it answer with variables of these names. Where the rules look at nothing of an instance's own, the answer
follows from the `Circumstances`, and so does all that the log says of it. Where they do (a variable, a
key, the initiator, the time), there is no precedent, and each step is asked.

Only what was admitted becomes a precedent, and it counts while every block of the new chain is in force.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from remit.engine.governance.carried import at_hand
from remit.engine.run import Run
from remit.engine.state.entities import ElementInstance, Governed
from remit.protocol.events.governance import StepAdmitted
from remit.protocol.values import Job

SHARED = frozenset(
    {
        "elementId", "elementType", "actor", "actorKind", "actorMethod", "actorDomain", "jobType",
        "retries", "headers", "worker", "varNames", "valueTypes", "scope", "purpose", "source",
        "receipt", "actorIsActivator",
    }
)  # fmt: skip
"""Facts that follow from `Circumstances`."""

PRECEDENTS, NAMES = 4096, 64
"""Circumstances that are kept in memory; with more variables than that none are."""


class Circumstances(NamedTuple):
    """What a worker's step depends on, where it depends on nothing of the one instance.

    `chain` is what all chains have in common that answer alike; `slope` the one before the step.
    `brought` has the classes of the variables' values, where the worker brings them.
    """

    chain: object
    action: str
    definition: int
    element: str
    kind: int
    slope: bytes
    actor: str
    channel: str
    job_type: str
    retries: int
    worker: str
    headers: tuple[str, ...]
    names: tuple[str, ...]
    brought: tuple[type, ...]
    is_activator: bool


def circumstances_of(
    run: Run,
    row: Governed,
    element: ElementInstance,
    action: str,
    job: Job,
    variables: Mapping[str, Any],
    is_activator: bool = False,
) -> Circumstances | None:
    """None where there is no precedent to follow or to set: the policy is not in memory with the facts
    of this instance, it is not in force, or the variables are too many."""
    carried = at_hand(run.state, row, element)
    if carried is None or not carried.authority.is_in_force(run.now) or len(variables) > NAMES:
        return None
    actor = run.actor
    return Circumstances(
        carried.authority.alike, action, element.definition, element.element, element.kind, row.slope,
        actor.id, actor.channel, job.type, job.retries, job.worker, tuple(job.headers),
        tuple(variables), tuple([each.__class__ for each in variables.values()]), is_activator,
    )  # fmt: skip


def follow(
    run: Run, row: Governed, element: ElementInstance, case: Circumstances, about: str
) -> bool:
    """Admit a step as it was admitted before; False when it never was."""
    found: StepAdmitted | None = run.state.precedents.get(case)
    if found is None:
        return False
    run.emit(
        StepAdmitted(
            run.new_key(), element.instance, element.definition, found.element, found.action,
            found.clauses, found.facts, row.policy, found.slope, found.head, found.trust, found.low,
            found.actor, found.method, found.duties, found.tenant, found.kind, found.domain,
            found.wrote, element.key, about, found.lowered, found.also,
            run.header.broken_glass,
        )
    )  # fmt: skip
    return True


def set_precedent(
    run: Run,
    row: Governed,
    element: ElementInstance,
    case: Circumstances | None,
    admitted: StepAdmitted | None,
) -> None:
    """The step that was `admitted` just now is one for others, unless it is this instance's alone."""
    carried = at_hand(run.state, row, element)
    if case is None or carried is None or admitted is None:
        return
    authority = carried.authority
    for action in (admitted.action, *(each.action for each in admitted.also)):
        if not authority.is_alike(action) or not SHARED.issuperset(
            authority.beyond_subject(action)
        ):
            return
    if len(run.state.precedents) >= PRECEDENTS:
        run.state.precedents.clear()
    run.state.precedents[case] = admitted
