"""What the modules of the elements read with: the file's references, expressions, and findings."""

from __future__ import annotations

from dataclasses import dataclass, field

from lxml import etree

from remit import feel
from remit.model.bpmn import xml
from remit.model.bpmn.graph import (
    Activity,
    JobDefinition,
    Listener,
    Mapping,
    MultiInstance,
    Node,
)
from remit.model.finding import Finding

DEFAULT_RETRIES = "3"


@dataclass(slots=True)
class Reading:
    """One file while it is read. `roots` are messages, errors, signals and escalations by id."""

    resource_name: str
    roots: dict[str, etree._Element] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)

    def find_fault(
        self, element: etree._Element, rule: str, message: str, fix: str, *, is_error: bool = True
    ) -> None:
        """Note one thing that is wrong; reading goes on."""
        self.findings.append(
            Finding(
                xml.attribute(element, "id") or xml.local_name(element),
                xml.attribute(element, "name"),
                xml.line(element),
                rule,
                message,
                fix,
                is_error,
            )
        )

    def expression(self, element: etree._Element, text: str | None, what: str) -> feel.Expression:
        """A FEEL expression, with or without its `=`."""
        return self._compile(element, (text or "").strip().removeprefix("="), what)

    def attribute(self, element: etree._Element, text: str | None, what: str) -> feel.Expression:
        """A text, or with `=` an expression."""
        if text is not None and text.startswith("="):
            return self._compile(element, text[1:], what)
        return feel.compile_attribute(text or "")

    def _compile(self, element: etree._Element, text: str, what: str) -> feel.Expression:
        try:
            return feel.compile(text)
        except feel.FeelError as fault:
            self.find_fault(
                element, "feel", f"{what} is no FEEL expression: {fault}", "correct the expression"
            )
            return feel.compile("null")


def mappings(reading: Reading, element: etree._Element, name: str) -> list[Mapping]:
    """`zeebe:input` or `zeebe:output` of an element, in order."""
    holder = xml.extension(element, "ioMapping")
    found: list[Mapping] = []
    for each in [] if holder is None else holder.findall(xml.ZEEBE + name):
        target = (each.get("target") or "").strip().removeprefix("=").strip()
        if not target or any(not part.strip() for part in target.split(".")):
            reading.find_fault(
                element, "io-mapping", f"a mapping has no target, or '{target}' is no path",
                "give each mapping a target such as 'order.total'",
            )  # fmt: skip
            continue
        source = reading.attribute(element, each.get("source"), f"the source of '{target}'")
        path = tuple(part.strip().strip("`") for part in target.split("."))
        found.append(Mapping(source, path))
    return found


def job(reading: Reading, element: etree._Element) -> JobDefinition | None:
    """`zeebe:taskDefinition` with its headers, or None."""
    task = xml.extension(element, "taskDefinition")
    if task is None:
        return None
    if not (task.get("type") or "").strip():
        reading.find_fault(
            element, "task-definition", "its job type is missing", "set zeebe:taskDefinition type"
        )
    job_type = reading.attribute(element, task.get("type"), "the job type")
    retries = reading.attribute(element, task.get("retries") or DEFAULT_RETRIES, "the retries")
    return JobDefinition(job_type, retries, headers(element))


def headers(element: etree._Element) -> dict[str, str]:
    holder = xml.extension(element, "taskHeaders")
    if holder is None:
        return {}
    return {
        str(each.get("key")): str(each.get("value") or "")
        for each in holder.findall(f"{xml.ZEEBE}header")
        if each.get("key")
    }


def listeners(reading: Reading, element: etree._Element, holder: str, name: str) -> list[Listener]:
    """Execution or task listeners, in order."""
    found = xml.extension(element, holder)
    return [
        Listener(
            str(each.get("eventType") or ""),
            reading.attribute(element, each.get("type"), "the listener's job type"),
            reading.attribute(element, each.get("retries") or DEFAULT_RETRIES, "the retries"),
        )
        for each in ([] if found is None else found.findall(xml.ZEEBE + name))
    ]


def properties(element: etree._Element) -> dict[str, str]:
    holder = xml.extension(element, "properties")
    if holder is None:
        return {}
    return {
        str(each.get("name")): str(each.get("value") or "")
        for each in holder.findall(f"{xml.ZEEBE}property")
    }


def fill(reading: Reading, element: etree._Element, node: Node) -> Node:
    """What every node may have: mappings and properties."""
    node.inputs = mappings(reading, element, "input")
    node.outputs = mappings(reading, element, "output")
    node.listeners = listeners(reading, element, "executionListeners", "executionListener")
    node.properties = properties(element)
    if isinstance(node, Activity):
        node.loop = multi_instance(reading, element)
    return node


def multi_instance(reading: Reading, element: etree._Element) -> MultiInstance | None:
    """`bpmn:multiInstanceLoopCharacteristics` with its `zeebe:loopCharacteristics`."""
    marker = xml.child(element, "multiInstanceLoopCharacteristics")
    if marker is None:
        return None
    loop = xml.extension(marker, "loopCharacteristics")
    if loop is None or not (loop.get("inputCollection") or "").strip():
        reading.find_fault(
            element, "loop-characteristics", "a multi-instance activity needs an input collection",
            "add a zeebe:loopCharacteristics with an inputCollection",
        )  # fmt: skip
        return None
    output = loop.get("outputElement")
    if (output is None) != (loop.get("outputCollection") is None):
        reading.find_fault(
            element, "loop-characteristics",
            "an output collection and an output element go together", "give both, or neither",
        )  # fmt: skip
    condition = xml.text_of(xml.child(marker, "completionCondition"))
    return MultiInstance(
        xml.is_true(marker, "isSequential"),
        reading.expression(element, loop.get("inputCollection"), "the input collection"),
        xml.attribute(loop, "inputElement"),
        xml.attribute(loop, "outputCollection"),
        reading.expression(element, output, "the output element") if output else None,
        reading.expression(element, condition, "the completion condition") if condition else None,
    )


def require_job(reading: Reading, element: etree._Element, found: JobDefinition | None) -> None:
    if found is None:
        reading.find_fault(
            element,
            "element-type",
            f"a {xml.local_name(element)} is done by a worker, but it has no job type",
            "add a zeebe:taskDefinition with a type",
        )
