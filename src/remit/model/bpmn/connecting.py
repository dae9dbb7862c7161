"""What the engine wants at hand, found once: link targets, the events behind gateways, starts."""

from __future__ import annotations

from remit.model.bpmn.elements import CONNECTS
from remit.model.bpmn.graph import Container, EventNode, LinkDefinition, Node, Process


def connect(process: Process) -> None:
    """Fill in what follows from the joined nodes of a process."""
    for node in (process, *process.nodes.values()):
        element = CONNECTS.get(node.stem)
        if element is not None:
            element(node)
        if isinstance(node, Container):
            _connect_links(node)
    process.instantiating = [node for node in process.children.values() if _instantiates(node)]
    if process.start is not None:
        process.form = process.start.form


def link_of(node: Node) -> str | None:
    """The name of a link event, or None for any other node."""
    if not isinstance(node, EventNode):
        return None
    names = (each.name for each in node.definitions if isinstance(each, LinkDefinition))
    return next(names, None)


def catches_link(node: Node) -> bool:
    """Whether a link event is the catching one: that kind waits for others, too."""
    return node.stem == "intermediate_catch_event"


def _connect_links(scope: Container) -> None:
    links = [
        (each, name)
        for each in scope.children.values()
        if isinstance(each, EventNode) and (name := link_of(each))
    ]
    targets = {name: each for each, name in reversed(links) if catches_link(each)}
    for each, name in links:
        if not catches_link(each):
            each.link_target = targets.get(name)


def _instantiates(node: Node) -> bool:
    return bool(getattr(node, "instantiate", False))
