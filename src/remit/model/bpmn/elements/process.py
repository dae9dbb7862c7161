"""Process: the outermost scope."""

from __future__ import annotations

from collections.abc import Iterator

from lxml import etree

from remit.model.bpmn import xml
from remit.model.bpmn.checks.finding import fault
from remit.model.bpmn.checks.starts import one_none_start, starts_of
from remit.model.bpmn.filling import fill
from remit.model.bpmn.graph import ElementType, EventType, Process
from remit.model.bpmn.reading import Reading
from remit.model.finding import Finding

COMPENSATION_ORDER = "remit:compensationOrder"
"""The `zeebe:property` that chooses between `parallel` (Zeebe's) and `reverse` (BPMN's), B9."""

STARTS = frozenset(
    (
        EventType.NONE, EventType.MESSAGE, EventType.TIMER, EventType.SIGNAL,
        EventType.CONDITIONAL, EventType.MULTIPLE, EventType.PARALLEL_MULTIPLE,
    )
)  # fmt: skip


def read(reading: Reading, element: etree._Element) -> Process:
    tag = xml.extension(element, "versionTag")
    node = Process(
        *xml.head(element),
        "process",
        ElementType.PROCESS,
        version_tag=None if tag is None else xml.attribute(tag, "value") or None,
        is_executable=xml.is_true(element, "isExecutable"),
        user_task_forms={
            str(each.get("id")): each.text or "" for each in xml.extensions(element, "userTaskForm")
        },
    )
    if tag is not None and node.version_tag is None:
        reading.find_fault(element, "version-tag", "its version tag is empty", "give it a value")
    fill(reading, element, node)
    _read_compensation_order(reading, element, node)
    return node


def _read_compensation_order(reading: Reading, element: etree._Element, node: Process) -> None:
    order = node.properties.get(COMPENSATION_ORDER, "parallel")
    node.parallel_compensation = order != "reverse"
    if order not in ("parallel", "reverse"):
        reading.find_fault(
            element, "compensation-order", f"its compensation order '{order}' is not known",
            "use reverse or parallel",
        )  # fmt: skip


def check(node: Process) -> Iterator[Finding]:
    starts = starts_of(node)
    if not starts and not node.instantiating:
        yield fault(
            node, "start-event-required", "a process needs a start event", "add a start event"
        )
    yield from one_none_start(node)
    for start in starts:
        if start.event_type not in STARTS:
            yield fault(
                start, "element-type",
                f"a process can't be started by an event of type {start.event_type.value}",
                "use a none, message, timer, signal or conditional start event",
            )  # fmt: skip
