"""Send task: a worker sends."""

from __future__ import annotations

from remit.engine.elements.job_activity import JobActivityElement
from remit.model.bpmn.graph import JobActivity, Node


class SendTask(JobActivityElement):
    def plays(self, node: Node) -> bool:
        return isinstance(node, JobActivity) and node.job is not None


ELEMENT = SendTask()
