"""Two events of one host may not wait for the same: nobody could say which of them is meant."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from remit.model.bpmn.checks.finding import fault
from remit.model.bpmn.graph import (
    Activity,
    CancelDefinition,
    ConditionalDefinition,
    Container,
    ErrorDefinition,
    EscalationDefinition,
    EventDefinition,
    EventNode,
    MessageDefinition,
    Process,
    SignalDefinition,
)
from remit.model.finding import Finding

Waited = tuple[str, object]


def check(process: Process) -> Iterator[Finding]:
    for node in (process, *process.nodes.values()):
        if isinstance(node, Activity):
            yield from _unique(node.boundaries, f"the boundary events of '{node.id}'")
        if isinstance(node, Container):
            inner = [start for each in node.event_sub_processes for start in each.event_starts]
            yield from _unique(inner, f"the event sub-processes of '{node.id}'")
    yield from _unique(process.event_starts, "the start events of the process")


def _unique(events: Iterable[EventNode], where: str) -> Iterator[Finding]:
    seen: dict[Waited, EventNode] = {}
    for event in events:
        for definition in event.definitions:
            waited = _waited(definition)
            if waited is None:
                continue
            if waited in seen:
                kind, value = waited
                said = f"every {kind}" if value is None else f"{kind} '{value}'"
                yield fault(
                    event, "event-unique",
                    f"'{seen[waited].id}' waits for {said} as well, among {where}",
                    "leave one of them",
                )  # fmt: skip
            seen[waited] = event


def _waited(definition: EventDefinition) -> Waited | None:
    """What is waited for, where that is known at deployment."""
    if isinstance(definition, ErrorDefinition):
        return "error", None if definition.code is None else definition.code.text
    if isinstance(definition, EscalationDefinition):
        return "escalation", None if definition.code is None else definition.code.text
    if isinstance(definition, MessageDefinition) and definition.name.is_static:
        return "message", definition.name.static_value
    if isinstance(definition, SignalDefinition) and definition.name.is_static:
        return "signal", definition.name.static_value
    if isinstance(definition, ConditionalDefinition):
        return "condition", definition.condition.text
    if isinstance(definition, CancelDefinition):
        return "cancel", None
    return None
