"""The reader: from the bytes of a BPMN file to its processes.

    parse ─▶ read every flow node by its module ─▶ join flows, boundaries, handlers
          ─▶ bind data, pools ─▶ connect what the engine wants at hand ─▶ check

What is wrong becomes a finding; reading goes on, so that one answer tells everything.
"""

from __future__ import annotations

from collections import Counter

from lxml import etree

from remit.model.bpmn import global_tasks, limits, xml
from remit.model.bpmn.checking import check
from remit.model.bpmn.connecting import connect
from remit.model.bpmn.data import bind_data
from remit.model.bpmn.elements import process as process_element
from remit.model.bpmn.elements import reader_of
from remit.model.bpmn.graph import (
    BoundaryNode,
    Container,
    Definitions,
    ElementType,
    EventType,
    Node,
    Process,
    StartNode,
)
from remit.model.bpmn.joining import Scope, associate_handlers, join
from remit.model.bpmn.notation_reading import read_notation
from remit.model.bpmn.pools import bind_pools
from remit.model.bpmn.reading import Reading
from remit.model.errors import Unreadable
from remit.model.finding import Finding

_IGNORED = frozenset(
    (
        "extensionElements", "documentation", "incoming", "outgoing", "laneSet", "ioSpecification",
        "property", "dataObject", "dataObjectReference", "dataStoreReference", "association",
        "textAnnotation", "group", "sequenceFlow", "dataInputAssociation", "dataOutputAssociation",
        "multiInstanceLoopCharacteristics", "standardLoopCharacteristics", "auditing", "monitoring",
        "supportedInterfaceRef", "completionCondition", "performer", "humanPerformer",
        "potentialOwner", "resourceRole", "correlationSubscription", "supports", "ioBinding",
    )
)  # fmt: skip
"""What a scope may hold that no token ever visits."""


def read(content: bytes, resource_name: str, *, executable_only: bool = True) -> Definitions:
    """The processes of a file, with everything that is wrong with it. Never raises.

    Without `executable_only` also those that are only drawn are built, e.g. for diagrams.
    """
    try:
        root = xml.parse(content)
    except Unreadable as fault:
        return _refused(Finding(resource_name, None, fault.line, "xml", str(fault), fault.fix))
    too_large = _too_large(root, resource_name)
    if too_large is not None:
        return _refused(too_large)
    reading = Reading(resource_name, notation=read_notation(root))
    for element in root.iterchildren(f"{xml.BPMN}*"):
        reading.roots[element.get("id") or ""] = element
    processes = [
        _read_process(reading, element)
        for element in global_tasks.processes(root)
        if not executable_only or xml.is_true(element, "isExecutable")
    ]
    if not any(process.is_executable for process in processes):
        reading.find_fault(
            root, "executable-process", "the file has no executable process",
            'set isExecutable="true" on a process',
        )  # fmt: skip
    nodes = _by_id(processes)
    associate_handlers(reading, nodes)
    bind_data(reading, nodes)
    bind_pools(reading, processes)
    for process in processes:
        connect(process)
        reading.findings.extend(check(process))
    return Definitions(processes, reading.findings, reading.notation)


def _too_large(root: etree._Element, resource_name: str) -> Finding | None:
    """Told before anything is read: a file beyond the limits must not cost a long turn."""
    size = sum(1 for _ in root.iter(f"{xml.BPMN}*"))
    if size > limits.MAX_ELEMENTS:
        return Finding(
            resource_name, None, 1, "limit",
            f"it holds {size} elements; {limits.MAX_ELEMENTS} are read",
            "spread it over several files, with call activities between them",
        )  # fmt: skip
    longest = max((each.get("id") or "" for each in root.iter(f"{xml.BPMN}*")), key=len, default="")
    if len(longest) > limits.MAX_ID:
        return Finding(
            f"{longest[:40]}…", None, 1, "limit",
            f"its id has {len(longest)} signs; {limits.MAX_ID} are read",
            "give it a shorter one",
        )  # fmt: skip
    boundaries = Counter(
        str(each.get("attachedToRef")) for each in root.iter(f"{xml.BPMN}boundaryEvent")
    )
    for host, count in boundaries.most_common(1):
        if count > limits.MAX_BOUNDARIES:
            return Finding(
                host, None, 1, "limit",
                f"it has {count} boundary events; {limits.MAX_BOUNDARIES} are read",
                "leave fewer of them",
            )  # fmt: skip
    return None


def _refused(finding: Finding) -> Definitions:
    return Definitions([], [finding])


def _read_process(reading: Reading, element: etree._Element) -> Process:
    process = process_element.read(reading, element)
    reading.claim_id(element, process.id)
    scopes: list[Scope] = []
    waiting: list[tuple[Container, etree._Element]] = [(process, element)]
    while waiting:
        container, holder = waiting.pop()
        scope = Scope(container, holder)
        scopes.append(scope)
        for child in holder:
            node = _read_node(reading, process, scope, child)
            if isinstance(node, Container):
                waiting.append((node, child))
    join(reading, process, scopes)
    return process


def _by_id(processes: list[Process]) -> dict[str, Node]:
    """Every process of the file and every node in one."""
    found: dict[str, Node] = {process.id: process for process in processes}
    for process in processes:
        found.update(process.nodes)
    return found


def _read_node(
    reading: Reading, process: Process, scope: Scope, element: etree._Element
) -> Node | None:
    name = xml.local_name(element)
    if not name or name in _IGNORED or not str(element.tag).startswith(xml.BPMN):
        return None
    read_element = reader_of(element)
    if read_element is None:
        reading.find_fault(
            element, "element-type", f"a {name} is not supported", "use another element"
        )
        return None
    if not reading.claim_id(element, element.get("id") or ""):
        return None
    node = read_element(reading, element)
    node.scope = scope.container
    process.nodes[node.id] = node
    scope.container.children[node.id] = node
    _place(scope, node, element)
    return node


def _place(scope: Scope, node: Node, element: etree._Element) -> None:
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
