"""Generated code for expressions that are evaluated often.

A Python function is made for the kinds of values that the expression has been seen with: whole
numbers, strings and booleans. It checks those kinds first and then computes with Python's own
operators. Whatever it is not made for, it hands back (`COLD`), and the closures answer; FEEL is pure,
so nothing is lost by asking twice. Both give the same answer for the same data.

The source holds our own identifiers and constants written by `repr`, nothing else of the expression,
and runs without built-in functions of Python but `len`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from remit.feel import tree as t
from remit.feel.compiler.operators import reads_input
from remit.feel.dialects import Dialect
from remit.feel.limits import MAX_TEXT
from remit.feel.numbers import WHOLE_LIMIT

Hot = Callable[[Mapping[str, Any]], Any]

MAX_PARTS: Final = 60
"""Values and steps in one function; longer expressions gain little."""


class Cold:
    """The answer of generated code that is not made for the data at hand."""


COLD: Final = Cold()

_COMPARISONS: Final = {"=": "==", "!=": "!=", "<": "<", "<=": "<=", ">": ">", ">=": ">="}
_KINDS: Final[Mapping[type, str]] = {int: "int", str: "str", bool: "bool"}


class _NoUse(Exception):
    """The expression, or what it was seen with, is nothing to generate code for."""


@dataclass(frozen=True, slots=True)
class _Part:
    """Python source of a value, and its kind."""

    source: str
    kind: str


def generate(node: t.Node, dialect: Dialect, seen: Mapping[str, Any]) -> Hot | None:
    """A function for data like `seen`, or None. It takes the context and gives a value or COLD."""
    writer = _Writer(dialect, seen)
    try:
        result = writer.part(node)
        source = writer.function(result)
    except (_NoUse, RecursionError):
        return None
    space: dict[str, Any] = {
        "__builtins__": {"KeyError": KeyError, "len": len},
        "COLD": COLD,
        **{name: kind for kind, name in _KINDS.items()},
        "dict": dict,
    }
    exec(source, space)  # noqa: S102  only our own identifiers and constants are in it
    found: Hot = space["hot"]
    return found


@dataclass(slots=True)
class _Writer:
    dialect: Dialect
    seen: Mapping[str, Any]
    reads: list[str] = field(default_factory=list)
    guards: list[str] = field(default_factory=list)
    steps: list[str] = field(default_factory=list)
    places: dict[tuple[str, ...], _Part] = field(default_factory=dict)

    def function(self, result: _Part) -> str:
        reads = "\n".join(f"        {line}" for line in self.reads) or "        pass"
        guards = " and ".join(self.guards) or "True"
        steps = "\n".join(f"    {line}" for line in self.steps)
        return (
            "def hot(context):\n"
            f"    try:\n{reads}\n"
            "    except KeyError:\n        return COLD\n"
            f"    if not ({guards}):\n        return COLD\n"
            f"{steps}\n"
            f"    return {result.source}\n"
        )

    def name(self) -> str:
        """A new local name."""
        count = len(self.reads) + len(self.steps)
        if count > MAX_PARTS:
            raise _NoUse
        return f"v{count}"

    def part(self, node: t.Node) -> _Part:
        write = _WRITERS.get(node.__class__)
        if write is None:
            raise _NoUse
        return write(self, node)

    def literal(self, node: t.Literal) -> _Part:
        value = node.value
        if value is None:
            return _Part("None", "null")
        kind = _KINDS.get(value.__class__)
        if kind is None:
            raise _NoUse
        return _Part(repr(value), kind)

    def variable(self, node: t.Name | t.Path) -> _Part:
        """A variable, or an entry of one, of the kind that it was seen with."""
        keys = _keys(node)
        if keys in self.places:
            return self.places[keys]
        if keys[0] in self.dialect.builtins:
            raise _NoUse
        value: Any = self.seen
        for key in keys:
            if not isinstance(value, Mapping) or key not in value:
                raise _NoUse
            value = value[key]
        kind = _KINDS.get(value.__class__)
        if kind is None:
            raise _NoUse
        holder = self.holder(keys[:-1])
        name = self.name()
        self.reads.append(f"{name} = {holder}[{keys[-1]!r}]")
        self.guards.append(f"{name}.__class__ is {kind}")
        self.places[keys] = _Part(name, kind)
        return self.places[keys]

    def holder(self, keys: tuple[str, ...]) -> str:
        """Where an entry is: the context itself, or a dict inside it."""
        if not keys:
            return "context"
        if keys not in self.places:
            outer = self.holder(keys[:-1])
            name = self.name()
            self.reads.append(f"{name} = {outer}[{keys[-1]!r}]")
            self.reads.append(f"if {name}.__class__ is not dict: return COLD")
            self.places[keys] = _Part(name, "dict")
        found = self.places[keys]
        if found.kind != "dict":
            raise _NoUse
        return found.source

    def binary(self, node: t.Binary) -> _Part:
        """The result is checked at once: beyond 34 digits the exact way is another."""
        left, right = self.part(node.left), self.part(node.right)
        if left.kind != right.kind:
            raise _NoUse
        name = self.name()
        operator = node.operator
        if left.kind == "str" and operator == "+":
            self.steps.append(f"{name} = {left.source} + {right.source}")
            self.steps.append(f"if len({name}) > {MAX_TEXT}: return COLD")
            return _Part(name, "str")
        if left.kind != "int" or operator == "**":
            raise _NoUse
        if operator == "/":
            divisor = self.name_of(right)
            self.steps.append(f"if not {divisor} or {left.source} % {divisor}: return COLD")
            operator, right = "//", _Part(divisor, "int")
            name = self.name()
        self.steps.append(f"{name} = {left.source} {operator} {right.source}")
        self.steps.append(f"if not -{WHOLE_LIMIT} < {name} < {WHOLE_LIMIT}: return COLD")
        return _Part(name, "int")

    def name_of(self, part: _Part) -> str:
        if part.source.isidentifier():
            return part.source
        name = self.name()
        self.steps.append(f"{name} = {part.source}")
        return name

    def negation(self, node: t.Negation) -> _Part:
        operand = self.part(node.operand)
        if operand.kind != "int":
            raise _NoUse
        return _Part(f"(-{operand.source})", "int")

    def comparison(self, node: t.Comparison) -> _Part:
        return self.compared(node.operator, self.part(node.left), self.part(node.right))

    def compared(self, operator: str, left: _Part, right: _Part) -> _Part:
        """Null equals nothing that has passed the guards."""
        equality = operator in ("=", "!=")
        if "any" in (left.kind, right.kind):
            raise _NoUse
        if equality and "null" in (left.kind, right.kind):
            same = left.kind == right.kind
            return _Part(repr(same is (operator == "=")), "bool")
        if left.kind != right.kind or (left.kind == "bool" and not equality):
            raise _NoUse
        if left.kind not in _KINDS.values():
            raise _NoUse
        return _Part(f"({left.source} {_COMPARISONS[operator]} {right.source})", "bool")

    def junction(self, node: t.And | t.Or) -> _Part:
        word = " and " if isinstance(node, t.And) else " or "
        operands = [self.part(operand) for operand in node.operands]
        if any(operand.kind != "bool" for operand in operands):
            raise _NoUse
        return _Part(f"({word.join(operand.source for operand in operands)})", "bool")

    def between(self, node: t.Between) -> _Part:
        return self.inside(self.part(node.value), node.low, node.high, "<=", "<=")

    def inside(self, value: _Part, low: t.Node, high: t.Node, above: str, below: str) -> _Part:
        first, last = self.part(low), self.part(high)
        if not value.kind == first.kind == last.kind or value.kind not in ("int", "str"):
            raise _NoUse
        source = f"({first.source} {above} {value.source} {below} {last.source})"
        return _Part(source, "bool")

    def membership(self, node: t.In) -> _Part:
        value = self.part(node.value)
        tests = [self.test(value, each) for each in node.tests]
        return _Part(f"({' or '.join(test.source for test in tests)})", "bool")

    def test(self, value: _Part, node: t.Node) -> _Part:
        if isinstance(node, t.UnaryTest) and not reads_input(node):
            return self.compared(node.operator, value, self.part(node.operand))
        if isinstance(node, t.RangeLiteral):
            above = "<=" if node.low_closed else "<"
            below = "<=" if node.high_closed else "<"
            return self.inside(value, node.low, node.high, above, below)
        if isinstance(node, t.ListLiteral) and node.items:
            if any(isinstance(item, t.ListLiteral) for item in node.items):
                raise _NoUse
            tests = [self.test(value, item) for item in node.items]
            return _Part(f"({' or '.join(test.source for test in tests)})", "bool")
        if isinstance(node, t.Literal) and node.value is not None:
            return self.compared("=", value, self.part(node))
        raise _NoUse

    def condition(self, node: t.If) -> _Part:
        test = self.part(node.condition)
        then, otherwise = self.part(node.then), self.part(node.otherwise)
        if test.kind != "bool":
            raise _NoUse
        kind = then.kind if then.kind == otherwise.kind else "any"
        return _Part(f"({then.source} if {test.source} else {otherwise.source})", kind)


def _keys(node: t.Node) -> tuple[str, ...]:
    """The way from the context to an entry."""
    keys: list[str] = []
    while isinstance(node, t.Path):
        keys.append(node.name)
        node = node.source
    if not isinstance(node, t.Name):
        raise _NoUse
    return (node.name, *reversed(keys))


_WRITERS: Final[dict[type[t.Node], Callable[[_Writer, Any], _Part]]] = {
    t.Literal: _Writer.literal,
    t.Name: _Writer.variable,
    t.Path: _Writer.variable,
    t.Binary: _Writer.binary,
    t.Negation: _Writer.negation,
    t.Comparison: _Writer.comparison,
    t.And: _Writer.junction,
    t.Or: _Writer.junction,
    t.Between: _Writer.between,
    t.In: _Writer.membership,
    t.If: _Writer.condition,
}
