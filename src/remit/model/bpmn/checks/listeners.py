"""Execution listeners: where they can listen, and that two of them differ."""

from __future__ import annotations

from collections.abc import Iterator

from remit.model.bpmn.checks.finding import fault
from remit.model.bpmn.graph import ElementType, EventType, Node, Process
from remit.model.finding import Finding

RULE = "execution-listener"
EVENTS = ("start", "end")
_NO_START = (ElementType.START_EVENT, ElementType.BOUNDARY_EVENT)
_NO_END = (
    ElementType.EXCLUSIVE_GATEWAY, ElementType.INCLUSIVE_GATEWAY, ElementType.PARALLEL_GATEWAY,
    ElementType.EVENT_BASED_GATEWAY, ElementType.COMPLEX_GATEWAY,
)  # fmt: skip


def check(process: Process) -> Iterator[Finding]:
    for node in (process, *process.nodes.values()):
        seen = set()
        for listener in node.listeners:
            yield from _place(node, listener.event)
            text = listener.type.text
            if not text.strip():
                yield fault(node, RULE, "an execution listener has no job type", "give it a type")
            if (listener.event, text) in seen:
                yield fault(
                    node, "duplicate-execution-listeners",
                    f"two execution listeners listen to '{listener.event}' with type '{text}'",
                    "leave one of them",
                )  # fmt: skip
            seen.add((listener.event, text))


def _place(node: Node, event: str) -> Iterator[Finding]:
    if event not in EVENTS:
        yield fault(
            node, RULE, f"an execution listener can't listen to '{event}'", "use start or end"
        )
    elif (event == "start" and node.type in _NO_START) or (event == "end" and not _ends(node)):
        kind = node.type.value.lower().replace("_", " ")
        yield fault(
            node, RULE, f"a {kind} has no '{event}' to listen to",
            "listen at the element before or after it",
        )  # fmt: skip


def _ends(node: Node) -> bool:
    is_error_end = node.type is ElementType.END_EVENT and node.event_type is EventType.ERROR
    return node.type not in _NO_END and not is_error_end
