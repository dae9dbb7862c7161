"""Placing tokens at chosen elements: start instructions, modification (reference 3.10).

Scopes on the way are opened first, one for all that is placed in it; each then begins with what is
placed there instead of its start event.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from remit.base.errors import InvalidArgument
from remit.engine.plans import is_repeated
from remit.model.bpmn.graph import BoundaryNode, ElementType, Node, Process, StartNode
from remit.protocol.values import Document, Placement

Path = tuple[list[str], dict[str, Document]]
"""Scopes and element from the outermost, and the variables of the instruction."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """An element to activate, with variables by the id of the scope that they become local to."""

    element: str
    variables: dict[str, Document] = field(default_factory=dict)


def node_to_place(process: Process, element_id: str, instruction: str) -> Node:
    """The node, if a token can be placed at it; else raises InvalidArgument.

    `instruction` names it in the sentence, e.g. "start instruction".
    """
    node = process.nodes.get(element_id)
    if node is None:
        flow = process.all_flows.get(element_id)
        raise _refused(
            instruction, element_id,
            "it is a sequence flow: choose the element it leads to" if flow is not None
            else f"process '{process.id}' has no such element",
        )  # fmt: skip
    if isinstance(node, StartNode):
        raise _refused(instruction, element_id, "it is a start event: choose its scope instead")
    if isinstance(node, BoundaryNode):
        raise _refused(instruction, element_id, "it is a boundary event: choose what follows it")
    if any(flow.source.type is ElementType.EVENT_BASED_GATEWAY for flow in node.incoming):
        raise _refused(
            instruction, element_id, "it follows an event-based gateway: choose that gateway"
        )
    return node


def placements(
    process: Process, wanted: Iterable[Wanted], instruction: str, below: Node | None = None
) -> tuple[Placement, ...]:
    """What to place in `below` (the process itself by default), a tree through its inner scopes."""
    paths = []
    for each in wanted:
        node = node_to_place(process, each.element, instruction)
        paths.append((_path(node, below or process, instruction), each.variables))
    return _tree(paths)


def _path(node: Node, below: Node, instruction: str) -> list[str]:
    """The scopes from `below` (not included) to the node (included), outermost first."""
    path = [node.id]
    scope = node.scope
    while scope is not None and scope is not below:
        if is_repeated(scope):
            raise _refused(
                instruction, node.id,
                f"it is inside the multi-instance activity '{scope.id}', whose items are not known",
            )  # fmt: skip
        path.append(scope.id)
        scope = scope.scope
    return path[::-1]


def _tree(paths: Sequence[Path]) -> tuple[Placement, ...]:
    """Paths with the same first scope share one of it; a path of one step is a token of its own."""
    found: list[Placement | str] = []
    shared: dict[str, list[Path]] = {}
    for path, variables in paths:
        first = path[0]
        if len(path) == 1:
            found.append(Placement(first, variables.get(first, {})))
        elif first in shared:
            shared[first].append((path[1:], variables))
        else:
            shared[first] = [(path[1:], variables)]
            found.append(first)
    return tuple(_scope(each, shared[each]) if isinstance(each, str) else each for each in found)


def _scope(element: str, inside: Sequence[Path]) -> Placement:
    local: Document = {}
    for _, variables in inside:
        local.update(variables.get(element, {}))
    return Placement(element, local, _tree(inside))


def _refused(instruction: str, element_id: str, why: str) -> InvalidArgument:
    return InvalidArgument(
        f"Expected to place a token at element '{element_id}' by a {instruction}, but {why}"
    )
