"""What events must have, and what two of them may not share (reference 3.12)."""

from __future__ import annotations

from collections.abc import Iterator

from remit.model.bpmn.checks.finding import fault
from remit.model.bpmn.graph import (
    Activity,
    BoundaryNode,
    Container,
    ElementType,
    ErrorDefinition,
    EventNode,
    EventType,
    MessageDefinition,
    Node,
    Process,
    StartNode,
    TimerDefinition,
)
from remit.model.finding import Finding

_SUPPORTED = {
    ElementType.INTERMEDIATE_CATCH_EVENT: (EventType.MESSAGE, EventType.TIMER),
    ElementType.INTERMEDIATE_THROW_EVENT: (EventType.NONE, EventType.MESSAGE),
    ElementType.BOUNDARY_EVENT: (EventType.MESSAGE, EventType.TIMER, EventType.ERROR),
    ElementType.END_EVENT: (
        EventType.NONE, EventType.MESSAGE, EventType.ERROR, EventType.TERMINATE,
    ),
}  # fmt: skip


def check(process: Process) -> Iterator[Finding]:
    for node in process.nodes.values():
        if isinstance(node, EventNode):
            yield from _supported(node)
            yield from _definitions(node)
        if isinstance(node, BoundaryNode):
            yield from _boundary(node)
        if isinstance(node, Activity):
            yield from _unique(node.boundaries, f"the boundary events of '{node.id}'")
    for scope in (process, *process.nodes.values()):
        if isinstance(scope, Container):
            inner = [start for each in scope.event_sub_processes for start in each.event_starts]
            yield from _unique(inner, f"the event sub-processes of '{scope.id}'")
    yield from _unique(process.event_starts, "the start events of the process")


def _supported(node: EventNode) -> Iterator[Finding]:
    types = _SUPPORTED.get(node.type)
    if types is not None and node.event_type not in types:
        names = ", ".join(each.value.lower() for each in types)
        yield fault(
            node, "event-type",
            f"a {node.type.value.lower().replace('_', ' ')} of type {node.event_type.value} is not "
            f"supported",
            f"use one of: {names}",
        )  # fmt: skip


def _definitions(node: EventNode) -> Iterator[Finding]:
    for definition in node.definitions:
        if isinstance(definition, MessageDefinition):
            yield from _message(node, definition)
        elif isinstance(definition, TimerDefinition):
            yield from _timer(node, definition)
        elif isinstance(definition, ErrorDefinition):
            yield from _error(node, definition)


def _message(node: EventNode, definition: MessageDefinition) -> Iterator[Finding]:
    throws = node.type in (ElementType.INTERMEDIATE_THROW_EVENT, ElementType.END_EVENT)
    if throws:
        if node.job is None:
            yield fault(
                node, "element-type",
                "a message is sent by a worker, but the event has no job type",
                "add a zeebe:taskDefinition with a type",
            )  # fmt: skip
        return
    if not definition.id:
        return
    if definition.name.is_static and not definition.name.static_value:
        yield fault(node, "message-name", "its message has no name", "name the message")
    if definition.correlation_key is None and not _starts_process(node):
        yield fault(
            node, "subscription", f"its message '{definition.id}' has no correlation key",
            "add a zeebe:subscription with a correlationKey to the message",
        )  # fmt: skip
    if _starts_process(node) and definition.name.variables:
        yield fault(
            node, "message-name", "the message name of a start event can't read variables",
            "make the name static",
        )  # fmt: skip


def _timer(node: EventNode, definition: TimerDefinition) -> Iterator[Finding]:
    if definition.kind == "cycle":
        if node.type is ElementType.INTERMEDIATE_CATCH_EVENT:
            yield fault(
                node, "timer", "an intermediate catch event can't repeat", "use a date or duration"
            )
        elif not _starts_process(node) and getattr(node, "interrupting", False):
            yield fault(
                node, "timer", "an interrupting timer can't repeat",
                "make the event non-interrupting, or use a date or duration",
            )  # fmt: skip
    if _starts_process(node) and definition.expression.variables:
        yield fault(
            node, "timer", "the timer of a start event can't read variables: there are none yet",
            "use an expression without variables",
        )  # fmt: skip


def _error(node: EventNode, definition: ErrorDefinition) -> Iterator[Finding]:
    code = definition.code
    if node.type is ElementType.END_EVENT:
        if code is None or (code.is_static and not code.static_value):
            yield fault(node, "error-reference", "it throws an error without a code", "give one")
    elif code is not None and not code.is_static:
        yield fault(
            node, "error-reference", "the code of a catching event must be static",
            "write the code as plain text",
        )  # fmt: skip
    if getattr(node, "interrupting", True) is False:
        yield fault(
            node, "error-interrupting", "an error always interrupts", "make the event interrupting"
        )


def _boundary(node: BoundaryNode) -> Iterator[Finding]:
    if node.incoming:
        yield fault(
            node, "boundary-event-flows", "a boundary event has no incoming flows", "remove them"
        )
    if not node.outgoing:
        yield fault(
            node, "boundary-event-flows", "a boundary event needs an outgoing flow", "add one"
        )


def _unique(events: list[BoundaryNode] | list[StartNode], where: str) -> Iterator[Finding]:
    """Two events of one host may not wait for the same error or the same message."""
    seen: dict[tuple[str, object], Node] = {}
    for event in events:
        for definition in event.definitions:
            if isinstance(definition, ErrorDefinition):
                code = None if definition.code is None else definition.code.text
                waited: tuple[str, object] = ("error", code)
            elif isinstance(definition, MessageDefinition) and definition.name.is_static:
                waited = ("message", definition.name.static_value)
            else:
                continue
            if waited in seen:
                said = "every error" if waited[1] is None else f"{waited[0]} '{waited[1]}'"
                yield fault(
                    event, "event-unique",
                    f"'{seen[waited].id}' waits for {said} as well, among {where}",
                    "leave one of them",
                )  # fmt: skip
            seen[waited] = event


def _starts_process(node: Node) -> bool:
    return (
        isinstance(node, StartNode)
        and node.scope is not None
        and node.scope.type is ElementType.PROCESS
    )
