"""Intermediate catch event: waits until its event happens; the payload goes on with the token.

A link does not wait: its throw event has brought the token there.
"""

from __future__ import annotations

from collections.abc import Sequence

from remit.engine import lifecycle
from remit.engine.agenda import Activate, Complete, FollowTrigger
from remit.engine.definitions import Plan, Stage
from remit.engine.elements.base import Element
from remit.engine.events import is_waited_for
from remit.engine.run import Run
from remit.engine.stages.events import CLOSED, OWN
from remit.engine.state.entities import ElementInstance
from remit.model.bpmn.graph import EventType, Node
from remit.protocol.values import Document


class IntermediateCatchEvent(Element):
    def plays(self, node: Node) -> bool:
        return _is_link(node) or is_waited_for(node)

    def waits(self, plan: Plan) -> bool:
        """A link is reached when its throw event is: there is nothing to wait for."""
        return not _is_link(plan.node)

    def opening(self, node: Node) -> Sequence[Stage]:
        stages = super().opening(node)
        return stages if _is_link(node) else (*stages, OWN)

    def follow(self, run: Run, plan: Plan, scope: ElementInstance, variables: Document) -> None:
        """Somebody else has waited for it: it opens as an event that has happened."""
        again = FollowTrigger(plan.node.id, scope.key, variables)
        if not lifecycle.may_enter(run, scope, plan.node.id, again):
            return
        key = lifecycle.begin(run, Activate(plan.node.id, scope.key), scope)
        lifecycle.activated(run, plan, key)
        run.later(Complete(key, variables))
        plans = run.definition(scope.definition).plans
        for flow in plan.node.incoming:
            before = plans[flow.source.id]
            before.element.target_happened(run, before, scope, plan)

    def closing(self, node: Node) -> Sequence[Stage]:
        stages = super().closing(node)
        return stages if _is_link(node) else (*stages, CLOSED)


def _is_link(node: Node) -> bool:
    return node.event_type is EventType.LINK


ELEMENT = IntermediateCatchEvent()
