"""Deployed definitions as the engine plays them: the graph, and for each node its plan.

A plan says, once per deployed node, which behaviour it has and which stages of the life cycle
concern it, so that playing an instance asks nothing that the model already answers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from remit.model.bpmn.graph import Activity, Flow, Node, Process
from remit.protocol.events.process_instance import KIND_NUMBERS
from remit.protocol.values import ProcessDefinition

if TYPE_CHECKING:
    from remit.engine.elements.base import Element
    from remit.engine.run import Run


@dataclass(frozen=True, slots=True)
class Stage:
    """A step in an element's life. `play` returns True when the element has to wait here.

    A stage evaluates everything before it emits anything. It may raise `IncidentRaised`.
    """

    name: str
    play: Callable[[Run, Plan, int], bool]


@dataclass(slots=True, eq=False)
class Plan:
    """How a node is played. `kind` is its number in the log.

    A multi-instance activity has two: one for the body, one for what is inside it. `joins`: tokens wait
    on its incoming flows until it takes several at once. `outgoing` are the flows that it takes unless
    it chooses among them, once per token.
    """

    node: Node
    element: Element
    kind: int
    opening: tuple[Stage, ...]
    closing: tuple[Stage, ...]
    definition: Definition = field(repr=False)
    is_body: bool = False
    is_inner: bool = False
    joins: bool = False
    outgoing: Sequence[Flow] = ()
    memory: dict[str, Any] = field(default_factory=dict, repr=False)


@dataclass(slots=True, eq=False)
class Definition:
    """A process definition, ready to be played.

    `plans` holds every node and the process itself, `bodies` those of multi-instance activities;
    `late_joins` the joins of each scope that ask what can still reach them; `compensates`: something
    in it can be compensated.
    """

    row: ProcessDefinition
    process: Process
    plans: dict[str, Plan] = field(default_factory=dict, repr=False)
    bodies: dict[str, Plan] = field(default_factory=dict, repr=False)
    late_joins: dict[str, list[str]] = field(default_factory=dict, repr=False)
    compensates: bool = False


Load = Callable[[ProcessDefinition], Definition]
"""Makes a definition of its row; `remit.engine.plans.load` does it."""


def each_token(node: Node, flows: Sequence[Flow]) -> Sequence[Flow]:
    """The flows that a node takes, once for each token that it sends along them."""
    quantity = node.completion_quantity if isinstance(node, Activity) else 1
    return flows if quantity == 1 else [flow for flow in flows for _ in range(quantity)]


def kind_of(node: Node) -> int:
    return KIND_NUMBERS[node.type.value]
