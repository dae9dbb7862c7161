"""Intermediate throw event: it passes, after throwing what it has; a worker sends its message."""

from __future__ import annotations

from collections.abc import Sequence

from remit.engine.agenda import Activate
from remit.engine.definitions import Plan, Stage
from remit.engine.elements.base import Element
from remit.engine.elements.job_activity import sending
from remit.engine.run import Run
from remit.engine.throwing import plays_throws, throw_all, throws
from remit.model.bpmn.graph import EventNode, Flow, LinkDefinition, Node


class IntermediateThrowEvent(Element):
    def plays(self, node: Node) -> bool:
        return plays_throws(node, LinkDefinition)

    def opening(self, node: Node) -> Sequence[Stage]:
        return (*super().opening(node), *sending(node))

    def waits(self, plan: Plan) -> bool:
        return bool(sending(plan.node))

    def opened(self, run: Run, plan: Plan, key: int) -> None:
        if throws(plan.node):
            throw_all(run, plan, key)

    def leave(self, run: Run, plan: Plan, key: int) -> Sequence[Flow]:
        """A link goes on at its catch event as if a flow led there."""
        node = plan.node
        assert isinstance(node, EventNode)
        if node.link_target is not None:
            run.later(Activate(node.link_target.id, run.element(key).scope))
        return super().leave(run, plan, key)


ELEMENT = IntermediateThrowEvent()
