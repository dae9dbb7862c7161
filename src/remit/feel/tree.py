"""The syntax tree: one class per construct, each with its place text[at:end] in the text."""

from __future__ import annotations

from dataclasses import dataclass, fields

from remit.feel.types import Type


@dataclass(slots=True, eq=False)
class Node:
    """Base of all nodes."""

    at: int
    end: int

    def children(self) -> list[Node]:
        """The nodes right below."""
        found: list[Node] = []
        for field in fields(self):
            _collect(getattr(self, field.name), found)
        return found


def _collect(value: object, found: list[Node]) -> None:
    if isinstance(value, Node):
        found.append(value)
    elif isinstance(value, tuple):
        for each in value:
            _collect(each, found)


@dataclass(slots=True, eq=False)
class Literal(Node):
    """A number, string, boolean, null or temporal value, as it will be."""

    value: object


@dataclass(slots=True, eq=False)
class Name(Node):
    name: str


@dataclass(slots=True, eq=False)
class Input(Node):
    """`?`: the value that unary tests look at."""


@dataclass(slots=True, eq=False)
class Binary(Node):
    """`operator` is one of + - * / **."""

    operator: str
    left: Node
    right: Node


@dataclass(slots=True, eq=False)
class Comparison(Node):
    """`operator` is one of = != < <= > >=."""

    operator: str
    left: Node
    right: Node


@dataclass(slots=True, eq=False)
class Negation(Node):
    operand: Node


@dataclass(slots=True, eq=False)
class And(Node):
    operands: tuple[Node, ...]


@dataclass(slots=True, eq=False)
class Or(Node):
    operands: tuple[Node, ...]


@dataclass(slots=True, eq=False)
class Between(Node):
    value: Node
    low: Node
    high: Node


@dataclass(slots=True, eq=False)
class In(Node):
    """`value in tests`: true when one of the tests holds."""

    value: Node
    tests: tuple[Node, ...]


@dataclass(slots=True, eq=False)
class UnaryTest(Node):
    """`< 5` and the like: the value in question, compared."""

    operator: str
    operand: Node


@dataclass(slots=True, eq=False)
class Tests(Node):
    """The tests of a cell; none for `-`."""

    tests: tuple[Node, ...]
    is_negated: bool


@dataclass(slots=True, eq=False)
class InstanceOf(Node):
    value: Node
    type: Type


@dataclass(slots=True, eq=False)
class If(Node):
    condition: Node
    then: Node
    otherwise: Node


@dataclass(slots=True, eq=False)
class Iteration(Node):
    """`name in source`, or `name in source..high`."""

    name: str
    source: Node
    high: Node | None


@dataclass(slots=True, eq=False)
class For(Node):
    iterations: tuple[Iteration, ...]
    body: Node


@dataclass(slots=True, eq=False)
class Quantified(Node):
    """`quantifier` is some or every."""

    quantifier: str
    iterations: tuple[Iteration, ...]
    condition: Node


@dataclass(slots=True, eq=False)
class FunctionDefinition(Node):
    """`types` has None for a parameter without one. With `is_external` the body describes it."""

    parameters: tuple[str, ...]
    types: tuple[Type | None, ...]
    body: Node
    is_external: bool


@dataclass(slots=True, eq=False)
class ListLiteral(Node):
    items: tuple[Node, ...]


@dataclass(slots=True, eq=False)
class ContextLiteral(Node):
    entries: tuple[tuple[str, Node], ...]


@dataclass(slots=True, eq=False)
class RangeLiteral(Node):
    low: Node
    high: Node
    low_closed: bool
    high_closed: bool


@dataclass(slots=True, eq=False)
class OneSidedRange(Node):
    """`(< 5)`."""

    operator: str
    bound: Node


@dataclass(slots=True, eq=False)
class Path(Node):
    source: Node
    name: str


@dataclass(slots=True, eq=False)
class Filter(Node):
    source: Node
    condition: Node


@dataclass(slots=True, eq=False)
class Call(Node):
    """The last `len(names)` arguments, all or none, have these names."""

    function: Node
    arguments: tuple[Node, ...]
    names: tuple[str, ...]
