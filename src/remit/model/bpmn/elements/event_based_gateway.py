"""Event-based gateway."""

from __future__ import annotations

from lxml import etree

from remit.model.bpmn import xml
from remit.model.bpmn.graph import ElementType, Node
from remit.model.bpmn.reading import Reading, fill

TAG = "eventBasedGateway"


def read(reading: Reading, element: etree._Element) -> Node:
    if xml.is_true(element, "instantiate"):
        reading.find_fault(
            element, "event-based-gateway-instantiate",
            "an event-based gateway that starts the process is not supported yet",
            "start the process with a message start event",
        )  # fmt: skip
    node = Node(
        *xml.head(element),
        "event_based_gateway",
        ElementType.EVENT_BASED_GATEWAY,
    )
    return fill(reading, element, node)
