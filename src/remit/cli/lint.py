"""`remit lint`: what deployment would refuse, without a broker.

Exit codes: 0 fine (warnings included), 1 something would be refused, 2 wrong usage.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import click
import msgspec
from rich.console import Console
from rich.markup import escape

from remit import dmn
from remit.cli.tables import boxed
from remit.engine.played import unplayed
from remit.model.bpmn import read
from remit.model.bpmn.rules import RULES
from remit.model.finding import Finding

REFUSED = 1
Check = Callable[[Path], Iterator[Finding]]


def _bpmn(path: Path) -> Iterator[Finding]:
    definitions = read(path.read_bytes(), path.name)
    yield from definitions.findings
    for process in definitions.processes:
        yield from unplayed(process)


def _dmn(path: Path) -> Iterator[Finding]:
    try:
        yield from dmn.load(path).findings
    except dmn.DmnError as fault:
        yield Finding(path.name, None, 0, "dmn", str(fault), "correct the file")


CHECKS: dict[str, Check] = {".bpmn": _bpmn, ".xml": _bpmn, ".dmn": _dmn}


@click.command("lint")
@click.argument(
    "files", nargs=-1, type=click.Path(exists=True, dir_okay=False, path_type=Path)
)  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="A JSON array, one object per finding.")
@click.option("--rules", is_flag=True, help="List the rules of BPMN files and what they ask.")
def lint_command(files: tuple[Path, ...], as_json: bool, rules: bool) -> None:
    """Say what is wrong with the BPMN and DMN FILES; exit 1 when deployment would refuse one."""
    if rules:
        _show_rules()
        return
    if not files:
        raise click.UsageError("name one file at least")
    found = [(path, finding) for path in files for finding in _findings(path)]
    if as_json:
        rows = [_row(path, finding) for path, finding in found]
        click.echo(msgspec.json.format(msgspec.json.encode(rows)).decode())
    else:
        _show(files, found)
    sys.exit(REFUSED if any(finding.is_error for _, finding in found) else 0)


def _findings(path: Path) -> list[Finding]:
    """In the order of the file; a file has the kind that its ending says."""
    check = CHECKS.get(path.suffix.lower())
    if check is None:
        raise click.UsageError(f"{path}: only {', '.join(CHECKS)} files are checked")
    return sorted(check(path), key=lambda finding: finding.line)


def _row(path: Path, finding: Finding) -> dict[str, object]:
    return {
        "file": str(path),
        "line": finding.line,
        "elementId": finding.element_id,
        "elementName": finding.element_name,
        "severity": _severity(finding),
        "rule": finding.rule,
        "message": finding.message,
        "fix": finding.fix,
    }


def _severity(finding: Finding) -> str:
    return "error" if finding.is_error else "warning"


def _show(files: tuple[Path, ...], found: list[tuple[Path, Finding]]) -> None:
    console = Console(highlight=False, soft_wrap=True)
    for path in files:
        of_file = [finding for at, finding in found if at == path]
        if of_file:
            console.print(f"[bold]{escape(str(path))}[/]")
        for finding in of_file:
            _show_finding(console, finding)
    errors = sum(finding.is_error for _, finding in found)
    warnings = len(found) - errors
    console.print(f"{_count(len(files), 'file')}: {_count(errors, 'error')}, "
                  f"{_count(warnings, 'warning')}")  # fmt: skip


def _show_finding(console: Console, finding: Finding) -> None:
    style = "red" if finding.is_error else "yellow"
    name = f" '{escape(finding.element_name)}'" if finding.element_name else ""
    console.print(
        f"  {finding.line}: [{style}]{_severity(finding)}[/] {escape(finding.element_id)}{name}: "
        f"{escape(finding.message)} [dim]\\[{finding.rule}][/]\n      fix: {escape(finding.fix)}"
    )


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _show_rules() -> None:
    table = boxed("rule", "what it asks")
    for name, said in sorted(RULES.items()):
        table.add_row(name, said)
    Console().print(table)
