"""A compiled expression: its closures, and the slots of the variables it reads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from remit.feel import tree as t
from remit.feel.compiler import access, calls, collections, operators
from remit.feel.compiler.access import INPUT
from remit.feel.compiler.frames import MISSING, RUN, Code, Compiler, External, Scope, Table
from remit.feel.dialects import Dialect
from remit.feel.documents import READY, from_json
from remit.feel.errors import FeelLimitError
from remit.feel.evaluation import Evaluation

_TABLE: Table = {
    **access.TABLE,
    **operators.TABLE,
    **collections.TABLE,
    **calls.TABLE,
}


@dataclass(frozen=True, slots=True)
class Program:
    """`variables` are (name, slot) of everything the expression may read from the context."""

    code: Code
    variables: tuple[tuple[str, int], ...]
    size: int
    constant: Any = None
    """The value of a program that reads nothing."""

    def run(self, context: Mapping[str, Any], evaluation: Evaluation) -> Any:
        """The value over a context; raises FeelError and nothing else."""
        frame: list[Any] = [MISSING] * self.size
        frame[RUN] = evaluation
        try:
            for name, slot in self.variables:
                if name in context:
                    value = context[name]
                    frame[slot] = value if value.__class__ in READY else from_json(value)
            return self.code(frame)
        except RecursionError as fault:
            raise FeelLimitError("the evaluation nests too deep") from fault
        except MemoryError as fault:
            raise FeelLimitError("the evaluation needs too much memory") from fault


def constant(value: Any) -> Program:
    """The program that only gives a value."""
    return Program(lambda frame: value, (), 1, value)


def compile_expression(
    node: t.Node,
    dialect: Dialect,
    shadowing: frozenset[str] = frozenset(),
    external: External | None = None,
) -> Program:
    """The program of an expression. `shadowing` are variables with names of built-in functions."""
    compiler = Compiler(dialect, _TABLE, shadowing & dialect.builtins.keys(), external)
    return _program(compiler, compiler.code(node, Scope(None)))


def compile_tests(
    tests: tuple[t.Node, ...],
    is_negated: bool,
    dialect: Dialect,
    shadowing: frozenset[str] = frozenset(),
    external: External | None = None,
) -> Program:
    """The program of unary tests over the variable `?`; without tests it is true."""
    compiler = Compiler(dialect, _TABLE, shadowing & dialect.builtins.keys(), external)
    compiler.variable(INPUT)
    codes = [operators.test(compiler, each, Scope(None)) for each in tests]
    return _program(compiler, _any_of(codes, is_negated))


def _any_of(codes: list[Code], is_negated: bool) -> Code:
    if len(codes) == 1 and not is_negated:
        return codes[0]

    def decide(frame: list[Any]) -> bool | None:
        outcome: bool | None = not codes
        for code in codes:
            held = code(frame)
            if held is True:
                return not is_negated
            if held is None:
                outcome = None
        return outcome if outcome is None or not is_negated else not outcome

    return decide


def _program(compiler: Compiler, code: Code) -> Program:
    return Program(code, tuple(compiler.variables.items()), compiler.size)
