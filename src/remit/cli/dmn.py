"""`remit dmn`: evaluate decisions, and run the compatibility kit."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click
import msgspec
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from remit import dmn, feel
from remit.cli.connection import REFUSED, JsonObject
from remit.cli.tables import boxed
from remit.dmn import tck
from remit.dmn.result import EvaluatedDecision
from remit.feel.texts import to_text
from remit.model.finding import line_of

_SHOWN_FAILURES = 40
_dialect = click.option(
    "--dialect", type=click.Choice(["camunda", "dmn"]), default="camunda", show_default=True,
    help="Zeebe's reading of the file, or the standard's.",
)  # fmt: skip
_file = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group("dmn")
def dmn_group() -> None:
    """Evaluate decisions, and check how well we do it."""


@dmn_group.command("eval")
@click.argument("file", type=_file)
@click.argument("decision")
@click.option("--input", "inputs", type=JsonObject(), default="{}", help="The inputs, as JSON.")
@click.option("--import", "imports", type=_file, multiple=True, help="A file that FILE imports.")
@click.option("--explain", is_flag=True, help="Show every decision, and which rules were hit.")
@_dialect
def eval_command(
    file: Path, decision: str, inputs: str, imports: tuple[Path, ...], explain: bool, dialect: Any
) -> None:
    """Evaluate DECISION (id or name, or a service) of FILE."""
    try:
        model = dmn.load((file, *imports), dialect=dialect)
        result = model.evaluate(decision, msgspec.json.decode(inputs))
    except dmn.DmnError as fault:
        click.echo(str(fault), err=True)
        sys.exit(REFUSED)
    for finding in model.findings:
        click.echo(f"{'error' if finding.is_error else 'warning'}: {line_of(finding)}", err=True)
    if explain:
        _explain(model, result)
    click.echo(msgspec.json.encode(feel.to_json(result.value)).decode())
    if result.failed is not None:
        click.echo(f"decision '{result.failed}' failed: {result.failure_message}", err=True)
        sys.exit(REFUSED)


def _explain(model: dmn.Model, result: dmn.Result) -> None:
    console = Console(stderr=True)
    for decision in result.decisions:
        console.print(f"[bold]{decision.name}[/] ({decision.id}) = {to_text(decision.value)}")
        if decision.trace is not None:
            console.print(_table_of(decision, model.rules_of(decision.id)))
        for kind, message in decision.diagnostics:
            console.print(f"  {kind}: {message}", style="yellow", markup=False)


def _table_of(decision: EvaluatedDecision, rules: Iterable[tuple[str, ...]]) -> Table:
    """The rules as they are written, those that were hit marked, above them what was tested."""
    assert decision.trace is not None
    columns = decision.trace.columns
    tested = {each.id: to_text(each.value) for each in decision.inputs}
    table = boxed("", "rule")
    for id_, name in columns.inputs:
        table.add_column(f"{name}\n= {tested.get(id_, '')}", overflow="fold")
    for _, name in columns.outputs:
        table.add_column(name, style="cyan", overflow="fold")
    hit = {rule.index for rule in decision.matched_rules}
    for index, cells in enumerate(rules, 1):
        mark = "▶" if index in hit else ""
        style = "bold green" if index in hit else "dim"
        table.add_row(mark, str(index), *cells, style=style)
    return table


@dmn_group.command("check")
@click.argument("files", type=_file, nargs=-1, required=True)
@_dialect
def check_command(files: tuple[Path, ...], dialect: Any) -> None:
    """Say what is wrong with FILES: a model and those it imports."""
    try:
        model = dmn.load(files, dialect=dialect)
    except dmn.DmnError as fault:
        click.echo(str(fault), err=True)
        sys.exit(REFUSED)
    for finding in model.findings:
        click.echo(f"{'error' if finding.is_error else 'warning'}: {line_of(finding)}")
    sys.exit(REFUSED if any(finding.is_error for finding in model.findings) else 0)


@dmn_group.command("tck")
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--csv", "csv_file", type=click.Path(dir_okay=False, path_type=Path),
              help="Write the results in the kit's own format.")  # fmt: skip
@click.option("--all", "show_all", is_flag=True, help="Show every failure.")
def tck_command(folder: Path, csv_file: Path | None, show_all: bool) -> None:
    """Run the DMN compatibility kit in FOLDER; exit 1 when a case fails."""
    console = Console()
    suites = list(tck.find_suites(folder))
    if not suites:
        console.print(f"there are no test files (*-test-NN.xml) below {folder}")
        sys.exit(REFUSED)
    outcomes = _run(suites, console)
    failures = [outcome for outcome in outcomes if not outcome.is_right]
    for outcome in failures if show_all else failures[:_SHOWN_FAILURES]:
        where = f"{outcome.suite.folder} {outcome.case.id}"
        console.print(f"{where}: {outcome.message}", style="red", markup=False)
    if len(failures) > _SHOWN_FAILURES and not show_all:
        console.print(f"… and {len(failures) - _SHOWN_FAILURES} more (--all)")
    console.print(_counts(outcomes))
    if csv_file is not None:
        with csv_file.open("w", encoding="utf-8") as file:
            tck.write_csv(outcomes, file)
    sys.exit(REFUSED if failures else 0)


def _run(suites: list[tck.Suite], console: Console) -> list[tck.Outcome]:
    columns = (
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
    )  # fmt: skip
    outcomes: list[tck.Outcome] = []
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("cases", total=sum(len(suite.cases) for suite in suites))
        for suite in suites:
            progress.update(task, description=suite.folder)
            outcomes.extend(tck.run_suite(suite))
            progress.advance(task, len(suite.cases))
    return outcomes


def _counts(outcomes: list[tck.Outcome]) -> Table:
    table = boxed("level", "cases", "right", "value expected", "null expected", "null, no reason")
    for each in tck.count(outcomes):
        values = f"{each.right - each.null_right} of {each.total - each.null_total}"
        nulls = f"{each.null_right} of {each.null_total}"
        table.add_row(
            each.level, str(each.total), f"{each.right} ({each.right / each.total:.2%})",
            values, nulls, str(each.silent),
        )  # fmt: skip
    return table
