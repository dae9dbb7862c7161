"""Script task, done by a worker of its job type."""

from __future__ import annotations

from remit.engine.elements.job_activity import JobActivityElement
from remit.model.bpmn.graph import JobActivity, Node


class ScriptTask(JobActivityElement):
    def plays(self, node: Node) -> bool:
        return isinstance(node, JobActivity) and node.job is not None


ELEMENT = ScriptTask()
