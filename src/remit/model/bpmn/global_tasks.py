"""Global tasks: what call activities of any process call, as processes of one task (BPMN 10.3.9)."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy

from lxml import etree

from remit.model.bpmn import xml

TASKS = {
    "globalTask": "task",
    "globalUserTask": "userTask",
    "globalManualTask": "manualTask",
    "globalScriptTask": "scriptTask",
    "globalBusinessRuleTask": "businessRuleTask",
}


def processes(root: etree._Element) -> Iterator[etree._Element]:
    """Every process of the file, and one for each global task: start, the task, end."""
    yield from xml.children(root, "process")
    for name, task in TASKS.items():
        for element in xml.children(root, name):
            yield _process(element, task)


def _process(element: etree._Element, task: str) -> etree._Element:
    given = element.get("id") or ""
    attributes = {"id": given, "name": element.get("name") or given, "isExecutable": "true"}
    process = _made(element, "process", attributes)
    rest = {name: value for name, value in element.attrib.items() if name not in ("id", "name")}
    named = {"id": f"{given}#task", "name": attributes["name"]}
    played = _made(element, task, {**{str(k): str(v) for k, v in rest.items()}, **named})
    played.extend(deepcopy(child) for child in element)
    start, end = f"{given}#start", f"{given}#end"
    process.append(_made(element, "startEvent", {"id": start}))
    process.append(played)
    process.append(_made(element, "endEvent", {"id": end}))
    for flow, source, target in (("in", start, named["id"]), ("out", named["id"], end)):
        ends = {"id": f"{given}#{flow}", "sourceRef": source, "targetRef": target}
        process.append(_made(element, "sequenceFlow", ends))
    return process


def _made(element: etree._Element, tag: str, attributes: dict[str, str]) -> etree._Element:
    """A new element that is told to be where `element` is."""
    made = etree.Element(f"{xml.BPMN}{tag}", attributes)
    made.sourceline = element.sourceline
    return made
