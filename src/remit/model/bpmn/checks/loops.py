"""Loops in which no token ever waits would never end (rule 86)."""

from __future__ import annotations

from collections.abc import Iterator

from remit.model.bpmn.checks.finding import fault
from remit.model.bpmn.graph import (
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
        ElementType.INCLUSIVE_GATEWAY, ElementType.PARALLEL_GATEWAY,
        ElementType.INTERMEDIATE_THROW_EVENT,
    )
)  # fmt: skip


_INSIDE = frozenset((ElementType.START_EVENT, ElementType.END_EVENT))


def check(process: Process) -> Iterator[Finding]:
    """Tarjan's strongly connected components over the elements that let a token pass."""
    passing = {node.id: node for node in process.nodes.values() if _passes(node)}
    for loop in _components(passing):
        first = min(loop, key=lambda node: node.line)
        names = ", ".join(f"'{node.id}'" for node in sorted(loop, key=lambda node: node.line))
        yield fault(
            first, "no-loop",
            f"the elements {names} form a straight-through processing loop: no token ever waits in it",
            "put an element that waits into the loop, such as a service task or a timer",
        )  # fmt: skip


def _passes(node: Node) -> bool:
    """Whether a token can go through without waiting for anybody."""
    if node.type is ElementType.SUB_PROCESS:
        assert isinstance(node, Container)
        return all(each.type in _INSIDE or _passes(each) for each in node.children.values())
    if node.type is ElementType.INTERMEDIATE_THROW_EVENT:
        return isinstance(node, EventNode) and node.event_type is EventType.NONE
    return node.type in _PASSING


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
            targets = [f.target.id for f in nodes[name].outgoing if f.target.id in nodes]
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
