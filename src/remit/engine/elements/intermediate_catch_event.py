"""Intermediate catch event: waits until its event happens; the payload goes on with the token."""

from __future__ import annotations

from collections.abc import Sequence

from remit.engine import lifecycle
from remit.engine.agenda import Activate, Complete
from remit.engine.definitions import Plan, Stage
from remit.engine.elements.base import Element
from remit.engine.events import is_waited_for
from remit.engine.run import Run
from remit.engine.stages.events import CLOSED, OWN
from remit.engine.state.entities import ElementInstance
from remit.model.bpmn.graph import Node
from remit.protocol.values import Document


class IntermediateCatchEvent(Element):
    is_waiting = True

    def plays(self, node: Node) -> bool:
        return is_waited_for(node)

    def opening(self, node: Node) -> Sequence[Stage]:
        return (*super().opening(node), OWN)

    def follow(self, run: Run, plan: Plan, scope: ElementInstance, variables: Document) -> None:
        """Somebody else has waited for it: it opens as an event that has happened."""
        key = lifecycle.begin(run, Activate(plan.node.id, scope.key), scope)
        lifecycle.activated(run, plan, key)
        run.later(Complete(key, variables))

    def closing(self, node: Node) -> Sequence[Stage]:
        return (*super().closing(node), CLOSED)


ELEMENT = IntermediateCatchEvent()
