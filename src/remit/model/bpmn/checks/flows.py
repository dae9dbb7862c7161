"""Conditions and defaults of sequence flows, and elements that may not have any."""

from __future__ import annotations

from collections.abc import Iterator

from remit.model.bpmn.checks.finding import fault
from remit.model.bpmn.graph import ElementType, Node, Process
from remit.model.finding import Finding

_CHOOSING = frozenset((ElementType.EXCLUSIVE_GATEWAY, ElementType.INCLUSIVE_GATEWAY))


def _event_based(node: Node) -> Iterator[Finding]:
    if len(node.outgoing) < 2:
        yield fault(
            node, "event-based-gateway-targets", "an event-based gateway chooses between two events "
            "at least", "add another event behind it",
        )  # fmt: skip
    for flow in node.outgoing:
        if flow.target.type is not ElementType.INTERMEDIATE_CATCH_EVENT:
            yield fault(
                flow, "event-based-gateway-targets",
                f"an event-based gateway leads to catch events only, but '{flow.target.id}' is none",
                "put a message or timer catch event there",
            )  # fmt: skip
        elif len(flow.target.incoming) > 1:
            yield fault(
                flow.target, "event-based-gateway-targets",
                f"it follows the event-based gateway '{node.id}' and something else as well",
                "leave it only the flow from the gateway",
            )  # fmt: skip


def check(process: Process) -> Iterator[Finding]:
    for node in process.nodes.values():
        if node.type is ElementType.START_EVENT and node.incoming:
            yield fault(
                node, "start-event-flows", "a start event has no incoming flows", "remove them"
            )
        if node.type is ElementType.END_EVENT and node.outgoing:
            yield fault(
                node, "end-event-flows", "an end event has no outgoing flows", "remove them"
            )
        if node.type is ElementType.EVENT_BASED_GATEWAY:
            yield from _event_based(node)
        chooses = node.type in _CHOOSING
        for flow in node.outgoing:
            if flow.condition is not None and not chooses:
                yield fault(
                    flow, "conditional-flow",
                    f"only flows of exclusive and inclusive gateways have conditions, this one "
                    f"starts at '{node.id}'",
                    "remove the condition, or put an exclusive gateway in between",
                )  # fmt: skip
            is_needed = chooses and len(node.outgoing) > 1 and flow is not node.default
            if is_needed and flow.condition is None:
                yield fault(
                    flow, "condition-required",
                    f"it leaves gateway '{node.id}' without a condition and is not its default",
                    "add a condition, or make it the default flow",
                )  # fmt: skip
