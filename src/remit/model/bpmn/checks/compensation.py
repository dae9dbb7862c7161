"""Compensation and cancelling: who can be compensated, where a transaction is cancelled (B7)."""

from __future__ import annotations

from collections.abc import Iterator

from remit.model.bpmn.checks.finding import fault
from remit.model.bpmn.graph import (
    Activity,
    BoundaryNode,
    CancelDefinition,
    CompensationDefinition,
    Container,
    ElementType,
    EventNode,
    Node,
    Process,
    StartNode,
)
from remit.model.finding import Finding

RULE = "compensation-handler"


def check(process: Process) -> Iterator[Finding]:
    for node in process.nodes.values():
        if isinstance(node, Activity) and node.is_compensation_handler:
            yield from _handler(node)
        if isinstance(node, EventNode) and not isinstance(node, StartNode):
            for definition in node.definitions:
                if isinstance(definition, CompensationDefinition):
                    yield from _thrown(process, node, definition)
                elif isinstance(definition, CancelDefinition):
                    yield from _cancel(node)


def _handler(node: Activity) -> Iterator[Finding]:
    if node.incoming or node.outgoing:
        yield fault(
            node, RULE, "a compensation handler has no sequence flows",
            "remove its flows; a compensation event is associated with it",
        )  # fmt: skip


def _thrown(
    process: Process, node: EventNode, definition: CompensationDefinition
) -> Iterator[Finding]:
    if definition.activity is None or isinstance(node, BoundaryNode):
        return
    target = process.nodes.get(definition.activity)
    if not isinstance(target, Activity) or not _reaches(node, target):
        yield fault(
            node, "compensation-reference",
            f"it compensates '{definition.activity}', which is no activity of its scope",
            "choose an activity of the same scope, or none to compensate all",
        )  # fmt: skip
    elif target.compensation_handler is None and not isinstance(target, Container):
        yield fault(
            node, "compensation-reference", f"'{target.id}' has no compensation handler",
            "give it a compensation boundary event with a handler",
        )  # fmt: skip


def _reaches(thrower: Node, target: Node) -> bool:
    """In the same scope, or thrown in an event sub-process of it."""
    scope = thrower.scope
    while scope is not None:
        if target.scope is scope:
            return True
        if scope.type is not ElementType.EVENT_SUB_PROCESS:
            return False
        scope = scope.scope
    return False


def _cancel(node: EventNode) -> Iterator[Finding]:
    if isinstance(node, BoundaryNode):
        host = node.attached_to
        if host is not None and host.type is not ElementType.TRANSACTION:
            yield fault(
                node, "cancel-event", f"'{host.id}' is no transaction: nothing cancels it",
                "attach it to a transaction",
            )  # fmt: skip
        return
    scope: Node | None = node.scope
    while scope is not None and scope.type is ElementType.SUB_PROCESS:
        scope = scope.scope
    if scope is None or scope.type is not ElementType.TRANSACTION:
        yield fault(
            node, "cancel-event", "a cancel end event belongs into a transaction",
            "move it into a transaction, or use an error end event",
        )  # fmt: skip
