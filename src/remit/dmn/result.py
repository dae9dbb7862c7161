"""What an evaluation tells: the value, and how every decision on the way came to its own.

    result.value                     the value of what was asked for; null when it failed
    result.failed, .failure_message  the id of the decision that failed, and why; or None and ""
    result.decisions                 every decision that was evaluated, required ones first

Values are FEEL values; `remit.feel.to_json` makes documents of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from msgspec import Struct


class EvaluatedInput(NamedTuple):
    """A column of tests, by id and label (or its expression), with the value that was tested."""

    id: str
    name: str
    value: Any


class EvaluatedOutput(NamedTuple):
    """A column of values, by id and label (or its name), with the value of one rule."""

    id: str
    name: str
    value: Any


class MatchedRule(Struct, frozen=True):
    """A rule that counted for the result; `index` is its place in the table, from 1."""

    id: str
    index: int
    outputs: tuple[EvaluatedOutput, ...]


class Diagnostic(NamedTuple):
    """Why a part of a decision is null: a kind (`NO_VARIABLE_FOUND` …) and a sentence."""

    kind: str
    message: str


class Columns(NamedTuple):
    """Ids and names of a table's columns, and the ids of its rules."""

    inputs: tuple[tuple[str, str], ...]
    outputs: tuple[tuple[str, str], ...]
    rules: tuple[str, ...]


class Trace(Struct, frozen=True):
    """How a table came to its value: what was tested, which rules counted (from 0), their values."""

    columns: Columns
    tested: Sequence[Any]
    hits: Sequence[int]
    values: Sequence[Sequence[Any]]


class EvaluatedDecision(Struct, frozen=True):
    """One decision. `type` is the kind of its logic, in Zeebe's words where it has one."""

    id: str
    name: str
    type: str
    value: Any
    diagnostics: tuple[Diagnostic, ...]
    trace: Trace | None

    @property
    def inputs(self) -> tuple[EvaluatedInput, ...]:
        """The tested values of a decision table; empty for any other logic."""
        if self.trace is None:
            return ()
        return tuple(
            EvaluatedInput(id_, name, value)
            for (id_, name), value in zip(
                self.trace.columns.inputs, self.trace.tested, strict=False
            )
        )

    @property
    def matched_rules(self) -> tuple[MatchedRule, ...]:
        """The rules of a decision table that counted, in the order of the table."""
        if self.trace is None:
            return ()
        columns = self.trace.columns
        return tuple(
            MatchedRule(columns.rules[index], index + 1, _outputs(columns, values))
            for index, values in zip(self.trace.hits, self.trace.values, strict=True)
        )


def _outputs(columns: Columns, values: Sequence[Any]) -> tuple[EvaluatedOutput, ...]:
    return tuple(
        EvaluatedOutput(id_, name, value)
        for (id_, name), value in zip(columns.outputs, values, strict=True)
    )


class Result(Struct, frozen=True):
    """The answer of `Model.evaluate`. `diagnostics` are those of all decisions, and of a service."""

    value: Any
    decisions: tuple[EvaluatedDecision, ...]
    diagnostics: tuple[Diagnostic, ...] = ()
    failed: str | None = None
    failure_message: str = ""
