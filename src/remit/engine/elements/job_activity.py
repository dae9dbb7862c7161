"""What all elements share that are done by a worker: they make a job and wait for its completion."""

from __future__ import annotations

from collections.abc import Sequence

from remit.engine import jobs
from remit.engine.definitions import Plan, Stage
from remit.engine.elements.activity import ActivityElement
from remit.engine.run import Run
from remit.engine.throwing import THROW, throws
from remit.model.bpmn.graph import EventNode, JobActivity, Node


def make_job(run: Run, plan: Plan, key: int) -> bool:
    node = plan.node
    assert isinstance(node, (JobActivity, EventNode))
    assert node.job is not None
    jobs.create(run, run.element(key), node.job)
    return False


JOB = Stage("job", make_job)


def sending(node: Node) -> tuple[Stage, ...]:
    """The stages of an event that throws: by itself, by a worker, or both."""
    stages = (THROW,) if throws(node) else ()
    return (*stages, JOB) if isinstance(node, EventNode) and node.job is not None else stages


class JobActivityElement(ActivityElement):
    """The job is made after the inputs are mapped and the boundary events are open."""

    is_waiting = True

    def opening(self, node: Node) -> Sequence[Stage]:
        return (*super().opening(node), JOB)
