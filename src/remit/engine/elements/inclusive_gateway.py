"""Inclusive gateway: sends a token along every flow that holds, and waits for as many as can come.

A join takes one token of each incoming flow that has one, as soon as no other token of its scope can
still reach it (rules 42-44).
"""

from __future__ import annotations

from collections.abc import Sequence

from remit.engine.agenda import Activate, AskJoins
from remit.engine.definitions import Plan, Stage
from remit.engine.elements.base import Element
from remit.engine.joins import occupied, waiting_flows
from remit.engine.run import Run
from remit.engine.stages.flows import CHOICES
from remit.engine.state.entities import ElementInstance
from remit.model.bpmn.graph import Node
from remit.model.bpmn.reachability import reaching


class InclusiveGateway(Element):
    joins_late = True

    def opening(self, node: Node) -> Sequence[Stage]:
        return (*super().opening(node), CHOICES) if node.outgoing else super().opening(node)

    def joins(self, plan: Plan) -> bool:
        return len(plan.node.incoming) > 1

    def arrived(self, run: Run, plan: Plan, scope_key: int) -> None:
        run.later(AskJoins(scope_key))

    def asked(self, run: Run, plan: Plan, scope: ElementInstance) -> bool:
        """It takes what has come when nothing else can."""
        node = plan.node
        waiting = waiting_flows(run, plan, scope.key)
        if not waiting:
            return False
        if len(waiting) < len(node.incoming):
            before = reaching(plan.definition.process, node)
            if not before.isdisjoint(occupied(run, node, scope)):
                return False
        run.later(Activate(node.id, scope.key, arrived=len(waiting), joined=waiting))
        return True


ELEMENT = InclusiveGateway()
