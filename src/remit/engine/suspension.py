"""Suspending and resuming a root process instance, with every process it has called.

While it is suspended no token moves: its jobs are handed to nobody, its timers do not come due, it
listens to no message and no signal, and its conditions are not asked. At its end everything is looked
at again: overdue timers and back-offs happen at once, messages that are still buffered are correlated,
conditions are asked for the variables that have changed. A signal that was broadcast meanwhile is gone,
as for everybody who does not listen at that moment (rule 47).
"""

from __future__ import annotations

from collections.abc import Iterator

from remit.engine import messages
from remit.engine.agenda import AskConditions
from remit.engine.run import Run
from remit.engine.state.entities import ElementInstance
from remit.protocol.events.process_instance import InstanceResumed, InstanceSuspended
from remit.protocol.values import NONE_KEY, JobState, ProcessSubscription


def suspend(run: Run, root: int) -> None:
    """Hold everything of `root`, which is not suspended."""
    for instance in _instances(run, root):
        kind = run.plan(instance).kind
        run.emit(
            InstanceSuspended(
                instance.key, instance.key, instance.definition, instance.element, kind, NONE_KEY,
                root=root, since=run.now,
            )
        )  # fmt: skip
    for subscription in _subscriptions(run, root):
        messages.listen_no_more(run, subscription)


def resume(run: Run, root: int) -> None:
    """Let everything of `root`, which is suspended, go on."""
    asked = run.state.suspensions[root].asked
    for instance in _instances(run, root):
        kind = run.plan(instance).kind
        run.emit(
            InstanceResumed(
                instance.key, instance.key, instance.definition, instance.element, kind, NONE_KEY,
                root=root,
            )
        )  # fmt: skip
    for subscription in _subscriptions(run, root):
        messages.listen(run, subscription)
    for instance_key, changes in asked:
        run.later(AskConditions(instance_key, changes))
    _offer_jobs(run, root)


def _instances(run: Run, root: int) -> list[ElementInstance]:
    return [each for each in run.state.inside(root) if each.scope == NONE_KEY]


def _subscriptions(run: Run, root: int) -> Iterator[ProcessSubscription]:
    for element in tuple(run.state.inside(root)):
        for subscription in run.state.subscriptions.values_of(element.key):
            if subscription.state != "DELETING":
                yield subscription


def _offer_jobs(run: Run, root: int) -> None:
    """Workers that wait are told, once for each type."""
    waiting = {
        (job.type, job.tenant)
        for element in run.state.inside(root)
        for job in run.state.jobs.values_of(element.key)
        if job.state is JobState.ACTIVATABLE
    }
    for job_type, tenant in sorted(waiting):
        run.jobs_available(job_type, tenant)
