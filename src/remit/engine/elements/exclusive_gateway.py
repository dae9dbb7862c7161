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
from remit.engine.governance import admit_choice, admit_conditions
from remit.engine.run import Run
from remit.model.bpmn.graph import Flow, Node


def choose(run: Run, plan: Plan, key: int) -> bool:
    node, element = plan.node, run.element(key)
    admit_conditions(run, element, node)
    chosen = (_chosen(run, node, key),)
    admit_choice(run, element, node, chosen)
    run.choices[key] = chosen
    return False


def _chosen(run: Run, node: Node, key: int) -> Flow:
    if len(node.outgoing) == 1 and node.outgoing[0].condition is None:
        return node.outgoing[0]
    for flow in node.outgoing:
        if flow is not node.default and holds(run, flow, key):
            return flow
    if node.default is None:
        raise no_flow_chosen(node)
    return node.default


CHOICE = Stage("choice", choose)


class ExclusiveGateway(Element):
    def opening(self, node: Node) -> Sequence[Stage]:
        return (*super().opening(node), CHOICE) if node.outgoing else super().opening(node)


ELEMENT = ExclusiveGateway()
