"""Event-based gateway: waits for the events that follow it; the first one is taken (rule 33).

The gateway completes, the other events are closed, and the event opens as one that has happened
already: no flow into it is taken.
"""

from __future__ import annotations

from collections.abc import Sequence

from remit.engine import lifecycle
from remit.engine.agenda import FollowTrigger
from remit.engine.definitions import Plan, Stage
from remit.engine.elements.base import Element
from remit.engine.events import open_events
from remit.engine.run import Run
from remit.engine.stages.events import CLOSED
from remit.engine.state.entities import ElementInstance
from remit.model.bpmn.elements.event_based_gateway import EventBasedGateway as Gateway
from remit.model.bpmn.graph import Flow, Node
from remit.protocol.values import Document


def open_targets(run: Run, plan: Plan, key: int) -> bool:
    assert isinstance(plan.node, Gateway)
    open_events(run, run.element(key), plan.node.targets)
    return False


TARGETS = Stage("events", open_targets)


class EventBasedGateway(Element):
    is_waiting = True

    def plays(self, node: Node) -> bool:
        return isinstance(node, Gateway) and not node.instantiate

    def opening(self, node: Node) -> Sequence[Stage]:
        return (*super().opening(node), TARGETS)

    def closing(self, node: Node) -> Sequence[Stage]:
        return (*super().closing(node), CLOSED)

    def hit(
        self, run: Run, plan: Plan, host: ElementInstance, target: Plan, variables: Document
    ) -> None:
        run.later(FollowTrigger(target.node.id, host.scope, variables))
        lifecycle.complete(run, host.key, None)

    def leave(self, run: Run, plan: Plan, key: int) -> Sequence[Flow]:
        return ()


ELEMENT = EventBasedGateway()
