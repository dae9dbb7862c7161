"""User task, done as a job of the type that task lists poll.

Its assignment and form are headers of the job, under the names that those lists know.
"""

from __future__ import annotations

from lxml import etree

from remit.model.bpmn import xml
from remit.model.bpmn.graph import ElementType, JobActivity, JobDefinition, Node
from remit.model.bpmn.reading import DEFAULT_RETRIES, Reading, fill, headers

TAG = "userTask"
JOB_TYPE = "io.camunda.zeebe:userTask"


def read(reading: Reading, element: etree._Element) -> Node:
    if xml.extension(element, "userTask") is not None:
        reading.find_fault(
            element,
            "user-task-implementation",
            "a user task of the engine's own (zeebe:userTask) is not supported yet",
            "remove zeebe:userTask to have it done as a job of type io.camunda.zeebe:userTask",
        )
    job = JobDefinition(
        reading.attribute(element, JOB_TYPE, ""),
        reading.attribute(element, DEFAULT_RETRIES, ""),
        {**headers(element), **_form(element)},
    )
    node = JobActivity(
        *xml.head(element),
        "user_task",
        ElementType.USER_TASK,
        job=job,
    )
    return fill(reading, element, node)


def _form(element: etree._Element) -> dict[str, str]:
    found = {}
    form = xml.extension(element, "formDefinition")
    key = None if form is None else form.get("formKey")
    if key:
        found["io.camunda.zeebe:formKey"] = key
    assignment = xml.extension(element, "assignmentDefinition")
    for name in ("assignee", "candidateGroups", "candidateUsers"):
        value = None if assignment is None else assignment.get(name)
        if value and not value.startswith("="):
            found[f"io.camunda.zeebe:{name}"] = value
    return found
