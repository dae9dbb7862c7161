"""Which nodes of a scope can still send a token to one of its nodes: what a waiting join asks.

A token moves along sequence flows, from a link throw to its catch, and out of an activity at the
boundary events on it. What is inside a sub-process counts as the sub-process; a compensation handler
sends nothing on.
"""

from __future__ import annotations

from collections import defaultdict

from remit.model.bpmn import limits
from remit.model.bpmn.graph import Activity, Container, EventNode, EventType, Node, Process


def reaching(process: Process, target: Node) -> frozenset[str]:
    """Ids of the nodes in the scope of `target` from which a token can come to it.

    `target` itself is among them only when a loop leads back. Found once, kept on the process unless
    that has so many joins that what is kept would grow with the square of its size.
    """
    found = process.reaching.get(target.id)
    if found is None:
        assert target.scope is not None, "the process itself is reached by no flow"
        if len(process.reaching) == limits.MAX_REACHING:
            process.reaching.clear()
        found = process.reaching[target.id] = _search(target, _predecessors(target.scope))
    return found


def _search(target: Node, predecessors: dict[str, set[str]]) -> frozenset[str]:
    found: set[str] = set()
    waiting = [target.id]
    while waiting:
        new = predecessors[waiting.pop()] - found
        found |= new
        waiting.extend(new)
    return frozenset(found)


def _predecessors(scope: Container) -> dict[str, set[str]]:
    before: dict[str, set[str]] = defaultdict(set)
    for node in scope.children.values():
        for flow in node.outgoing:
            before[flow.target.id].add(node.id)
        if isinstance(node, EventNode) and node.link_target is not None:
            before[node.link_target.id].add(node.id)
        if isinstance(node, Activity):
            for boundary in node.boundaries:
                if boundary.event_type is not EventType.COMPENSATION:
                    before[boundary.id].add(node.id)
    return before
