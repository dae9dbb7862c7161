"""Service task: done by a worker of its job type."""

from __future__ import annotations

from collections.abc import Iterator

from lxml import etree

from remit.model.bpmn import xml
from remit.model.bpmn.checks.finding import no_job
from remit.model.bpmn.extensions import job
from remit.model.bpmn.filling import fill
from remit.model.bpmn.graph import ElementType, JobActivity, Node
from remit.model.bpmn.reading import Reading
from remit.model.finding import Finding

TAG = "serviceTask"


def read(reading: Reading, element: etree._Element) -> Node:
    node = JobActivity(
        *xml.head(element),
        "service_task",
        ElementType.SERVICE_TASK,
        job=job(reading, element),
    )
    return fill(reading, element, node)


def check(node: JobActivity) -> Iterator[Finding]:
    yield from no_job(node, node.job)
