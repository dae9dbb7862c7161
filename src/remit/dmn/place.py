"""Where an expression stands: the names it may read, the types it may name, whom to tell of faults.

Everything that is compiled gets a place. A text that is no FEEL leaves a finding with its element
and line, and compiles to null: the decision that owns it is broken, the others are not.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from remit import feel
from remit.dmn import external
from remit.feel import tree as t
from remit.feel.compiler.frames import MISSING, RUN
from remit.feel.evaluation import Evaluation
from remit.model.dmn.versions import FEEL_LANGUAGES
from remit.model.finding import Finding

Scope = dict[str, Any]
Code = Callable[[Scope, Evaluation], Any]
Dialect = Literal["camunda", "dmn"]

INPUT = "?"
"""The name under which the tests of a table see the value that is tested."""


def null(scope: Scope, run: Evaluation) -> None:
    """The code of what can't be compiled."""
    return


@dataclass(frozen=True, slots=True)
class Place:
    """`owner` is the id, name and line of the element that findings fall upon."""

    dialect: Dialect
    owner: tuple[str, str, int]
    names: frozenset[str]
    members: frozenset[str]
    types: Mapping[str, Any]
    language: str
    findings: list[Finding]

    def knowing(self, *names: str) -> Place:
        """The same place with more names in sight."""
        return replace(self, names=self.names | frozenset(names))

    @property
    def has_fit_types(self) -> bool:
        """Whether values are made to fit declared types; Zeebe does not."""
        return self.dialect == "dmn"

    def fault(
        self, id_: str, line: int, rule: str, message: str, fix: str, *, is_error: bool = True
    ) -> None:
        """Note what is wrong at an element of the owner, or at the owner itself without an id."""
        owner, name, owner_line = self.owner
        self.findings.append(
            Finding(id_ or owner, name, line or owner_line, rule, message, fix, is_error)
        )

    def expression(self, text: str, id_: str, line: int, language: str = "") -> Code:
        """The code of a FEEL expression."""
        return self._compiled(text, id_, line, language, is_tests=False)

    def tests(self, text: str, id_: str, line: int, language: str = "") -> Code:
        """The code of unary tests over the name `?`: true, false or null."""
        return self._compiled(text, id_, line, language, is_tests=True)

    def _compiled(self, text: str, id_: str, line: int, language: str, *, is_tests: bool) -> Code:
        if (language or self.language) not in FEEL_LANGUAGES:
            self.fault(
                id_, line, "expression-language",
                f"its language is '{language or self.language}'", "write it in FEEL",
            )  # fmt: skip
            return null
        if not text.strip():
            self.fault(id_, line, "empty", "it has no text", "write an expression, or null")
            return null
        try:
            compiled = feel.compile(
                text,
                dialect=self.dialect,
                names=feel.Names(self.names, self.members),
                types=self.types or None,
                external=external.function if "external" in text else None,
                unary=is_tests,
            )
        except feel.FeelError as fault:
            self.fault(id_, line, "feel", str(fault), "correct the expression")
            return null
        return code_of(compiled)


def code_of(expression: feel.Expression) -> Code:
    """The code of a compiled expression over a scope whose values are FEEL's already."""
    program = expression.program
    code, variables, size = program.code, program.variables, program.size
    if not variables:

        def constant(scope: Scope, run: Evaluation) -> Any:
            frame: list[Any] = [MISSING] * size
            frame[RUN] = run
            return code(frame)

        return constant

    def evaluate(scope: Scope, run: Evaluation) -> Any:
        frame: list[Any] = [MISSING] * size
        frame[RUN] = run
        for name, slot in variables:
            if name in scope:
                frame[slot] = scope[name]
        return code(frame)

    return (
        evaluate if not isinstance(expression.tree, t.Name) else _reading(expression.tree, evaluate)
    )


def _reading(name: t.Name, otherwise: Code) -> Code:
    """A lone name is looked up at once; FEEL says what it means where nothing has it."""
    wanted = name.name

    def read(scope: Scope, run: Evaluation) -> Any:
        value = scope.get(wanted)
        return otherwise(scope, run) if value is None else value

    return read
