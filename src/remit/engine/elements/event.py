"""What all events share: a payload that came with them is theirs, and leaves with them (rule 12)."""

from __future__ import annotations

from collections.abc import Sequence

from remit.engine.definitions import Plan, Stage
from remit.engine.elements.base import Element
from remit.engine.governance import admit_write
from remit.engine.run import Run
from remit.engine.variables import local, propagate
from remit.model.bpmn.graph import Node


def pass_payload(run: Run, plan: Plan, key: int) -> bool:
    """Without output mappings the local variables of an event are merged into its flow scope."""
    element = run.element(key)
    payload = local(run, key)
    if payload:
        admit_write(run, element, payload, "event")
        propagate(run, run.element(element.scope), payload)
    return False


PAYLOAD = Stage("payload", pass_payload)


class TriggeredElement(Element):
    """An event that is opened because it has happened: start and boundary events."""

    def closing(self, node: Node) -> Sequence[Stage]:
        return super().closing(node) if node.outputs else (PAYLOAD,)
