"""Joining the nodes of a process: flows, defaults, boundary events and compensation handlers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from lxml import etree

from remit.model.bpmn import xml
from remit.model.bpmn.graph import (
    Activity,
    BoundaryNode,
    Container,
    EventType,
    Flow,
    Node,
    Process,
)
from remit.model.bpmn.reading import Reading


@dataclass(slots=True)
class Scope:
    """A scope whose nodes have been read and have yet to be joined."""

    container: Container
    element: etree._Element
    boundaries: list[tuple[BoundaryNode, etree._Element]] = field(default_factory=list)


def join(reading: Reading, process: Process, scopes: list[Scope]) -> None:
    """Join every scope of a process. What does not fit becomes a finding and is left out."""
    for scope in scopes:
        _join_flows(reading, process, scope)
        _attach_boundaries(reading, scope)


def _join_flows(reading: Reading, process: Process, scope: Scope) -> None:
    defaults = [child for child in scope.element if child.get("default")]
    wanted = {str(child.get("default")) for child in defaults}
    for element in xml.children(scope.element, "sequenceFlow"):
        _join_flow(reading, process, scope.container, element, wanted)
    for child in defaults:
        _set_default(reading, scope.container, child)


def _join_flow(
    reading: Reading,
    process: Process,
    container: Container,
    element: etree._Element,
    defaults: set[str],
) -> None:
    flow_id, name, line = xml.head(element)
    source = container.children.get(element.get("sourceRef") or "")
    target = container.children.get(element.get("targetRef") or "")
    if source is None or target is None:
        missing = element.get("sourceRef") if source is None else element.get("targetRef")
        reading.find_fault(
            element, "flow-reference", f"it refers to '{missing}', which its scope does not hold",
            "draw the flow again, between two elements of one scope",
        )  # fmt: skip
        return
    if not reading.claim_id(element, flow_id):
        return
    text = xml.text_of(xml.child(element, "conditionExpression"))
    condition = None
    if flow_id not in defaults:
        condition = reading.optional(element, text, "the condition")
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


def _attach_boundaries(reading: Reading, scope: Scope) -> None:
    for boundary, element in scope.boundaries:
        host = scope.container.children.get(element.get("attachedToRef") or "")
        if not isinstance(host, Activity):
            reading.find_fault(
                element, "boundary-attached", "it is not attached to an activity of its scope",
                "attach it to a task, sub-process or call activity",
            )  # fmt: skip
            continue
        boundary.attached_to = host
        host.boundaries.append(boundary)


def associate_handlers(reading: Reading, nodes: Mapping[str, Node]) -> None:
    """A compensation boundary event is joined with its handler by an association.

    `nodes` are those of all processes of the file, by id.
    """
    for association in reading.notation.associations:
        boundary = nodes.get(association.source)
        handler = nodes.get(association.target)
        if not isinstance(boundary, BoundaryNode):
            boundary, handler = handler, boundary
        if not isinstance(boundary, BoundaryNode) or not isinstance(handler, Activity):
            continue
        if boundary.event_type is EventType.COMPENSATION and boundary.scope is handler.scope:
            boundary.handler = handler
            if boundary.attached_to is not None:
                boundary.attached_to.compensation_handler = handler
