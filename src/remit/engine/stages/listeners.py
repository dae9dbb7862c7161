"""Execution listeners: jobs of their own at the start and the end of an element (rules 15, 82).

One at a time, in the order of the model: after the inputs, before anything is waited for; and after the
outputs, when nothing is waited for any more.
"""

from __future__ import annotations

from collections.abc import Sequence

from remit.engine import jobs
from remit.engine.agenda import ResumeAfter
from remit.engine.definitions import Plan, Stage
from remit.engine.run import Run
from remit.engine.stages.flows import CHOICES
from remit.engine.stages.mappings import INPUTS
from remit.engine.variables import propagate, set_local
from remit.model.bpmn.graph import JobDefinition, Listener, Node
from remit.protocol.values import NONE_KEY, Document, Job, JobKind


def opening(node: Node, stages: Sequence[Stage]) -> tuple[Stage, ...]:
    """The opening stages of an element with its start listeners among them."""
    listeners = _stages(node, "start")
    at = 1 if stages and stages[0] is INPUTS else 0
    return (*stages[:at], *listeners, *stages[at:])


def closing(node: Node, stages: Sequence[Stage]) -> tuple[Stage, ...]:
    """The closing stages of an element with its end listeners among them."""
    listeners = _stages(node, "end")
    at = len(stages) - 1 if stages and stages[-1] is CHOICES else len(stages)
    return (*stages[:at], *listeners, *stages[at:])


def _stages(node: Node, event: str) -> list[Stage]:
    found = [each for each in node.listeners if each.event == event]
    return [_stage(listener, index) for index, listener in enumerate(found)]


def _stage(listener: Listener, index: int) -> Stage:
    work = JobDefinition(listener.type, listener.retries, listener.headers)

    def make_job(run: Run, plan: Plan, key: int) -> bool:
        jobs.create(
            run, run.element(key), work,
            kind=JobKind.EXECUTION_LISTENER, listener_event=listener.event, listener_index=index,
        )  # fmt: skip
        return True

    return Stage(_name(listener.event, index), make_job)


def completed(run: Run, job: Job, variables: Document) -> None:
    """A listener is done: the next one has its turn, or the element goes on."""
    element = run.element(job.element_key)
    if job.listener_event == "start":
        set_local(run, element, variables)
    else:
        scope = element if element.scope == NONE_KEY else run.element(element.scope)
        propagate(run, scope, variables)
    run.later(ResumeAfter(element.key, _name(job.listener_event, job.listener_index)))


def _name(event: str, index: int) -> str:
    return f"{event}-listener-{index}"
