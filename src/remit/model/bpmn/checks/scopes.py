"""Where scopes begin: start events of processes, sub-processes and event sub-processes."""

from __future__ import annotations

from collections.abc import Iterator

from remit.model.bpmn.checks.finding import fault
from remit.model.bpmn.graph import Container, ElementType, EventType, Process, StartNode
from remit.model.finding import Finding

_ESP_STARTS = frozenset((EventType.MESSAGE, EventType.TIMER, EventType.ERROR))
_STARTS = frozenset((EventType.NONE, EventType.MESSAGE, EventType.TIMER))


def check(process: Process) -> Iterator[Finding]:
    for node in (process, *process.nodes.values()):
        if not isinstance(node, Container):
            continue
        starts = [each for each in node.children.values() if isinstance(each, StartNode)]
        if node.type is ElementType.PROCESS:
            yield from _process(node, starts)
        elif node.type is ElementType.EVENT_SUB_PROCESS:
            yield from _event_sub_process(node, starts)
        elif node.type is ElementType.SUB_PROCESS:
            yield from _sub_process(node, starts)


def _process(process: Container, starts: list[StartNode]) -> Iterator[Finding]:
    if not starts:
        yield fault(
            process, "start-event-required", "a process needs a start event", "add a start event"
        )
    yield from _one_none_start(process, starts)
    for start in starts:
        if start.event_type not in _STARTS:
            yield fault(
                start, "event-type",
                f"a process can't be started by an event of type {start.event_type.value} yet",
                "use a none, message or timer start event",
            )  # fmt: skip


def _sub_process(node: Container, starts: list[StartNode]) -> Iterator[Finding]:
    if not any(start.event_type is EventType.NONE for start in starts):
        yield fault(
            node, "start-event-required", "a sub-process needs a none start event", "add one"
        )
    yield from _one_none_start(node, starts)
    for start in starts:
        if start.event_type is not EventType.NONE:
            yield fault(
                start, "sub-process-start-event",
                "the start event of an embedded sub-process must be a none start event",
                "make it a none start event, or the sub-process an event sub-process",
            )  # fmt: skip


def _event_sub_process(node: Container, starts: list[StartNode]) -> Iterator[Finding]:
    if len(starts) != 1:
        yield fault(
            node, "event-sub-process-typed-start-event",
            f"an event sub-process has exactly one start event, this one has {len(starts)}",
            "leave one start event",
        )  # fmt: skip
    for start in starts:
        if start.event_type not in _ESP_STARTS:
            yield fault(
                start, "event-sub-process-typed-start-event",
                f"an event sub-process can't be started by an event of type "
                f"{start.event_type.value}",
                "use a message, timer or error start event",
            )  # fmt: skip
    if node.incoming or node.outgoing:
        yield fault(
            node, "event-sub-process-flows", "an event sub-process has no sequence flows",
            "remove its incoming and outgoing flows",
        )  # fmt: skip


def _one_none_start(node: Container, starts: list[StartNode]) -> Iterator[Finding]:
    plain = [start for start in starts if start.event_type is EventType.NONE]
    for start in plain[1:]:
        yield fault(
            start, "single-blank-start-event",
            f"'{node.id}' has more than one none start event", "leave one of them",
        )  # fmt: skip
