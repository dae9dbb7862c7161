"""Event sub-process: a sub-process that no flow reaches; its start event triggers it (37, 38)."""

from __future__ import annotations

from collections.abc import Iterator

from lxml import etree

from remit.model.bpmn import xml
from remit.model.bpmn.checks.finding import fault
from remit.model.bpmn.checks.starts import starts_of
from remit.model.bpmn.filling import fill
from remit.model.bpmn.graph import Container, ElementType, EventType, Node, StartNode
from remit.model.bpmn.reading import Reading
from remit.model.finding import Finding

TAG = "subProcess"
RULE = "event-sub-process-typed-start-event"
STARTS = frozenset(
    (
        EventType.MESSAGE, EventType.TIMER, EventType.ERROR, EventType.SIGNAL, EventType.ESCALATION,
        EventType.CONDITIONAL, EventType.COMPENSATION, EventType.MULTIPLE,
        EventType.PARALLEL_MULTIPLE,
    )
)  # fmt: skip


def claims(element: etree._Element) -> bool:
    return xml.is_true(element, "triggeredByEvent")


def read(reading: Reading, element: etree._Element) -> Node:
    node = Container(*xml.head(element), "event_sub_process", ElementType.EVENT_SUB_PROCESS)
    return fill(reading, element, node)


def check(node: Container) -> Iterator[Finding]:
    starts = starts_of(node)
    if len(starts) != 1:
        yield fault(
            node, RULE, f"an event sub-process has exactly one start event, not {len(starts)}",
            "leave one start event",
        )  # fmt: skip
    for start in starts:
        yield from _start(node, start)
    if node.incoming or node.outgoing:
        yield fault(
            node, "event-sub-process-flows", "an event sub-process has no sequence flows",
            "remove its incoming and outgoing flows",
        )  # fmt: skip
    if node.boundaries:
        yield fault(
            node, "event-sub-process-flows", "an event sub-process has no boundary events",
            "put them into a sub-process inside it",
        )  # fmt: skip


def _start(node: Container, start: StartNode) -> Iterator[Finding]:
    if start.event_type not in STARTS:
        yield fault(
            start, RULE,
            f"an event sub-process can't be started by an event of type {start.event_type.value}",
            "use a message, timer, error, signal, escalation or conditional start event",
        )  # fmt: skip
    is_outermost = node.scope is not None and node.scope.type is ElementType.PROCESS
    if start.event_type is EventType.COMPENSATION and is_outermost:
        yield fault(
            node, "compensation-sub-process", "a compensation event sub-process belongs to a "
            "sub-process, and this one is directly in the process", "move it into a sub-process",
        )  # fmt: skip
