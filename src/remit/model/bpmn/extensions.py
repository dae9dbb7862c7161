"""The `zeebe:` extension elements that several kinds of node may have."""

from __future__ import annotations

from lxml import etree

from remit.model.bpmn import xml
from remit.model.bpmn.graph import (
    Binding,
    FormLink,
    JobDefinition,
    LinkedResource,
    Listener,
    Mapping,
)
from remit.model.bpmn.reading import Reading

DEFAULT_RETRIES = "3"
_BINDINGS = {each.value: each for each in Binding}
_LISTENER_EVENTS = {
    "create": "creating", "assignment": "assigning", "update": "updating",
    "complete": "completing", "cancel": "canceling",
}  # fmt: skip
"""Names that task listeners had before 8.8."""


def mappings(reading: Reading, element: etree._Element, name: str) -> list[Mapping]:
    """`zeebe:input` or `zeebe:output` of an element, in order."""
    found: list[Mapping] = []
    for each in xml.nested(element, "ioMapping", name):
        target = (each.get("target") or "").strip().removeprefix("=").strip()
        if not target or any(not part.strip() for part in target.split(".")):
            reading.find_fault(
                element, "io-mapping", f"a mapping has no target, or '{target}' is no path",
                "give each mapping a target such as 'order.total'",
            )  # fmt: skip
            continue
        source = each.get("source")
        if name == "output" and not (source or "").strip():
            reading.find_fault(
                element, "io-mapping", f"the output '{target}' has no source",
                "give it a source, such as '=total'",
            )  # fmt: skip
        path = tuple(part.strip().strip("`") for part in target.split("."))
        value = reading.attribute(element, source, f"the source of '{target}'")
        found.append(Mapping(value, path))
    return found


def job(reading: Reading, element: etree._Element) -> JobDefinition | None:
    """`zeebe:taskDefinition` with its headers and linked resources, or None."""
    task = xml.extension(element, "taskDefinition")
    if task is None:
        return None
    if not (task.get("type") or "").strip():
        reading.find_fault(
            element, "implementation", "its job type is missing",
            "give its zeebe:taskDefinition a type",
        )  # fmt: skip
    return JobDefinition(
        reading.attribute(element, task.get("type"), "the job type"),
        reading.attribute(element, task.get("retries") or DEFAULT_RETRIES, "the retries"),
        headers(reading, element),
        tuple(
            _linked_resource(reading, element, each)
            for each in xml.nested(element, "linkedResources", "linkedResource")
        ),
    )


def headers(reading: Reading, element: etree._Element) -> dict[str, str]:
    """`zeebe:taskHeaders`; a key that occurs twice is a finding."""
    rows = xml.nested(element, "taskHeaders", "header")
    return _headers(reading, element, rows)


def _headers(
    reading: Reading, element: etree._Element, rows: list[etree._Element]
) -> dict[str, str]:
    found: dict[str, str] = {}
    for each in rows:
        key = xml.attribute(each, "key")
        if key in found:
            reading.find_fault(
                element, "duplicate-task-headers", f"its header '{key}' occurs twice",
                "leave one of them", is_error=False,
            )  # fmt: skip
        if key:
            found[key] = xml.attribute(each, "value") or ""
    return found


def listeners(reading: Reading, element: etree._Element, holder: str, name: str) -> list[Listener]:
    """Execution or task listeners, in order."""
    found = []
    for each in xml.nested(element, holder, name):
        event = str(each.get("eventType") or "")
        if name == "taskListener":
            event = _LISTENER_EVENTS.get(event, event)
        rows = each.findall(f"{xml.ZEEBE}taskHeaders/{xml.ZEEBE}header")
        found.append(
            Listener(
                event,
                reading.attribute(element, each.get("type"), "the listener's job type"),
                reading.attribute(element, each.get("retries") or DEFAULT_RETRIES, "the retries"),
                _headers(reading, element, rows),
            )
        )
    return found


def properties(element: etree._Element) -> dict[str, str]:
    """`zeebe:properties` by name."""
    return {
        str(each.get("name")): str(each.get("value") or "")
        for each in xml.nested(element, "properties", "property")
    }


def binding(
    reading: Reading, element: etree._Element, holder: etree._Element
) -> tuple[Binding, str | None]:
    """`bindingType` and `versionTag` of an extension element: which version of another is meant."""
    text = holder.get("bindingType") or Binding.LATEST.value
    tag = xml.attribute(holder, "versionTag") or None
    found = _BINDINGS.get(text)
    if found is None:
        reading.find_fault(
            element, "binding-type", f"its binding type '{text}' is not known",
            "use latest, deployment or versionTag",
        )  # fmt: skip
        return Binding.LATEST, tag
    if found is Binding.VERSION_TAG and tag is None:
        reading.find_fault(
            element, "version-tag", "it is bound to a version tag, but gives none",
            "give it a versionTag, or bind it to the latest version",
        )  # fmt: skip
    return found, tag


def form(reading: Reading, element: etree._Element) -> FormLink | None:
    """`zeebe:formDefinition`, or None."""
    found = xml.extension(element, "formDefinition")
    if found is None:
        return None
    bound, tag = binding(reading, element, found)
    return FormLink(
        reading.optional_attribute(element, found.get("formId"), "the form id"),
        xml.attribute(found, "formKey") or None,
        reading.optional_attribute(element, found.get("externalReference"), "the form reference"),
        bound,
        tag,
    )


def _linked_resource(
    reading: Reading, element: etree._Element, holder: etree._Element
) -> LinkedResource:
    bound, tag = binding(reading, element, holder)
    if not (holder.get("resourceId") or "").strip():
        reading.find_fault(
            element, "linked-resource", "a linked resource has no id",
            "give its zeebe:linkedResource a resourceId",
        )  # fmt: skip
    return LinkedResource(
        holder.get("resourceId") or "",
        holder.get("resourceType") or "",
        holder.get("linkName") or "",
        bound,
        tag,
    )
