"""Send task: a worker sends; without a job type the engine delivers along a message flow (B22)."""

from __future__ import annotations

from collections.abc import Sequence

from remit.engine.definitions import Plan, Stage
from remit.engine.elements.activity import ActivityElement
from remit.engine.elements.job_activity import JOB
from remit.engine.run import Run
from remit.engine.throwing import throw_message
from remit.model.bpmn.elements.send_task import SendTask as SendTaskNode
from remit.model.bpmn.graph import Node


def deliver(run: Run, plan: Plan, key: int) -> bool:
    node = plan.node
    assert isinstance(node, SendTaskNode)
    assert node.delivery is not None
    throw_message(run, run.element(key), node.delivery)()
    return False


DELIVERED = Stage("message", deliver)


class SendTask(ActivityElement):
    def opening(self, node: Node) -> Sequence[Stage]:
        assert isinstance(node, SendTaskNode)
        return (*super().opening(node), JOB if node.job is not None else DELIVERED)

    def waits(self, plan: Plan) -> bool:
        assert isinstance(plan.node, SendTaskNode)
        return plan.node.job is not None


ELEMENT = SendTask()
