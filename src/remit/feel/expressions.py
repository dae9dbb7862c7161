"""Compiling texts, and what comes of it: expressions and unary tests.

Nothing here raises anything but `FeelError`, whatever the text and the data are.
"""

from __future__ import annotations

import random as chance
import uuid as identifiers
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from remit.feel import names as known
from remit.feel import tree as t
from remit.feel import types as ty
from remit.feel.compiler.access import INPUT, MEMBER_NAMES
from remit.feel.compiler.frames import External
from remit.feel.compiler.program import Program, compile_expression, compile_tests, constant
from remit.feel.dialects import DIALECTS, DialectName
from remit.feel.documents import to_json
from remit.feel.errors import FeelLimitError
from remit.feel.evaluation import Clock, Evaluation
from remit.feel.hot import COLD, Hot, generate
from remit.feel.names import Names, as_names
from remit.feel.parser import Grammar, parse, parse_tests

NamesGiven = Collection[str] | Names
HOT_AFTER: Final = (200, 2_000, 20_000)
"""Evaluations after which code is generated: it costs as much as some 100 of them."""

_EMPTY: Final[Mapping[str, Any]] = {}


def _uuid() -> str:
    return str(identifiers.uuid4())


@dataclass(frozen=True, slots=True)
class Explained:
    """`warnings` are (kind, sentence) pairs: why a part of the expression was null."""

    value: Any
    warnings: tuple[tuple[str, str], ...]


class Expression:
    """A compiled expression, or a text that is its own value (`is_static`).

    `static_value` is the value of a literal or a text, as JSON. `variables` are the names it may
    read from the context: never fewer than it does read. `tree` is the syntax tree, None for a text.
    Expressions do not change, but learn: after some evaluations they run on generated code.
    """

    __slots__ = (
        *("text", "is_static", "static_value", "variables", "program", "tree"),
        *("_dialect", "_hot", "_evaluations"),
    )

    def __init__(
        self,
        text: str,
        program: Program,
        tree: t.Node | None = None,
        dialect: DialectName | None = None,
    ) -> None:
        self.text = text
        self.program = program
        self.tree = tree
        self.is_static = tree is None or isinstance(tree, t.Literal)
        self.static_value = to_json(program.constant) if self.is_static else None
        self.variables = tuple(sorted(name for name, _ in program.variables))
        self._dialect = None if self.is_static or dialect is None else DIALECTS[dialect]
        self._hot: Hot | None = None
        self._evaluations = 0

    def evaluate(
        self,
        context: Mapping[str, Any] = _EMPTY,
        *,
        clock: Clock | None = None,
        random: Callable[[], float] = chance.random,
        uuid: Callable[[], str] = _uuid,
    ) -> Any:
        """The value over `context` (JSON or FEEL values by name).

        `clock` is the time that `now()` gives; without it the system is asked.
        """
        hot = self._hot
        if hot is not None:
            value = hot(context)
            if value is not COLD:
                return value
        elif self._dialect is not None:
            self._warm_up(context)
        return self.program.run(context, Evaluation(clock, random, uuid, None))

    def evaluate_by_closures(self, context: Mapping[str, Any] = _EMPTY) -> Any:
        """The value without generated code: for measurements and comparisons."""
        return self.program.run(context, Evaluation(None, chance.random, _uuid, None))

    def _warm_up(self, context: Mapping[str, Any]) -> None:
        """Count, and now and then see whether code can be generated for data like these."""
        self._evaluations += 1
        if self._evaluations in HOT_AFTER and self._dialect is not None and self.tree is not None:
            self._hot = generate(self.tree, self._dialect, context)
            if self._evaluations == HOT_AFTER[-1]:
                self._dialect = None

    def evaluate_explained(
        self,
        context: Mapping[str, Any] = _EMPTY,
        *,
        clock: Clock | None = None,
        random: Callable[[], float] = chance.random,
        uuid: Callable[[], str] = _uuid,
    ) -> Explained:
        """The value, and why parts of it were null."""
        warnings: list[tuple[str, str]] = []
        value = self.program.run(context, Evaluation(clock, random, uuid, warnings))
        return Explained(value, tuple(warnings))

    def __repr__(self) -> str:
        return f"Expression({self.text!r})"


