"""Receive task: waits for its message. With `instantiate` that message starts the process (B19)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from lxml import etree

from remit.model.bpmn import xml
from remit.model.bpmn.checks.finding import fault
from remit.model.bpmn.event_definitions import message
from remit.model.bpmn.filling import fill
from remit.model.bpmn.graph import Activity, ElementType, MessageDefinition, Node
from remit.model.bpmn.reading import Reading
from remit.model.finding import Finding

TAG = "receiveTask"


@dataclass(slots=True, eq=False)
class ReceiveTask(Activity):
    message: MessageDefinition | None = None
    instantiate: bool = False


def read(reading: Reading, element: etree._Element) -> Node:
    node = ReceiveTask(
        *xml.head(element),
        "receive_task",
        ElementType.RECEIVE_TASK,
        message=message(reading, element, element),
        instantiate=xml.is_true(element, "instantiate"),
    )
    return fill(reading, element, node)


def check(node: ReceiveTask) -> Iterator[Finding]:
    assert node.message is not None
    if not node.message.id:
        return
    name = node.message.name
    if name.is_static and not name.static_value:
        yield fault(node, "message-reference", "its message has no name", "name the message")
    if not node.instantiate:
        if node.message.correlation_key is None:
            yield fault(
                node, "subscription", f"its message '{node.message.id}' has no correlation key",
                "add a zeebe:subscription with a correlationKey to the message",
            )  # fmt: skip
        return
    if node.incoming:
        yield fault(
            node, "instantiate", "a task that starts the process has no incoming flows",
            "remove its incoming flows, or its instantiate attribute",
        )  # fmt: skip
    if name.variables:
        yield fault(
            node, "message-reference", "the message that starts a process has a name without "
            "variables: there are none yet", "make the name static",
        )  # fmt: skip
