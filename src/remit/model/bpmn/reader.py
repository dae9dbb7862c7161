"""The reader: from the bytes of a BPMN file to its executable processes.

Every flow node is read by the module of its element; here they are put into their scopes, joined by
flows, and their boundary events attached. What is wrong becomes a finding; reading goes on, so that
one answer tells everything.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from lxml import etree

from remit.model.bpmn import xml
from remit.model.bpmn.checks import check
from remit.model.bpmn.elements import READERS
from remit.model.bpmn.elements import process as process_element
from remit.model.bpmn.graph import (
    Activity,
    BoundaryNode,
    Container,
    Definitions,
    ElementType,
    EventType,
    Flow,
    Node,
    Process,
    StartNode,
)
from remit.model.bpmn.reading import Reading
from remit.model.errors import Unreadable
from remit.model.finding import Finding

_IGNORED = frozenset(
    (
        "extensionElements", "documentation", "incoming", "outgoing", "laneSet", "ioSpecification",
        "property", "dataObject", "dataObjectReference", "dataStoreReference", "association",
        "textAnnotation", "group", "sequenceFlow", "dataInputAssociation", "dataOutputAssociation",
        "multiInstanceLoopCharacteristics", "standardLoopCharacteristics", "auditing", "monitoring",
        "supportedInterfaceRef", "completionCondition",
    )
)  # fmt: skip
"""What a scope may hold that no token ever visits."""

_ROOTS = ("message", "error", "signal", "escalation")


def read(content: bytes, resource_name: str) -> Definitions:
    """The executable processes of a file, with everything that is wrong with it. Never raises."""
    try:
        root = xml.parse(content)
    except Unreadable as fault:
        finding = Finding(resource_name, None, fault.line, "xml", str(fault), fault.fix)
        return Definitions([], [finding])
    reading = Reading(resource_name)
    for kind in _ROOTS:
        for element in xml.children(root, kind):
            reading.roots[element.get("id") or ""] = element
    processes = [
        _read_process(reading, element)
        for element in xml.children(root, "process")
        if xml.is_true(element, "isExecutable")
    ]
    if not processes:
        reading.find_fault(
            root, "executable", "the file has no executable process",
            'set isExecutable="true" on a process',
        )  # fmt: skip
    for process in processes:
        reading.findings.extend(check(process))
    return Definitions(processes, reading.findings)


@dataclass(slots=True)
class _Scope:
    """A scope whose flows have yet to be joined."""

    container: Container
    element: etree._Element
    boundaries: list[tuple[BoundaryNode, etree._Element]] = field(default_factory=list)


def _read_process(reading: Reading, element: etree._Element) -> Process:
    process = process_element.read(reading, element)
    scopes: list[_Scope] = []
    waiting: list[tuple[Container, etree._Element]] = [(process, element)]
    while waiting:
        container, holder = waiting.pop()
        scope = _Scope(container, holder)
        scopes.append(scope)
        for child in holder:
            node = _read_node(reading, process, scope, child)
            if isinstance(node, Container):
                waiting.append((node, child))
    for scope in scopes:
        _join(reading, process, scope)
    return process


def _read_node(
    reading: Reading, process: Process, scope: _Scope, element: etree._Element
) -> Node | None:
    name = xml.local_name(element)
    if not name or name in _IGNORED or not str(element.tag).startswith(xml.BPMN):
        return None
    reader = READERS.get(name)
    if reader is None:
        reading.find_fault(
            element, "element-type", f"a {name} is not supported", "use another element"
        )
        return None
    _refuse_markers(reading, element)
    node = reader(reading, element)
    if node.id in process.nodes:
        reading.find_fault(
            element, "id-unique", f"its id '{node.id}' occurs twice", "give each element its own id"
        )
        return None
    node.scope = scope.container
    process.nodes[node.id] = node
    scope.container.children[node.id] = node
    _place(scope, node, element)
    return node


def _place(scope: _Scope, node: Node, element: etree._Element) -> None:
    """Note the nodes that a scope asks for directly."""
    container = scope.container
    if isinstance(node, StartNode):
        if node.event_type is EventType.NONE and container.start is None:
            container.start = node
        elif node.event_type is not EventType.NONE:
            container.event_starts.append(node)
    elif isinstance(node, BoundaryNode):
        scope.boundaries.append((node, element))
    elif isinstance(node, Container) and node.type is ElementType.EVENT_SUB_PROCESS:
        container.event_sub_processes.append(node)


def _refuse_markers(reading: Reading, element: etree._Element) -> None:
    if xml.child(element, "standardLoopCharacteristics") is not None:
        reading.find_fault(
            element, "loop-characteristics", "a standard loop marker is not supported yet",
            "remove the marker",
        )  # fmt: skip


def _join(reading: Reading, process: Process, scope: _Scope) -> None:
    """Join the nodes of a scope by its flows, and attach its boundary events."""
    container = scope.container
    defaults = {str(child.get("default")) for child in scope.element if child.get("default")}
    for element in xml.children(scope.element, "sequenceFlow"):
        _join_flow(reading, process, container, element, defaults)
    for child in scope.element:
        if child.get("default"):
            _set_default(reading, container, child)
    for boundary, element in scope.boundaries:
        host = container.children.get(element.get("attachedToRef") or "")
        if isinstance(host, Activity):
            boundary.attached_to = host
            host.boundaries.append(boundary)
        else:
            reading.find_fault(
                element, "boundary-attached", "it is not attached to an activity of its scope",
                "attach it to a task, sub-process or call activity",
            )  # fmt: skip


def _join_flow(
    reading: Reading,
    process: Process,
    container: Container,
    element: etree._Element,
    defaults: set[str],
) -> None:
    flow_id = element.get("id") or ""
    source = container.children.get(element.get("sourceRef") or "")
    target = container.children.get(element.get("targetRef") or "")
    if source is None or target is None:
        missing = element.get("sourceRef") if source is None else element.get("targetRef")
        reading.find_fault(
            element, "flow-reference", f"it refers to '{missing}', which its scope does not hold",
            "draw the flow again, between two elements of one scope",
        )  # fmt: skip
        return
    if flow_id in process.all_flows or flow_id in process.nodes:
        reading.find_fault(element, "id-unique", f"its id '{flow_id}' occurs twice", "rename it")
        return
    text = xml.text_of(xml.child(element, "conditionExpression"))
    condition = None
    if text is not None and flow_id not in defaults:
        condition = reading.expression(element, text, "the condition")
    name, line = xml.attribute(element, "name"), xml.line(element)
    flow = Flow(flow_id, name, line, source, target, condition)
    source.outgoing.append(flow)
    target.incoming.append(flow)
    container.flows[flow_id] = process.all_flows[flow_id] = flow


def _set_default(reading: Reading, container: Container, element: etree._Element) -> None:
    node = container.children.get(element.get("id") or "")
    if node is None:
        return
    wanted = element.get("default")
    node.default = next((flow for flow in node.outgoing if flow.id == wanted), None)
    if node.default is None:
        reading.find_fault(
            element, "default-flow", f"its default flow '{wanted}' does not start here",
            "choose one of its own outgoing flows as the default",
        )  # fmt: skip
