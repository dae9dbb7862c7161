"""User task, done as a job of the type that Zeebe's task lists poll."""

from __future__ import annotations

from remit.engine.elements.job_activity import JobActivityElement
from remit.model.bpmn.graph import JobActivity, Node


class UserTask(JobActivityElement):
    def plays(self, node: Node) -> bool:
        return isinstance(node, JobActivity) and node.job is not None


ELEMENT = UserTask()
