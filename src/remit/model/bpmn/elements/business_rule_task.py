"""Business rule task, done by a worker of its job type."""

from __future__ import annotations

from lxml import etree

from remit.model.bpmn import xml
from remit.model.bpmn.graph import ElementType, JobActivity, Node
from remit.model.bpmn.reading import Reading, fill, job, require_job

TAG = "businessRuleTask"


def read(reading: Reading, element: etree._Element) -> Node:
    node = JobActivity(
        *xml.head(element),
        "business_rule_task",
        ElementType.BUSINESS_RULE_TASK,
        job=job(reading, element),
    )
    require_job(reading, element, node.job)
    return fill(reading, element, node)
