"""Suspending and resuming a process instance, with every process it has called.

While it is suspended no token moves: its jobs are handed to nobody, its timers do not come due, it
listens to no message and no signal, and its conditions are not asked. At its end everything is looked
at again: overdue timers and back-offs happen at once, messages that are still buffered are correlated,
conditions are asked for the variables that have changed. A signal that was broadcast meanwhile is gone,
as for everybody who does not listen at that moment (rule 47).
"""

from __future__ import annotations

from remit.engine import messages
from remit.engine.agenda import AskConditions
from remit.engine.run import Run
from remit.engine.state.entities import ElementInstance
from remit.protocol.events.process_instance import InstanceResumed, InstanceSuspended
from remit.protocol.values import NONE_KEY, JobState


def suspend(run: Run, key: int) -> None:
    """Hold an instance that goes on, and what it has called; what is suspended already stays so."""
    for instance in _called(run, key):
        if instance.key not in run.state.suspensions:
            run.emit(
                InstanceSuspended(
                    instance.key, instance.key, instance.definition, instance.element,
                    instance.kind, NONE_KEY, root=instance.root, since=run.now, by=key,
                )
            )  # fmt: skip
            for subscription in messages.subscriptions_of(run, instance.key):
                messages.listen_no_more(run, subscription)


def resume(run: Run, key: int) -> None:
    """Let go on what was suspended with this instance."""
    for instance in _called(run, key):
        row = run.state.suspensions.get(instance.key)
        if row is None or row.by != key:
            continue
        _resumed(run, instance)
        for subscription in messages.subscriptions_of(run, instance.key):
            messages.listen(run, subscription)
        for changes in row.asked:
            run.later(AskConditions(instance.key, changes))
        _offer_jobs(run, instance.key)


def lift(run: Run, key: int) -> None:
    """An instance is being ended: its listeners have to be heard before it has."""
    if key in run.state.suspensions:
        _resumed(run, run.element(key))


def suspended_caller(run: Run, instance: ElementInstance) -> int | None:
    """The instance that holds this one, which it has called; None when it is held by itself."""
    row = run.state.suspensions[instance.key]
    if row.by != instance.key:
        return row.by
    caller = run.state.suspensions.get(instance.parent_instance)
    return None if caller is None else caller.by


def _resumed(run: Run, instance: ElementInstance) -> None:
    run.emit(
        InstanceResumed(
            instance.key, instance.key, instance.definition, instance.element, instance.kind,
            NONE_KEY, root=instance.root,
        )
    )  # fmt: skip


def _called(run: Run, key: int) -> list[ElementInstance]:
    """The instance and every one that it has called, callers first."""
    return [each for each in run.state.inside(key) if each.scope == NONE_KEY]


def _offer_jobs(run: Run, key: int) -> None:
    """Workers that wait are told, once for each type."""
    waiting = {
        (job.type, job.tenant)
        for element in run.state.of_instance(key)
        for job in run.state.jobs.values_of(element.key)
        if job.state is JobState.ACTIVATABLE
    }
    for job_type, tenant in sorted(waiting):
        run.jobs_available(job_type, tenant)
