"""The requirements graph, compiled: what can be evaluated, and what each needs to see.

A node sees the elements it requires under their names, those of an imported file under the name of
the import (`Model B.Evaluating Say Hello`), or their own when the import has no name.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
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

    `order` are all decisions it requires, in an order in which they can be evaluated, itself last.
    """

    kind: str = "UNKNOWN"
    code: Code | None = None
    table: CompiledTable | None = None
    fit: Fit | None = None
    values: Sequence[Required] = ()
    functions: Sequence[Required] = ()
    order: Sequence[DecisionNode] = ()
    version_tag: str = ""


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
