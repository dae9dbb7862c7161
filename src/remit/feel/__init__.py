"""FEEL, the expression language of DMN and of Zeebe's models.

    >>> compile("a + b * 2 > 10").evaluate({"a": 1, "b": 5})
    True
    >>> compile_attribute("=amount / 4").evaluate({"amount": 5})
    Decimal('1.25')
    >>> compile_attribute("order-created").static_value
    'order-created'

Values are plain Python values; `values` has the table, `to_json` and `from_json` lead to documents.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Literal

from remit.feel import tree
from remit.feel.builtins import NAMES
from remit.feel.compile import INPUT, Code, Evaluation, compile_node, free_names, holds
from remit.feel.errors import FeelError, FeelLimitError, FeelSyntaxError
from remit.feel.parser import parse, parse_unary_tests
from remit.feel.temporal import YearsMonths
from remit.feel.values import Function, Range, from_json, to_json, to_text

__all__ = [
    "Dialect",
    "Explained",
    "Expression",
    "FeelError",
    "FeelLimitError",
    "FeelSyntaxError",
    "Function",
    "Names",
    "Range",
    "UnaryTests",
    "YearsMonths",
    "compile",
    "compile_attribute",
    "from_json",
    "to_json",
    "to_text",
    "unary_tests",
]

Dialect = Literal["camunda", "dmn"]

_SPACED = frozenset(name for name in NAMES if " " in name)


@dataclass(frozen=True, slots=True)
class Explained:
    """`warnings` are (kind, sentence) pairs: why a part of the expression was null."""

    value: Any
    warnings: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Expression:
    """A compiled expression, or a text that is its own value (`is_static`).

    `variables` are the names it may read. Evaluation never raises anything but `FeelError`.
    """

    text: str
    is_static: bool
    static_value: Any
    variables: tuple[str, ...]
    code: Code

    def evaluate(
        self,
        context: Mapping[str, Any] | None = None,
        *,
        clock: datetime | None = None,
        random: Callable[[], float] = random.random,
    ) -> Any:
        """The value over `context` (JSON or FEEL values by name)."""
        return self.evaluate_explained(context, clock=clock, random=random).value

    def evaluate_explained(
        self,
        context: Mapping[str, Any] | None = None,
        *,
        clock: datetime | None = None,
        random: Callable[[], float] = random.random,
    ) -> Explained:
        """The value, and why parts of it were null."""
        if self.is_static:
            return Explained(self.static_value, ())
        run = _evaluation(clock, random)
        scope = {name: from_json(value) for name, value in (context or {}).items()}
        return Explained(_guarded(self.code, scope, run), tuple(run.warnings))


@dataclass(frozen=True, slots=True)
class UnaryTests:
    """The tests of a decision table's cell."""

    text: str
    tests: tuple[Code, ...]
    is_negated: bool

    def matches(
        self,
        value: Any,
        context: Mapping[str, Any] | None = None,
        *,
        clock: datetime | None = None,
    ) -> bool | None:
        """Whether one of the tests holds for `value`."""
        run = _evaluation(clock, random.random)
        scope = {name: from_json(each) for name, each in (context or {}).items()}
        tested = scope[INPUT] = from_json(value)
        outcomes = [holds(_guarded(test, scope, run), tested) for test in self.tests]
        found = True if True in outcomes else (None if None in outcomes else False)
        return found if found is None or not self.is_negated else not found


@dataclass(frozen=True, slots=True)
class Names:
    """Names that may hold spaces or signs: of `variables`, and of `members` (after a dot)."""

    variables: frozenset[str] = frozenset()
    members: frozenset[str] = frozenset()


def compile(  # noqa: A001
    text: str,
    *,
    dialect: Dialect = "camunda",
    names: Collection[str] | Names = (),
    types: Mapping[str, Any] | None = None,
    unary: bool = False,
) -> Expression:
    """Compile an expression; raises `FeelSyntaxError` or `FeelLimitError`.

    `names` are names with spaces that the expression may use. `types` are what `instance of` may
    name beside FEEL's own types: anything with `conforms(value) -> bool`. With `unary` the text is
    the tests of a cell over the variable `?`.
    """
    return _compile(text, _all_names(names))


def _all_names(names: Collection[str] | Names) -> frozenset[str]:
    return names.variables | names.members if isinstance(names, Names) else frozenset(names)


def compile_attribute(text: str) -> Expression:
    """A model's attribute as Zeebe reads it: `=…` is an expression, anything else stands for itself."""
    if text.startswith("="):
        return compile(text[1:])
    return Expression(text, True, text, (), _nothing)


def unary_tests(
    text: str,
    *,
    dialect: Dialect = "camunda",
    names: Collection[str] | Names = (),
    types: Mapping[str, Any] | None = None,
) -> UnaryTests:
    """Compile the tests of a cell; `-` holds for everything."""
    tests, negated = parse_unary_tests(text, _SPACED | _all_names(names))
    return UnaryTests(text, tuple(compile_node(test) for test in tests), negated)


@lru_cache(maxsize=4096)
def _compile(text: str, names: frozenset[str]) -> Expression:
    try:
        node = parse(text, _SPACED | names)
        if isinstance(node, tree.Literal):
            return Expression(text, True, to_json(node.value), (), _nothing)
        variables = tuple(sorted(free_names(node)))
        return Expression(text, False, None, variables, compile_node(node))
    except RecursionError as fault:
        raise FeelLimitError("the expression nests too deep") from fault


def _evaluation(clock: datetime | None, source: Callable[[], float]) -> Evaluation:
    moment = clock if clock is not None else datetime.now(UTC)
    return Evaluation(moment, source)


def _guarded(code: Code, scope: dict[str, Any], run: Evaluation) -> Any:
    try:
        return code(scope, run)
    except RecursionError as fault:
        raise FeelLimitError("the evaluation nests too deep") from fault
    except MemoryError as fault:
        raise FeelLimitError("the evaluation needs too much memory") from fault


def _nothing(scope: dict[str, Any], run: Evaluation) -> Any:
    raise AssertionError("a static text is not evaluated")
