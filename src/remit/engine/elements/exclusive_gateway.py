"""Exclusive gateway: one token in, one token out, along the first flow that holds (rule 39).

Flows are tried in document order. The default flow is never tried: it is what remains. A lone flow
without condition is simply taken. A condition that gives anything but a boolean, null included, is an
incident; so is no flow at all.
"""

from __future__ import annotations

from collections.abc import Sequence

from remit.engine.conditions import holds, no_flow_chosen
from remit.engine.definitions import Plan, Stage
from remit.engine.elements.base import Element
from remit.engine.run import Run
from remit.model.bpmn.graph import Node


def choose(run: Run, plan: Plan, key: int) -> bool:
    node = plan.node
    if len(node.outgoing) == 1 and node.outgoing[0].condition is None:
        run.choices[key] = node.outgoing
        return False
    for flow in node.outgoing:
        if flow is not node.default and holds(run, flow, key):
            run.choices[key] = (flow,)
            return False
    if node.default is None:
        raise no_flow_chosen(node)
    run.choices[key] = (node.default,)
    return False


CHOICE = Stage("choice", choose)


class ExclusiveGateway(Element):
    def opening(self, node: Node) -> Sequence[Stage]:
        return (*super().opening(node), CHOICE) if node.outgoing else super().opening(node)


ELEMENT = ExclusiveGateway()
