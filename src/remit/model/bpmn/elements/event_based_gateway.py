"""Event-based gateway: the first of the events behind it decides (rule 33).

With `instantiate` these events start the process; a parallel one wants them all (B18).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from lxml import etree

from remit.model.bpmn import xml
from remit.model.bpmn.checks.finding import fault
from remit.model.bpmn.filling import fill
from remit.model.bpmn.graph import ElementType, EventNode, EventType, Node
from remit.model.bpmn.reading import Reading
from remit.model.finding import Finding

TAG = "eventBasedGateway"
RULE = "event-based-gateway-target"
_TARGETS = frozenset(
    (
        EventType.MESSAGE, EventType.TIMER, EventType.SIGNAL, EventType.CONDITIONAL,
        EventType.MULTIPLE, EventType.PARALLEL_MULTIPLE,
    )
)  # fmt: skip


@dataclass(slots=True, eq=False)
class EventBasedGateway(Node):
    """`targets` are the events behind it, in document order."""

    instantiate: bool = False
    is_parallel: bool = False
    targets: list[EventNode] = field(default_factory=list, repr=False)


def read(reading: Reading, element: etree._Element) -> Node:
    node = EventBasedGateway(
        *xml.head(element),
        "event_based_gateway",
        ElementType.EVENT_BASED_GATEWAY,
        instantiate=xml.is_true(element, "instantiate"),
        is_parallel=element.get("eventGatewayType") == "Parallel",
    )
    return fill(reading, element, node)


def connect(node: EventBasedGateway) -> None:
    targets = (flow.target for flow in node.outgoing)
    node.targets = [each for each in targets if isinstance(each, EventNode)]


def check(node: EventBasedGateway) -> Iterator[Finding]:
    if len(node.outgoing) < 2:
        yield fault(
            node, RULE, "an event-based gateway chooses between two events at least",
            "add another event behind it",
        )  # fmt: skip
    for flow in node.outgoing:
        target = flow.target
        if target.type is not ElementType.INTERMEDIATE_CATCH_EVENT or not _can_wait(target):
            yield fault(
                flow, RULE,
                f"an event-based gateway leads to events it can wait for, '{target.id}' is none",
                "put a message, timer, signal or conditional catch event there",
            )  # fmt: skip
        elif len(target.incoming) > 1:
            yield fault(
                target, RULE,
                f"it follows the event-based gateway '{node.id}' and something else as well",
                "leave it only the flow from the gateway",
            )  # fmt: skip
    if node.instantiate and node.incoming:
        yield fault(
            node, "instantiate", "a gateway that starts the process has no incoming flows",
            "remove its incoming flows, or its instantiate attribute",
        )  # fmt: skip
    if node.is_parallel and not node.instantiate:
        yield fault(
            node, "instantiate", "only a gateway that starts the process can want all its events",
            'set instantiate="true", or remove its eventGatewayType',
        )  # fmt: skip


def _can_wait(node: Node) -> bool:
    return node.event_type in _TARGETS
