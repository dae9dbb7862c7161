"""Event-based gateway: waits for the events that follow it; the first one is taken (rule 33).

The gateway completes, the other events are closed, and the event opens as one that has happened
already: no flow into it is taken. One that instantiates never opens itself: its events start the
process; a parallel one then waits for all the others, with the same correlation key (B18).
"""

from __future__ import annotations

from collections.abc import Sequence

from remit.engine import lifecycle
from remit.engine.agenda import Activate, FollowTrigger
from remit.engine.definitions import Plan, Stage
from remit.engine.elements.base import Element
from remit.engine.events import open_events
from remit.engine.run import Run
from remit.engine.stages.events import CLOSED
from remit.engine.state.entities import ElementInstance
from remit.model.bpmn.elements.event_based_gateway import EventBasedGateway as Gateway
from remit.model.bpmn.graph import Flow, MessageDefinition, Node, SignalDefinition
from remit.protocol.values import Document


def open_targets(run: Run, plan: Plan, key: int) -> bool:
    assert isinstance(plan.node, Gateway)
    open_events(run, run.element(key), plan.node.targets)
    return False


TARGETS = Stage("events", open_targets)


class EventBasedGateway(Element):
    is_waiting = True

    def plays(self, node: Node) -> bool:
        return isinstance(node, Gateway) and (not node.instantiate or _can_start(node))

    def opening(self, node: Node) -> Sequence[Stage]:
        return (*super().opening(node), TARGETS)

    def closing(self, node: Node) -> Sequence[Stage]:
        return (*super().closing(node), CLOSED)

    def hit(
        self, run: Run, plan: Plan, host: ElementInstance, target: Plan, variables: Document
    ) -> None:
        run.later(FollowTrigger(target.node.id, host.scope, variables))
        lifecycle.complete(run, host.key, None)

    def target_happened(self, run: Run, plan: Plan, scope: ElementInstance, target: Plan) -> None:
        assert isinstance(plan.node, Gateway)
        if plan.node.instantiate and plan.node.is_parallel:
            for other in plan.node.targets:
                if other is not target.node:
                    run.later(Activate(other.id, scope.key))

    def leave(self, run: Run, plan: Plan, key: int) -> Sequence[Flow]:
        return ()


def _can_start(node: Gateway) -> bool:
    """Messages and signals start a process; each event has one of them."""
    kinds = (MessageDefinition, SignalDefinition)
    return all(
        isinstance(each, kinds) for target in node.targets for each in target.definitions
    ) and not any(target.parallel_multiple for target in node.targets)


ELEMENT = EventBasedGateway()
