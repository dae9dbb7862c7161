"""Boundary event: hosted by the activity it is attached to (rules 34-36).

Interrupting: the activity ends first, with everything inside, then the event opens. Otherwise the
activity runs on and the event may happen again.
"""

from __future__ import annotations

from remit.engine import lifecycle
from remit.engine.agenda import Activate
from remit.engine.definitions import Plan
from remit.engine.elements.event import TriggeredElement
from remit.engine.events import can_happen, open_again
from remit.engine.run import Run
from remit.engine.state.entities import ElementInstance
from remit.model.bpmn.graph import BoundaryNode, EventType, Node
from remit.protocol.events.process_instance import TriggerSet
from remit.protocol.values import Document

_THROWN_AT = (
    EventType.ERROR, EventType.ESCALATION, EventType.COMPENSATION, EventType.CANCEL,
)  # fmt: skip
"""Kinds that nothing waits for: whoever throws finds them."""


class BoundaryEvent(TriggeredElement):
    def plays(self, node: Node) -> bool:
        return can_happen(node) or node.event_type in _THROWN_AT

    def caught(self, run: Run, plan: Plan, host: ElementInstance, variables: Document) -> None:
        assert isinstance(plan.node, BoundaryNode)
        if not plan.node.interrupting:
            run.later(Activate(plan.node.id, host.scope, variables=variables))
            open_again(run, host, plan.node)
            return
        run.emit(
            TriggerSet(
                run.new_key(),
                host.key,
                plan.node.id,
                host.instance,
                host.definition,
                host.root,
                variables,
                host.tenant,
            )
        )
        lifecycle.terminate(run, host.key)


ELEMENT = BoundaryEvent()
