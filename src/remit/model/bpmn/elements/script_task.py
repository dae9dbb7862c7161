"""Script task: a FEEL expression gives a variable, or a worker does it; one of the two."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from lxml import etree

from remit import feel
from remit.model.bpmn import xml
from remit.model.bpmn.checks.finding import fault
from remit.model.bpmn.extensions import job
from remit.model.bpmn.filling import fill
from remit.model.bpmn.graph import ElementType, JobActivity, Node
from remit.model.bpmn.reading import Reading
from remit.model.finding import Finding

TAG = "scriptTask"


@dataclass(slots=True, eq=False)
class ScriptTask(JobActivity):
    """`script` and `result_variable` come together; with them `job` is None."""

    script: feel.Expression | None = None
    result_variable: str = ""


def read(reading: Reading, element: etree._Element) -> Node:
    script = xml.extension(element, "script")
    node = ScriptTask(
        *xml.head(element), "script_task", ElementType.SCRIPT_TASK, job=job(reading, element)
    )
    if script is not None:
        node.script = reading.expression(element, script.get("expression"), "the script")
        node.result_variable = (script.get("resultVariable") or "").strip()
    return fill(reading, element, node)


def check(node: ScriptTask) -> Iterator[Finding]:
    if (node.script is None) == (node.job is None):
        yield fault(
            node, "implementation",
            "a script task has a FEEL expression or is done by a worker: one of the two",
            "add either a zeebe:script or a zeebe:taskDefinition",
        )  # fmt: skip
    if node.script is not None and not node.result_variable:
        yield fault(
            node, "implementation", "its script has no result variable",
            "give the zeebe:script a resultVariable",
        )  # fmt: skip
