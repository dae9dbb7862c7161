"""Intermediate catch event: waits until its event happens; the payload goes on with the token."""

from __future__ import annotations

from collections.abc import Sequence

from remit.engine.definitions import Stage
from remit.engine.elements.base import Element
from remit.engine.stages.events import CLOSED, OWN
from remit.model.bpmn.graph import Node


class IntermediateCatchEvent(Element):
    is_waiting = True

    def opening(self, node: Node) -> Sequence[Stage]:
        return (*super().opening(node), OWN)

    def closing(self, node: Node) -> Sequence[Stage]:
        return (*super().closing(node), CLOSED)


ELEMENT = IntermediateCatchEvent()
