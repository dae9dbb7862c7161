"""Loops in which no token ever waits would never end (rule 86)."""

from __future__ import annotations

from collections.abc import Iterator

from remit.model.bpmn import limits
from remit.model.bpmn.checks.finding import fault
from remit.model.bpmn.graph import (
    Activity,
    BoundaryNode,
    Container,
    ElementType,
    EventNode,
    EventType,
    Node,
    Process,
)
from remit.model.finding import Finding

_PASSING = frozenset(
    (
        ElementType.MANUAL_TASK, ElementType.TASK, ElementType.EXCLUSIVE_GATEWAY,
        ElementType.INCLUSIVE_GATEWAY, ElementType.PARALLEL_GATEWAY, ElementType.COMPLEX_GATEWAY,
    )
)  # fmt: skip


_INSIDE = frozenset((ElementType.START_EVENT, ElementType.END_EVENT))


def check(process: Process) -> Iterator[Finding]:
    """Tarjan's strongly connected components over the elements that let a token pass."""
    known: dict[str, bool] = {}
    passing = {node.id: node for node in process.nodes.values() if _passes(node, known)}
    for loop in _components(passing):
        first = min(loop, key=lambda node: node.line)
        names = _names(sorted(loop, key=lambda node: node.line))
        yield fault(
            first, "no-loop",
            f"the elements {names} form a straight-through processing loop: no token ever waits in it",
            "put an element that waits into the loop, such as a service task or a timer",
        )  # fmt: skip


def _names(loop: list[Node]) -> str:
    """Enough of the loop to find it; a hostile one has a hundred thousand elements."""
    shown = ", ".join(f"'{node.id}'" for node in loop[: limits.MAX_NAMES])
    more = len(loop) - limits.MAX_NAMES
    return f"{shown} and {more} more" if more > 0 else shown


def _passes(node: Node, known: dict[str, bool]) -> bool:
    """Whether a token can go through without waiting for anybody; `known` are earlier answers."""
    if node.id not in known:
        known[node.id] = not node.listeners and _passes_by_kind(node, known)
    return known[node.id]


def _passes_by_kind(node: Node, known: dict[str, bool]) -> bool:
    if node.type is ElementType.SUB_PROCESS:
        assert isinstance(node, Container)
        inside = node.children.values()
        return all(each.type in _INSIDE or _passes(each, known) for each in inside)
    if isinstance(node, BoundaryNode):
        is_thrown_to = node.event_type in (EventType.ERROR, EventType.ESCALATION)
        host = node.attached_to
        return is_thrown_to and host is not None and _passes(host, known)
    if node.type is ElementType.INTERMEDIATE_CATCH_EVENT:
        return node.event_type is EventType.LINK
    if node.type is ElementType.INTERMEDIATE_THROW_EVENT:
        return node.event_type in (EventType.NONE, EventType.LINK)
    return node.type in _PASSING


def _leads_to(node: Node) -> list[str]:
    """Where a token can go from here: along flows, over a link, to an error it meets inside."""
    found = [flow.target.id for flow in node.outgoing]
    if isinstance(node, EventNode) and node.link_target is not None:
        found.append(node.link_target.id)
    if isinstance(node, Activity):
        found.extend(boundary.id for boundary in node.boundaries)
    return found


def _components(nodes: dict[str, Node]) -> Iterator[list[Node]]:
    """Components that hold a cycle, found without recursion."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    on_stack: set[str] = set()
    for root in nodes:
        if root in index:
            continue
        work = [(root, 0)]
        while work:
            name, position = work.pop()
            if position == 0:
                index[name] = low[name] = len(index)
                stack.append(name)
                on_stack.add(name)
            targets = [each for each in _leads_to(nodes[name]) if each in nodes]
            if position > 0:
                low[name] = min(low[name], low[targets[position - 1]])
            for at in range(position, len(targets)):
                target = targets[at]
                if target not in index:
                    work.append((name, at + 1))
                    work.append((target, 0))
                    break
                if target in on_stack:
                    low[name] = min(low[name], index[target])
            else:
                if low[name] == index[name]:
                    component = []
                    while True:
                        member = stack.pop()
                        on_stack.discard(member)
                        component.append(nodes[member])
                        if member == name:
                            break
                    if len(component) > 1 or name in targets:
                        yield component
