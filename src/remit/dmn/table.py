"""Decision tables (8.2, 8.3): inputs are evaluated and tested, rules hit, a policy makes the result.

In the dialect of the standard a value that is not among the allowed ones, or a violated hit policy,
gives null with a warning; in Zeebe's the decision fails. When no rule holds the result is made of
the default outputs, and is null without.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from remit import feel
from remit.dmn.errors import DecisionFailed
from remit.dmn.hit_policy import SINGLE, Ranks, choose
from remit.dmn.index import Index
from remit.dmn.place import INPUT, Code, Scope, code_of
from remit.dmn.result import Columns, Trace
from remit.feel.evaluation import Evaluation
from remit.feel.texts import shortened
from remit.model.dmn.graph import Aggregation, HitPolicy

_AGGREGATES: dict[Aggregation, Code] = {
    each: code_of(feel.compile(f"{each.value.lower()}(values)", dialect="dmn"))
    for each in Aggregation
}


@dataclass(frozen=True, slots=True)
class Rules:
    """The values of every rule: `constants` where all of its cells are literals, else by `codes`."""

    constants: Sequence[Sequence[Any] | None]
    codes: Sequence[Sequence[Code]]
    are_constant: bool

    def values(self, hits: Sequence[int], scope: Scope, run: Evaluation) -> list[Sequence[Any]]:
        """The values of the rules that were hit."""
        constants = self.constants
        if self.are_constant:
            return [constants[rule] for rule in hits]  # type: ignore[misc]
        return [constants[rule] or [code(scope, run) for code in self.codes[rule]] for rule in hits]


@dataclass(frozen=True, slots=True)
class CompiledTable:
    """`inputs` give the values that are tested, `allowed` says of each whether it may be.

    `defaults` are the values without a hit, `ranks` per output its values by priority.
    """

    columns: Columns
    inputs: Sequence[Code]
    allowed: Sequence[Code | None]
    output_names: Sequence[str]
    defaults: Sequence[Code] | None
    ranks: Ranks
    rules: Rules
    index: Index
    policy: HitPolicy
    aggregation: Aggregation | None
    is_strict: bool

    def value(self, scope: Scope, run: Evaluation) -> Any:
        """The table's value, where nobody asks how it came to it."""
        value, _, failure = self.decide(scope, run)
        if failure is not None:
            raise failure
        return value

    def decide(self, scope: Scope, run: Evaluation) -> tuple[Any, Trace, DecisionFailed | None]:
        """The value, how it came about, and why there is none (in Zeebe's dialect)."""
        tested = [read(scope, run) for read in self.inputs]
        if self.allowed and not self._are_allowed(tested, scope, run):
            return None, Trace(self.columns, tested, (), ()), None
        is_first = self.policy is HitPolicy.FIRST
        hits = self.index.matching(tested, scope, run, first=is_first)
        values = self.rules.values(hits, scope, run)
        trace = Trace(self.columns, tested, hits, values)
        try:
            return self._result(values, scope, run), trace, None
        except DecisionFailed as failure:
            if self.is_strict:
                return None, trace, failure
            run.warn("FUNCTION_INVOCATION_FAILURE", str(failure))
            return None, trace, None

    def _are_allowed(self, tested: Sequence[Any], scope: Scope, run: Evaluation) -> bool:
        """Null is always allowed: it is no value."""
        for allowed, value, column in zip(self.allowed, tested, self.columns.inputs, strict=True):
            if allowed is None or value is None:
                continue
            if allowed({**scope, INPUT: value}, run) is not True:
                message = f"{shortened(value)} is no allowed input of '{column[1]}'"
                run.warn("INVALID_TYPE", message)
                return False
        return True

    def _result(self, hits: Sequence[Sequence[Any]], scope: Scope, run: Evaluation) -> Any:
        if not hits:
            if self.defaults is None:
                return None
            return self._shaped([default(scope, run) for default in self.defaults])
        if self.aggregation is not None:
            return _aggregate(self.aggregation, [hit[0] for hit in hits], run)
        chosen = choose(self.policy, hits, self.ranks)
        if self.policy in SINGLE:
            return self._shaped(chosen[0])
        if len(self.output_names) == 1:
            return [hit[0] for hit in chosen]
        return [self._shaped(hit) for hit in chosen]

    def _shaped(self, values: Sequence[Any]) -> Any:
        """The value of a lone column, or a context of all by name."""
        if len(values) == 1:
            return values[0]
        return dict(zip(self.output_names, values, strict=True))


def _aggregate(aggregation: Aggregation, values: list[Any], run: Evaluation) -> Any:
    if aggregation is Aggregation.COUNT:
        return len(values)
    value = _AGGREGATES[aggregation]({"values": values}, run)
    if value is None:
        raise DecisionFailed(
            f"{aggregation} needs values of one kind, but found {shortened(values)}"
        )
    return value
