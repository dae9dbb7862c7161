"""Conditions and defaults of sequence flows."""

from __future__ import annotations

from collections.abc import Iterator

from remit.model.bpmn.checks.finding import fault
from remit.model.bpmn.graph import ElementType, Flow, Node, Process
from remit.model.finding import Finding

_CHOOSING = frozenset((ElementType.EXCLUSIVE_GATEWAY, ElementType.INCLUSIVE_GATEWAY))
_TAKING_ALL = frozenset((ElementType.PARALLEL_GATEWAY, ElementType.EVENT_BASED_GATEWAY))


def check(process: Process) -> Iterator[Finding]:
    for node in process.nodes.values():
        for flow in node.outgoing:
            yield from _condition(node, flow)


def _condition(node: Node, flow: Flow) -> Iterator[Finding]:
    if flow.condition is not None and node.type in _TAKING_ALL:
        yield fault(
            flow, "sequence-flow-condition",
            f"the gateway '{node.id}' does not ask conditions, but this flow has one",
            "remove the condition, or use an exclusive or inclusive gateway",
        )  # fmt: skip
    is_needed = node.type in _CHOOSING and len(node.outgoing) > 1 and flow is not node.default
    if is_needed and flow.condition is None:
        yield fault(
            flow, "sequence-flow-condition",
            f"it leaves gateway '{node.id}' without a condition and is not its default",
            "add a condition, or make it the default flow",
        )  # fmt: skip
