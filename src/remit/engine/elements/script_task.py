"""Script task: a FEEL expression gives a variable, or a worker does it."""

from __future__ import annotations

from collections.abc import Sequence

from remit.engine.definitions import Plan, Stage
from remit.engine.elements.activity import ActivityElement
from remit.engine.elements.event import PAYLOAD
from remit.engine.elements.job_activity import JOB
from remit.engine.expressions import evaluate
from remit.engine.run import Run
from remit.engine.variables import set_local
from remit.model.bpmn.elements.script_task import ScriptTask as ScriptTaskNode
from remit.model.bpmn.graph import Node


def run_script(run: Run, plan: Plan, key: int) -> bool:
    """The result is local until the task ends; it leaves like that of a job."""
    node = plan.node
    assert isinstance(node, ScriptTaskNode)
    assert node.script is not None
    set_local(run, run.element(key), {node.result_variable: evaluate(run, node.script, key)})
    return False


SCRIPT = Stage("script", run_script)


class ScriptTask(ActivityElement):
    def opening(self, node: Node) -> Sequence[Stage]:
        return (*super().opening(node), JOB if _has_job(node) else SCRIPT)

    def closing(self, node: Node) -> Sequence[Stage]:
        stages = super().closing(node)
        return stages if _has_job(node) or node.outputs else (PAYLOAD, *stages)

    def waits(self, plan: Plan) -> bool:
        return _has_job(plan.node)


def _has_job(node: Node) -> bool:
    assert isinstance(node, ScriptTaskNode)
    return node.job is not None


ELEMENT = ScriptTask()
