"""Start event: where a process or sub-process begins. It opens when it has been triggered.

In an event sub-process an interrupting start event first ends everything in the enclosing scope
(rule 37); a non-interrupting one runs beside it, as often as it happens (rule 38).
"""

from __future__ import annotations

from remit.engine import lifecycle
from remit.engine.agenda import Activate, FollowTrigger, Terminate
from remit.engine.definitions import Plan
from remit.engine.elements.event import TriggeredElement
from remit.engine.events import can_happen, close_events, open_again
from remit.engine.run import Run
from remit.engine.state.entities import ElementInstance
from remit.engine.triggering import wants_all
from remit.model.bpmn.graph import Container, EventType, MessageDefinition, Node, Process, StartNode
from remit.protocol.events.process_instance import TriggerSet
from remit.protocol.values import Document

_NOT_WAITED_FOR = (
    EventType.NONE, EventType.ERROR, EventType.ESCALATION, EventType.COMPENSATION,
)  # fmt: skip
"""Kinds that are begun with, or that whoever throws finds."""


class StartEvent(TriggeredElement):
    def plays(self, node: Node) -> bool:
        if node.event_type in _NOT_WAITED_FOR:
            return True
        if isinstance(node.scope, Process) and wants_all(node):
            return _are_messages(node)
        return can_happen(node)

    def caught(self, run: Run, plan: Plan, host: ElementInstance, variables: Document) -> None:
        node = plan.node
        assert isinstance(node, StartNode)
        if not node.interrupting:
            run.later(FollowTrigger(node.id, host.key, variables))
            open_again(run, host, node)
            return
        self._close_siblings(run, host)
        run.emit(_trigger(run, host, node.id, variables, interrupts=True))
        children = run.state.elements.of(host.key)
        for child in children:
            run.later(Terminate(child))
        if not children:
            lifecycle.follow_waiting(run, run.element(host.key))

    def follow(self, run: Run, plan: Plan, scope: ElementInstance, variables: Document) -> None:
        """Open here, or first the event sub-process that this event begins."""
        inner = plan.node.scope
        assert inner is not None
        if scope.element == inner.id:
            super().follow(run, plan, scope, variables)
            return
        again = FollowTrigger(plan.node.id, scope.key, variables)
        if not lifecycle.may_enter(run, scope, inner.id, again):
            return
        key = lifecycle.begin(run, Activate(inner.id, scope.key), scope)
        run.emit(_trigger(run, run.element(key), plan.node.id, variables, interrupts=False))
        lifecycle.open_from(run, run.plan(run.element(key)), key, 0)

    def _close_siblings(self, run: Run, host: ElementInstance) -> None:
        """Other event sub-processes of the scope are over; its boundary events stay armed."""
        scope = run.plan(host).node
        assert isinstance(scope, Container)
        starts = {start.id for each in scope.event_sub_processes for start in each.event_starts}
        close_events(run, host.key, starts)


def _are_messages(node: Node) -> bool:
    """Only messages are kept until the others have come, and have a key that joins them (B17)."""
    assert isinstance(node, StartNode)
    return all(isinstance(each, MessageDefinition) for each in node.definitions)


def _trigger(
    run: Run, element: ElementInstance, target: str, variables: Document, *, interrupts: bool
) -> TriggerSet:
    return TriggerSet(
        run.new_key(), element.key, target, element.instance, element.definition, element.root,
        variables, element.tenant, interrupts,
    )  # fmt: skip


ELEMENT = StartEvent()
