"""Send task: a worker sends.

Without a job type the engine delivers the task's message itself, along a message flow to another pool
of the same file (B22).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from lxml import etree

from remit.model.bpmn import xml
from remit.model.bpmn.checks.finding import no_job
from remit.model.bpmn.event_definitions import message
from remit.model.bpmn.extensions import job
from remit.model.bpmn.filling import fill
from remit.model.bpmn.graph import ElementType, JobActivity, MessageDefinition, Node
from remit.model.bpmn.reading import Reading
from remit.model.finding import Finding

TAG = "sendTask"


@dataclass(slots=True, eq=False)
class SendTask(JobActivity):
    message: MessageDefinition | None = None
    delivery: MessageDefinition | None = None


def read(reading: Reading, element: etree._Element) -> Node:
    node = SendTask(
        *xml.head(element),
        "send_task",
        ElementType.SEND_TASK,
        job=job(reading, element),
        message=message(reading, element, element) if element.get("messageRef") else None,
    )
    return fill(reading, element, node)


def check(node: SendTask) -> Iterator[Finding]:
    if node.delivery is None:
        yield from no_job(node, node.job)
