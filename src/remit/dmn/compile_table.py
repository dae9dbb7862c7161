"""Compiling decision tables: columns, cells, outputs; what is wrong with one is noted at its place."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from remit import feel
from remit.dmn.cells import constant_value
from remit.dmn.index import Column, Index
from remit.dmn.place import Code, Place, null
from remit.dmn.result import Columns
from remit.dmn.table import CompiledTable, Rules
from remit.dmn.types import Fit, Types, fitted, fitting
from remit.feel.evaluation import Evaluation
from remit.model.dmn.graph import HitPolicy, Rule, Table, TableInput, TableOutput, Text


def compile_table(types: Types, table: Table, place: Place) -> CompiledTable:
    """The code of a table."""
    _check_shape(table, place)
    columns = [
        Column([_cell(rule, number) for rule in table.rules], _cell_compiler(table, number, place))
        for number in range(len(table.inputs))
    ]
    allowed = [_allowed(each, place) for each in table.inputs]
    fits = [
        fitting(types.declared(each.type)) if place.has_fit_types else None
        for each in table.outputs
    ]
    return CompiledTable(
        columns=_columns(table),
        inputs=[_input(types, each, place) for each in table.inputs],
        allowed=allowed if any(allowed) else (),
        output_names=[each.name or each.label or each.id for each in table.outputs],
        defaults=_defaults(table, fits, place),
        ranks=[_ranks(types, table, each, place) for each in table.outputs],
        rules=_rules(table, fits, place),
        index=Index(columns, len(table.rules)),
        policy=table.hit_policy,
        aggregation=table.aggregation if table.hit_policy is HitPolicy.COLLECT else None,
        is_strict=place.dialect == "camunda",
    )


def _columns(table: Table) -> Columns:
    """An input is shown by its label or expression, an output by its label or name."""
    return Columns(
        tuple((each.id, each.label or each.expression.text.strip()) for each in table.inputs),
        tuple((each.id, each.label or each.name) for each in table.outputs),
        tuple(rule.id for rule in table.rules),
    )


def _input(types: Types, column: TableInput, place: Place) -> Code:
    text = column.expression
    code = place.expression(text.text, text.id or column.id, text.line, text.language)
    return fitted(code, _fit(types, text.type, place))


def _fit(types: Types, reference: str, place: Place) -> Fit | None:
    return fitting(types.declared(reference)) if place.has_fit_types else None


def _allowed(column: TableInput, place: Place) -> Code | None:
    allowed = column.allowed
    if not place.has_fit_types or allowed is None or not allowed.text.strip():
        return None
    return place.tests(allowed.text, allowed.id, allowed.line, allowed.language)


def _defaults(table: Table, fits: Sequence[Fit | None], place: Place) -> Sequence[Code] | None:
    """The code of the default outputs, null for a column without one; None when no column has."""
    texts = [each.default for each in table.outputs]
    if not any(text is not None and text.text.strip() for text in texts):
        return None
    return [fitted(_default(text, place), fit) for text, fit in zip(texts, fits, strict=True)]


def _default(text: Text | None, place: Place) -> Code:
    if text is None or not text.text.strip():
        return null
    return place.expression(text.text, text.id, text.line, text.language)


def _ranks(types: Types, table: Table, column: TableOutput, place: Place) -> Sequence[Any]:
    """The allowed values in their order; they are written as tests, and read as a list."""
    if table.hit_policy not in (HitPolicy.PRIORITY, HitPolicy.OUTPUT_ORDER):
        return ()
    allowed = column.allowed or types.allowed(column.type)
    if allowed is None or not allowed.text.strip():
        return ()
    code = place.expression(f"[{allowed.text}]", allowed.id, allowed.line, allowed.language)
    try:
        values = code({}, _still())
    except feel.FeelError:
        return ()
    return values or ()


def _still(warnings: list[tuple[str, str]] | None = None) -> Evaluation:
    """An evaluation of constants: they look at no clock."""
    return Evaluation(datetime(1970, 1, 1, tzinfo=UTC), float, str, warnings)


def _rules(table: Table, fits: Sequence[Fit | None], place: Place) -> Rules:
    """Cells with the same text in the same column share their code."""
    known: dict[tuple[int, str], tuple[Code, tuple[Any] | None]] = {}
    constants: list[Sequence[Any] | None] = []
    codes: list[Sequence[Code]] = []
    for rule in table.rules:
        row = []
        for number, (cell, fit) in enumerate(zip(rule.outputs, fits, strict=False)):
            found = known.get((number, cell.text))
            if found is None:
                found = known[number, cell.text] = _output(cell, fit, place)
            row.append(found)
        values = [constant[0] for _, constant in row if constant is not None]
        constants.append(values if len(values) == len(row) else None)
        codes.append([code for code, _ in row])
    return Rules(constants, codes, None not in constants)


def _output(cell: Text, fit: Fit | None, place: Place) -> tuple[Code, tuple[Any] | None]:
    """The code of a cell, and its value when it is a literal that fits without a warning."""
    constant = constant_value(cell.text)
    if constant is None:
        return fitted(place.expression(cell.text, cell.id, cell.line, cell.language), fit), None
    (value,) = constant
    code = fitted(lambda scope, run: value, fit)
    warnings: list[tuple[str, str]] = []
    found = code({}, _still(warnings))
    return code, None if warnings else (found,)


def _cell(rule: Rule, number: int) -> str:
    return rule.tests[number].text if number < len(rule.tests) else "-"


def _cell_compiler(table: Table, number: int, place: Place) -> Callable[[str, int], Code]:
    def compile_cell(text: str, rule: int) -> Code:
        cell = table.rules[rule].tests[number]
        return place.tests(text, cell.id, cell.line, cell.language)

    return compile_cell


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
