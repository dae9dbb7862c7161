"""Receive task: an activity that waits for a message; the payload goes on with the token.

One that instantiates is where that message starts the process.
"""

from __future__ import annotations

from collections.abc import Sequence

from remit.engine import lifecycle
from remit.engine.agenda import Activate, Complete
from remit.engine.definitions import Plan, Stage
from remit.engine.elements.activity import ActivityElement
from remit.engine.events import prepare_message
from remit.engine.run import Run
from remit.engine.stages.events import CLOSED
from remit.engine.state.entities import ElementInstance
from remit.model.bpmn.elements.receive_task import ReceiveTask as ReceiveTaskNode
from remit.model.bpmn.graph import Node
from remit.protocol.values import Document


def open_message(run: Run, plan: Plan, key: int) -> bool:
    node = plan.node
    assert isinstance(node, ReceiveTaskNode)
    assert node.message is not None
    prepare_message(run, run.element(key), node, node.message, True)()
    return False


MESSAGE = Stage("message", open_message)


class ReceiveTask(ActivityElement):
    is_waiting = True

    def opening(self, node: Node) -> Sequence[Stage]:
        return (*super().opening(node), MESSAGE)

    def follow(self, run: Run, plan: Plan, scope: ElementInstance, variables: Document) -> None:
        """Its message has started the process: it opens as one that has it (B19)."""
        key = lifecycle.begin(run, Activate(plan.node.id, scope.key), scope)
        lifecycle.activated(run, plan, key)
        run.later(Complete(key, variables))

    def closing(self, node: Node) -> Sequence[Stage]:
        stages = super().closing(node)
        return stages if CLOSED in stages else (*stages, CLOSED)


ELEMENT = ReceiveTask()
