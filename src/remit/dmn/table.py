"""Decision tables (8.2, 8.3): inputs are evaluated and tested, rules hit, a policy makes the result.

In the dialect of the standard a value that is not among the allowed ones, or a violated hit policy,
gives null with a warning; in Zeebe's the decision fails. When no rule holds the result is made of
the default outputs, and is null without.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from remit import feel
from remit.dmn.cells import constant_value
from remit.dmn.errors import DecisionFailed
from remit.dmn.hit_policy import SINGLE, choose
from remit.dmn.index import Column, Index
from remit.dmn.place import INPUT, Code, Place, Scope, code_of
from remit.dmn.result import Columns, Trace
from remit.dmn.types import Fit, Types, fitting
from remit.feel.evaluation import Evaluation
from remit.feel.texts import shortened
from remit.model.dmn.graph import (
    Aggregation,
    HitPolicy,
    Rule,
    Table,
    TableInput,
    TableOutput,
    Text,
)

Hits = Sequence[tuple[int, Sequence[Any]]]

_AGGREGATES: dict[Aggregation, Code] = {
    each: code_of(feel.compile(f"{each.value.lower()}(values)", dialect="dmn"))
    for each in Aggregation
}


@dataclass(frozen=True, slots=True)
class Input:
    code: Code
    fit: Fit | None
    allowed: Code | None
    name: str


@dataclass(frozen=True, slots=True)
class Output:
    """`ranks` are the allowed values, highest priority first."""

    name: str
    fit: Fit | None
    default: Code | None
    ranks: Sequence[Any]


@dataclass(frozen=True, slots=True)
class CompiledTable:
    columns: Columns
    inputs: Sequence[Input]
    outputs: Sequence[Output]
    rules: Sequence[Sequence[Code]]
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
        tested: list[Any] = []
        for each in self.inputs:
            value = each.code(scope, run)
            if each.fit is not None:
                value = each.fit(value, run)
            tested.append(value)
            if each.allowed is not None and not _is_allowed(each, value, scope, run):
                return None, Trace(self.columns, tested, ()), None
        is_first = self.policy is HitPolicy.FIRST
        matching = self.index.matching(tested, scope, run, first=is_first)
        hits = [(rule, self._outputs(rule, scope, run)) for rule in matching]
        trace = Trace(self.columns, tested, hits)
        try:
            return self._result(hits, scope, run), trace, None
        except DecisionFailed as failure:
            if self.is_strict:
                return None, trace, failure
            run.warn("FUNCTION_INVOCATION_FAILURE", str(failure))
            return None, trace, None

    def _outputs(self, rule: int, scope: Scope, run: Evaluation) -> list[Any]:
        values = []
        for output, code in zip(self.outputs, self.rules[rule], strict=True):
            value = code(scope, run)
            values.append(value if output.fit is None else output.fit(value, run))
        return values

    def _result(self, hits: Hits, scope: Scope, run: Evaluation) -> Any:
        if not hits:
            return self._default(scope, run)
        values = [each for _, each in hits]
        chosen = choose(self.policy, values, [output.ranks for output in self.outputs])
        if self.aggregation is not None:
            return self._aggregate([values[place][0] for place in chosen], run)
        if self.policy in SINGLE:
            return self._shaped(values[chosen[0]])
        return [self._shaped(values[place]) for place in chosen]

    def _shaped(self, values: Sequence[Any]) -> Any:
        """The value of a lone column, or a context of all by name."""
        if len(self.outputs) == 1:
            return values[0]
        return {output.name: value for output, value in zip(self.outputs, values, strict=True)}

    def _default(self, scope: Scope, run: Evaluation) -> Any:
        if all(output.default is None for output in self.outputs):
            return None
        values = []
        for output in self.outputs:
            value = None if output.default is None else output.default(scope, run)
            values.append(value if output.fit is None else output.fit(value, run))
        return self._shaped(values)

    def _aggregate(self, values: Sequence[Any], run: Evaluation) -> Any:
        if self.aggregation is Aggregation.COUNT:
            return len(values)
        assert self.aggregation is not None
        value = _AGGREGATES[self.aggregation]({"values": list(values)}, run)
        if value is None:
            raise DecisionFailed(
                f"{self.aggregation} needs values of one kind, but found {shortened(list(values))}"
            )
        return value


def _is_allowed(each: Input, value: Any, scope: Scope, run: Evaluation) -> bool:
    if value is None or each.allowed is None:
        return True
    if each.allowed({**scope, INPUT: value}, run) is True:
        return True
    run.warn("INVALID_TYPE", f"{shortened(value)} is no allowed input of '{each.name}'")
    return False


# --- compiling -------------------------------------------------------------------------------------


def compile_table(types: Types, table: Table, place: Place) -> CompiledTable:
    """The code of a table; what is wrong with it is noted at its place."""
    _check_shape(table, place)
    inputs = [_input(types, each, place) for each in table.inputs]
    outputs = [_output(types, each, table, place) for each in table.outputs]
    columns = [
        Column([_cell(rule, number) for rule in table.rules], _cell_compiler(table, number, place))
        for number in range(len(inputs))
    ]
    return CompiledTable(
        _columns(table, inputs, outputs),
        inputs,
        outputs,
        _output_codes(table, place),
        Index(columns, len(table.rules)),
        table.hit_policy,
        table.aggregation if table.hit_policy is HitPolicy.COLLECT else None,
        place.dialect == "camunda",
    )


def _columns(table: Table, inputs: Sequence[Input], outputs: Sequence[Output]) -> Columns:
    return Columns(
        tuple((each.id, shown.name) for each, shown in zip(table.inputs, inputs, strict=True)),
        tuple(
            (each.id, each.label or shown.name)
            for each, shown in zip(table.outputs, outputs, strict=True)
        ),
        tuple(rule.id for rule in table.rules),
    )


def _input(types: Types, column: TableInput, place: Place) -> Input:
    text = column.expression
    code = place.expression(text.text, text.id or column.id, text.line, text.language)
    fit = fitting(types.declared(text.type)) if place.has_fit_types else None
    allowed = None
    if place.has_fit_types and column.allowed is not None and column.allowed.text.strip():
        allowed = place.tests(column.allowed.text, column.allowed.id, column.allowed.line)
    return Input(code, fit, allowed, column.label or text.text.strip())


def _output(types: Types, column: TableOutput, table: Table, place: Place) -> Output:
    fit = fitting(types.declared(column.type)) if place.has_fit_types else None
    default = None
    if column.default is not None and column.default.text.strip():
        default = place.expression(
            column.default.text, column.default.id, column.default.line, column.default.language
        )
    ranks: Sequence[Any] = ()
    if table.hit_policy in (HitPolicy.PRIORITY, HitPolicy.OUTPUT_ORDER):
        ranks = _ranks(column.allowed or types.allowed(column.type), place)
    return Output(column.name or column.label or column.id, fit, default, ranks)


def _ranks(allowed: Text | None, place: Place) -> Sequence[Any]:
    """The allowed values as a list; they are written as tests, and read as literals."""
    if allowed is None or not allowed.text.strip():
        return ()
    code = place.expression(f"[{allowed.text}]", allowed.id, allowed.line, allowed.language)
    try:
        values = code({}, Evaluation(datetime(1970, 1, 1, tzinfo=UTC), float, str, None))
    except feel.FeelError:
        return ()
    return values or ()


def _cell(rule: Rule, number: int) -> str:
    return rule.tests[number].text if number < len(rule.tests) else "-"


def _cell_compiler(table: Table, number: int, place: Place) -> Callable[[str, int], Code]:
    def compile_cell(text: str, rule: int) -> Code:
        cell = table.rules[rule].tests[number]
        return place.tests(text, cell.id, cell.line, cell.language)

    return compile_cell


def _output_codes(table: Table, place: Place) -> list[list[Code]]:
    """Per rule its outputs; cells with the same text share their code."""
    known: dict[str, Code] = {}
    rows = []
    for rule in table.rules:
        row = []
        for cell in rule.outputs:
            code = known.get(cell.text)
            if code is None:
                code = known[cell.text] = _output_code(cell, place)
            row.append(code)
        rows.append(row)
    return rows


def _output_code(cell: Text, place: Place) -> Code:
    constant = constant_value(cell.text)
    if constant is None:
        return place.expression(cell.text, cell.id, cell.line, cell.language)
    (value,) = constant
    return lambda scope, run: value


def _check_shape(table: Table, place: Place) -> None:
    if not table.outputs:
        place.fault(table.id, table.line, "table-output", "it has no output", "add an output")
    for rule in table.rules:
        _check_rule(table, rule, place)
    names = [output.name or output.label for output in table.outputs]
    if len(names) > 1 and (not all(names) or len(set(names)) < len(names)):
        place.fault(
            table.id, table.line, "output-name",
            "it has several outputs, and they are not all named, each with its own name",
            "name every output",
        )  # fmt: skip
    if table.aggregation is None:
        return
    if table.hit_policy is not HitPolicy.COLLECT:
        place.fault(
            table.id, table.line, "aggregation",
            f"{table.aggregation} does nothing with the hit policy {table.hit_policy}",
            "use the hit policy COLLECT", is_error=False,
        )  # fmt: skip
    elif len(table.outputs) > 1:
        place.fault(
            table.id, table.line, "aggregation",
            f"{table.aggregation} takes one output, but there are {len(table.outputs)}",
            "remove the aggregation, or the other outputs",
        )  # fmt: skip


def _check_rule(table: Table, rule: Rule, place: Place) -> None:
    if len(rule.tests) != len(table.inputs) or len(rule.outputs) != len(table.outputs):
        place.fault(
            rule.id or table.id, rule.line, "rule",
            f"a rule has {len(rule.tests)} tests and {len(rule.outputs)} outputs, but the table "
            f"has {len(table.inputs)} inputs and {len(table.outputs)} outputs",
            "give the rule one cell for each column",
        )  # fmt: skip
