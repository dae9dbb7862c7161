"""The requirements graph, compiled: what can be evaluated, and what each needs to see.

A node sees the elements it requires under their names, those of an imported file under the name of
the import (`Model B.Evaluating Say Hello`), or their own when the import has no name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from remit.dmn.place import Code, Scope
from remit.dmn.table import CompiledTable
from remit.dmn.types import Fit
from remit.feel.evaluation import Evaluation
from remit.feel.functions import Function
from remit.model.finding import Finding

Key = tuple[str, str]
"""Namespace and id."""


@dataclass(frozen=True, slots=True)
class Required:
    """A node, and the names under which it is seen; `prefix` is that of an import, or empty."""

    prefix: str
    names: tuple[str, ...]
    node: Node


@dataclass(slots=True, eq=False)
class Node:
    """Base of all nodes. `variable` is the name its value has; a node with errors is broken."""

    key: Key
    name: str
    line: int
    variable: str
    findings: list[Finding] = field(default_factory=list, kw_only=True)

    @property
    def id(self) -> str:
        return self.key[1]

    @property
    def is_broken(self) -> bool:
        return any(finding.is_error for finding in self.findings)


@dataclass(slots=True, eq=False)
class InputNode(Node):
    """Input data. `fit` is None when every value fits."""

    fit: Fit | None = None


@dataclass(slots=True, eq=False)
class DecisionNode(Node):
    """A decision. `table` is given when its logic is a decision table; `code` is for any logic.

    `order` are all decisions it requires, in an order in which they can be evaluated, itself last;
    found when it is first wanted, so that loading costs no more than the file has requirements.
    """

    kind: str = "UNKNOWN"
    code: Code | None = None
    table: CompiledTable | None = None
    fit: Fit | None = None
    values: Sequence[Required] = ()
    functions: Sequence[Required] = ()
    _order: Sequence[DecisionNode] | None = field(default=None, repr=False)
    version_tag: str = ""

    @property
    def order(self) -> Sequence[DecisionNode]:
        if self._order is None:
            self._order = in_order((self,), set())
        return self._order


@dataclass(slots=True, eq=False)
class KnowledgeNode(Node):
    """A business knowledge model: a function that sees only the knowledge it requires."""

    make: Callable[[Scope, Evaluation], Function | None] | None = None
    fit: Fit | None = None
    functions: Sequence[Required] = ()


@dataclass(slots=True, eq=False)
class ServiceNode(Node):
    """A decision service: a function of its inputs, first the data, then the decisions.

    `parameter_names` have the name of the import before that of an imported element (10.4).
    """

    parameters: Sequence[InputNode | DecisionNode] = ()
    parameter_names: tuple[str, ...] = ()
    outputs: Sequence[DecisionNode] = ()
    order: Sequence[DecisionNode] = ()
    fit: Fit | None = None


def in_order(targets: Iterable[DecisionNode], given: set[Key]) -> Sequence[DecisionNode]:
    """The targets and all they require but what is given, required ones first. A circle is cut open."""
    order: list[DecisionNode] = []
    seen = set(given)
    waiting: list[tuple[DecisionNode, bool]] = [(each, False) for each in targets][::-1]
    while waiting:
        node, is_ready = waiting.pop()
        if is_ready:
            order.append(node)
        elif node.key not in seen:
            seen.add(node.key)
            waiting.append((node, True))
            waiting.extend((each, False) for each in decisions_of(node)[::-1])
    return order


def decisions_of(node: DecisionNode) -> list[DecisionNode]:
    """The decisions it requires directly."""
    return [each.node for each in node.values if isinstance(each.node, DecisionNode)]


def find_circles(nodes: Iterable[Node]) -> None:
    """A decision that requires itself, or another that does, is broken: told once for each."""
    ended: set[Key] = set()
    circles: dict[Key, Finding] = {}
    for start in nodes:
        if not isinstance(start, DecisionNode) or start.key in ended:
            continue
        path = {start.key}
        waiting: list[tuple[DecisionNode, list[DecisionNode]]] = [(start, decisions_of(start))]
        while waiting:
            node, rest = waiting[-1]
            if rest:
                required = rest.pop()
                if required.key in path:
                    circles.setdefault(node.key, _circle(required))
                elif required.key in ended:
                    _spread(circles, required, node)
                else:
                    path.add(required.key)
                    waiting.append((required, decisions_of(required)))
                continue
            waiting.pop()
            path.discard(node.key)
            ended.add(node.key)
            if node.key in circles:
                node.findings.append(circles[node.key])
            if waiting:
                _spread(circles, node, waiting[-1][0])


def _spread(circles: dict[Key, Finding], required: DecisionNode, to: DecisionNode) -> None:
    if required.key in circles:
        circles.setdefault(to.key, circles[required.key])


def _circle(node: DecisionNode) -> Finding:
    return Finding(
        node.id, node.name, node.line, "circle",
        "it requires itself, directly or through others", "remove a requirement",
    )  # fmt: skip
