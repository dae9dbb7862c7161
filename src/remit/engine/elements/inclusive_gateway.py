"""Inclusive gateway: sends a token along every flow that holds, and waits for as many as can come.

A join takes one token of each incoming flow that has one, as soon as no other token of its scope can
still reach it (rules 42-44).
"""

from __future__ import annotations

from collections.abc import Sequence

from remit.engine.agenda import AskJoins
from remit.engine.definitions import Plan, Stage
from remit.engine.elements.base import Element
from remit.engine.run import Run
from remit.engine.stages.flows import CHOICES
from remit.model.bpmn.graph import Node


class InclusiveGateway(Element):
    joins_late = True

    def opening(self, node: Node) -> Sequence[Stage]:
        return (*super().opening(node), CHOICES) if node.outgoing else super().opening(node)

    def joins(self, plan: Plan) -> bool:
        return len(plan.node.incoming) > 1

    def arrived(self, run: Run, plan: Plan, scope_key: int) -> None:
        run.later(AskJoins(scope_key))


ELEMENT = InclusiveGateway()
