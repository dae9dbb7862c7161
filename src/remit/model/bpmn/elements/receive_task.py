"""Receive task: waits for its message."""

from __future__ import annotations

from dataclasses import dataclass

from lxml import etree

from remit.model.bpmn import xml
from remit.model.bpmn.event_definitions import message
from remit.model.bpmn.graph import Activity, ElementType, MessageDefinition, Node
from remit.model.bpmn.reading import Reading, fill

TAG = "receiveTask"


@dataclass(slots=True, eq=False)
class ReceiveTask(Activity):
    message: MessageDefinition | None = None


def read(reading: Reading, element: etree._Element) -> Node:
    waited = message(reading, element, element)
    if waited.id and waited.correlation_key is None:
        reading.find_fault(
            element, "subscription", f"its message '{waited.id}' has no correlation key",
            "add a zeebe:subscription with a correlationKey to the message",
        )  # fmt: skip
    node = ReceiveTask(
        *xml.head(element),
        "receive_task",
        ElementType.RECEIVE_TASK,
        message=waited,
    )
    return fill(reading, element, node)
