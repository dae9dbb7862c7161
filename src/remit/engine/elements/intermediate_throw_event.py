"""Intermediate throw event: a none event passes through, a message is sent by a worker."""

from __future__ import annotations

from collections.abc import Sequence

from remit.engine.definitions import Plan, Stage
from remit.engine.elements.base import Element
from remit.engine.elements.job_activity import JOB
from remit.model.bpmn.graph import EventNode, EventType, Node


class IntermediateThrowEvent(Element):
    def plays(self, node: Node) -> bool:
        if node.event_type is EventType.MESSAGE:
            return _has_job(node)
        return node.event_type is EventType.NONE

    def opening(self, node: Node) -> Sequence[Stage]:
        stages = super().opening(node)
        return (*stages, JOB) if _has_job(node) else stages

    def waits(self, plan: Plan) -> bool:
        return _has_job(plan.node)


def _has_job(node: Node) -> bool:
    return isinstance(node, EventNode) and node.job is not None


ELEMENT = IntermediateThrowEvent()
