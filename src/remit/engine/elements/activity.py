"""What all activities share: boundary events, open from the inputs to the end (rule 34), and how many
tokens they need to begin."""

from __future__ import annotations

from collections.abc import Sequence

from remit.engine import quantities
from remit.engine.definitions import Plan, Stage
from remit.engine.elements.base import Element
from remit.engine.run import Run
from remit.engine.stages.events import CLOSED, HOSTED
from remit.model.bpmn.graph import Activity, Container, Node


class ActivityElement(Element):
    """An activity without work of its own: undefined and manual tasks are just this."""

    def opening(self, node: Node) -> Sequence[Stage]:
        stages = list(super().opening(node))
        if hosts_events(node):
            stages.append(HOSTED)
        return stages

    def closing(self, node: Node) -> Sequence[Stage]:
        stages = list(super().closing(node))
        if hosts_events(node):
            stages.append(CLOSED)
        return stages

    def joins(self, plan: Plan) -> bool:
        return quantities.start_quantity(plan.node) > 1

    def arrived(self, run: Run, plan: Plan, scope_key: int) -> None:
        quantities.arrived(run, plan, scope_key)


def hosts_events(node: Node) -> bool:
    """Whether events are waited for on this node: its boundaries, its event sub-processes."""
    if isinstance(node, Container) and node.event_sub_processes:
        return True
    return isinstance(node, Activity) and bool(node.boundaries)
