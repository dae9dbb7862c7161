"""What events must have: a kind that fits their place, and everything that this kind needs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from remit.model.bpmn.checks.finding import fault
from remit.model.bpmn.graph import (
    Activity,
    BoundaryNode,
    ConditionalDefinition,
    Container,
    ElementType,
    ErrorDefinition,
    EscalationDefinition,
    EventNode,
    EventType,
    MessageDefinition,
    MultiInstance,
    Node,
    Process,
    SignalDefinition,
    StartNode,
    TimerDefinition,
)
from remit.model.finding import Finding
from remit.model.timing import cycle, instant, parse_duration

_WAITED_FOR = (
    EventType.MESSAGE, EventType.TIMER, EventType.SIGNAL, EventType.CONDITIONAL,
    EventType.MULTIPLE, EventType.PARALLEL_MULTIPLE,
)  # fmt: skip
_THROWN = (
    EventType.NONE, EventType.MESSAGE, EventType.SIGNAL, EventType.ESCALATION,
    EventType.COMPENSATION, EventType.MULTIPLE,
)  # fmt: skip
_KINDS: dict[ElementType, tuple[EventType, ...]] = {
    ElementType.INTERMEDIATE_CATCH_EVENT: (*_WAITED_FOR, EventType.LINK),
    ElementType.INTERMEDIATE_THROW_EVENT: (*_THROWN, EventType.LINK),
    ElementType.BOUNDARY_EVENT: (
        *_WAITED_FOR, EventType.ERROR, EventType.ESCALATION, EventType.COMPENSATION,
        EventType.CANCEL,
    ),
    ElementType.END_EVENT: (*_THROWN, EventType.ERROR, EventType.TERMINATE, EventType.CANCEL),
}  # fmt: skip
_THROWING = (ElementType.INTERMEDIATE_THROW_EVENT, ElementType.END_EVENT)
_CHANGES = ("create", "update")
_ALWAYS_INTERRUPTING = (EventType.ERROR, EventType.COMPENSATION, EventType.CANCEL)


def check(process: Process) -> Iterator[Finding]:
    for node in process.nodes.values():
        if isinstance(node, EventNode):
            yield from _kind(node)
            for definition in node.definitions:
                rule = _RULES.get(type(definition))
                if rule is not None:
                    yield from rule(node, definition)


def _kind(node: EventNode) -> Iterator[Finding]:
    kinds = _KINDS.get(node.type)
    if kinds is not None and node.event_type not in kinds:
        names = ", ".join(each.value.lower() for each in kinds)
        yield fault(
            node, "element-type",
            f"a {node.type.value.lower().replace('_', ' ')} of type {node.event_type.value} is not "
            f"supported",
            f"use one of: {names}",
        )  # fmt: skip
    if node.event_type in _ALWAYS_INTERRUPTING and getattr(node, "interrupting", True) is False:
        yield fault(
            node, "event-interrupting",
            f"an event of type {node.event_type.value} always interrupts",
            "make the event interrupting",
        )  # fmt: skip


def _message(node: EventNode, definition: MessageDefinition) -> Iterator[Finding]:
    if node.type in _THROWING:
        if node.job is None and node.delivery is None:
            yield fault(
                node, "implementation",
                "a message is sent by a worker, but the event has no job type",
                "add a zeebe:taskDefinition with a type",
            )  # fmt: skip
        return
    if not definition.id:
        return
    if definition.name.is_static and not definition.name.static_value:
        yield fault(node, "message-reference", "its message has no name", "name the message")
    if definition.correlation_key is None and not _starts_process(node):
        yield fault(
            node, "subscription", f"its message '{definition.id}' has no correlation key",
            "add a zeebe:subscription with a correlationKey to the message",
        )  # fmt: skip
    if _starts_process(node) and definition.name.variables:
        yield _reads_variables(node, "message-reference", "message name")


def _signal(node: EventNode, definition: SignalDefinition) -> Iterator[Finding]:
    if definition.name.is_static and not definition.name.static_value:
        yield fault(node, "signal-reference", "its signal has no name", "name the signal")
    if _starts_process(node) and definition.name.variables:
        yield _reads_variables(node, "signal-reference", "signal name")


def _reads_variables(node: Node, rule: str, what: str) -> Finding:
    return fault(
        node, rule, f"the {what} of a start event can't read variables: there are none yet",
        "make it static, or an expression without variables",
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
    expression = definition.expression
    if _starts_process(node) and expression.variables:
        yield _reads_variables(node, "timer", "timer")
    if expression.is_static:
        try:
            _TIMES[definition.kind](expression.static_value)
        except ValueError as wrong:
            yield fault(
                node, "timer", f"its {definition.kind} '{expression.text}' can't be read: {wrong}",
                "correct the text, or write an expression",
            )  # fmt: skip


def _error(node: EventNode, definition: ErrorDefinition) -> Iterator[Finding]:
    yield from _code(node, definition.code, "error")


def _escalation(node: EventNode, definition: EscalationDefinition) -> Iterator[Finding]:
    yield from _code(node, definition.code, "escalation")
    if isinstance(node, BoundaryNode) and node.attached_to is not None:
        host = node.attached_to
        is_call = host.type is ElementType.CALL_ACTIVITY
        if not is_call and not isinstance(host, Container) and not _escalates(host):
            yield fault(
                node, "escalation-boundary-event-attached-to-ref",
                f"an escalation can't come out of '{host.id}'",
                "attach it to a sub-process or a call activity",
            )  # fmt: skip


def _escalates(host: Activity) -> bool:
    """Whether a multi-instance activity throws escalations itself."""
    events = host.loop.events if isinstance(host.loop, MultiInstance) else ()
    return any(
        isinstance(each, EscalationDefinition) for event in events for each in event.definitions
    )


def _conditional(node: EventNode, definition: ConditionalDefinition) -> Iterator[Finding]:
    for change in definition.variable_events:
        if change not in _CHANGES:
            yield fault(
                node, "conditional-filter", f"its filter names the change '{change}'",
                "use create or update, or both",
            )  # fmt: skip


def _code(node: EventNode, code: Any, what: str) -> Iterator[Finding]:
    """Codes are required where they are thrown, and static where they are caught."""
    rule = f"{what}-reference"
    if node.type in _THROWING:
        if code is None or (code.is_static and not code.static_value):
            yield fault(node, rule, f"it throws an {what} without a code", "give one")
    elif code is not None and not code.is_static:
        yield fault(
            node, rule, "the code of a catching event must be static",
            "write the code as plain text",
        )  # fmt: skip


def _starts_process(node: Node) -> bool:
    """A start event of a process, or an event behind a gateway that instantiates it."""
    if not isinstance(node, StartNode):
        return any(getattr(flow.source, "instantiate", False) for flow in node.incoming)
    return node.scope is not None and node.scope.type is ElementType.PROCESS


_TIMES: dict[str, Callable[[object], object]] = {
    "date": instant,
    "duration": parse_duration,
    "cycle": lambda text: cycle(text, 0),
}
_RULES: dict[type, Callable[[EventNode, Any], Iterator[Finding]]] = {
    MessageDefinition: _message,
    SignalDefinition: _signal,
    TimerDefinition: _timer,
    ErrorDefinition: _error,
    EscalationDefinition: _escalation,
    ConditionalDefinition: _conditional,
}