@dataclass(frozen=True, eq=False, slots=True)
class UnaryTests:
    """The tests of a decision table's cell. `tests` is empty for `-`, which always holds."""

    text: str
    tests: tuple[t.Node, ...]
    is_negated: bool
    variables: tuple[str, ...]
    program: Program

    def matches(
        self,
        value: Any,
        context: Mapping[str, Any] = _EMPTY,
        *,
        clock: Clock | None = None,
        random: Callable[[], float] = chance.random,
        uuid: Callable[[], str] = _uuid,
    ) -> bool | None:
        """Whether one of the tests holds for `value`; null when that can't be said."""
        given = {**context, INPUT: value}
        outcome = self.program.run(given, Evaluation(clock, random, uuid, None))
        return outcome if outcome.__class__ is bool else None


def compile(  # noqa: A001
    text: str,
    *,
    dialect: DialectName = "camunda",
    names: NamesGiven = (),
    types: Mapping[str, ty.Type] | None = None,
    external: External | None = None,
    unary: bool = False,
) -> Expression:
    """Compile an expression; raises `FeelSyntaxError` or `FeelLimitError`.

    `names` are the names of several words that the expression may use (others may be left out), and
    variables named like built-in functions. `types` are what `instance of` may name beside FEEL's
    own types. `external` finds functions defined as `external`. With `unary` the text is the tests
    of a cell over the variable `?`.
    """
    if unary:
        tests = unary_tests(text, dialect=dialect, names=names, types=types, external=external)
        return Expression(text, tests.program, t.Tests(0, len(text), tests.tests, tests.is_negated))
    if types is None and external is None:
        return _compile_cached(text, dialect, as_names(names))
    return _compile(text, dialect, as_names(names), types or {}, external)


def unary_tests(
    text: str,
    *,
    dialect: DialectName = "camunda",
    names: NamesGiven = (),
    types: Mapping[str, ty.Type] | None = None,
    external: External | None = None,
) -> UnaryTests:
    """Compile the tests of a cell; raises as `compile` does."""
    if types is None and external is None:
        return _tests_cached(text, dialect, as_names(names))
    return _tests(text, dialect, as_names(names), types or {}, external)


def compile_attribute(text: str) -> Expression:
    """A model's attribute as Zeebe reads it: `=…` is an expression, anything else stands for itself."""
    if text.startswith("="):
        return compile(text[1:])
    return Expression(text, constant(text))


def compile_fresh(text: str, dialect: DialectName = "camunda") -> Expression:
    """Compile without looking whether that was done before: for measurements."""
    return _compile(text, dialect, Names(), {}, None)


@lru_cache(maxsize=4096)
def _compile_cached(text: str, dialect: DialectName, names: Names) -> Expression:
    return _compile(text, dialect, names, {}, None)


@lru_cache(maxsize=4096)
def _tests_cached(text: str, dialect: DialectName, names: Names) -> UnaryTests:
    return _tests(text, dialect, names, {}, None)


def _compile(
    text: str,
    dialect: DialectName,
    names: Names,
    types: Mapping[str, ty.Type],
    external: External | None,
) -> Expression:
    try:
        node = parse(text, _grammar(dialect, names, types))
        if isinstance(node, t.Literal):
            return Expression(text, constant(node.value), node)
        program = compile_expression(node, DIALECTS[dialect], names.variables, external)
    except RecursionError as fault:
        raise FeelLimitError("the expression nests too deep") from fault
    return Expression(text, program, node, dialect)


def _tests(
    text: str,
    dialect: DialectName,
    names: Names,
    types: Mapping[str, ty.Type],
    external: External | None,
) -> UnaryTests:
    try:
        tests, is_negated = parse_tests(text, _grammar(dialect, names, types))
        program = compile_tests(tests, is_negated, DIALECTS[dialect], names.variables, external)
    except RecursionError as fault:
        raise FeelLimitError("the tests nest too deep") from fault
    variables = tuple(sorted(name for name, _ in program.variables if name != INPUT))
    return UnaryTests(text, tests, is_negated, variables, program)


def _grammar(dialect: DialectName, names: Names, types: Mapping[str, ty.Type]) -> Grammar:
    found = DIALECTS[dialect]
    return Grammar(
        found.reserved,
        found.functions,
        known.index(names.variables),
        known.index(names.members | MEMBER_NAMES),
        types,
    )
