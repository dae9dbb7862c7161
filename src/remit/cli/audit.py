"""`remit audit`: check and explain a log without its broker.

FOLDER is a broker's data folder, or what `remit audit export` made of it. Exit codes of `verify`: 0
nothing is wrong, else by the gravest kind of finding (see `remit audit verify --help`); 1 what was
asked for is not there.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
import msgspec
from rich.console import Console
from rich.progress import Progress
from rich.table import Table
from rich.text import Text

from remit.audit.explaining import LEFT, Step, explain
from remit.audit.proving import check_proof, prove, read_proof
from remit.audit.reading import NoLog, export
from remit.audit.verifying import (
    EXIT_CODES,
    PartitionReport,
    Report,
    useful_workers,
    verify,
)
from remit.authority import AuthorityFault, read_key_ring
from remit.authority.checkpoint import cosign, notes_in, unchecked
from remit.authority.errors import BadProof
from remit.authority.redaction import check_disclosure, disclose, read_disclosure
from remit.base.errors import Unavailable
from remit.base.garbage import collect_seldom
from remit.cli.tables import boxed, harmless
from remit.partition.keys import read_signer
from remit.partition.log import ChainBroken

FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)
FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
ABSENT = 1
LISTED = 20
"""Findings that are printed; --json has all of them."""

WIDE = 200
"""Signs in a line of a table that goes into a file or another program."""


@click.group("audit")
def audit_group() -> None:
    """Check and explain a log without its broker."""


@contextmanager
def _refusing() -> Iterator[None]:
    try:
        yield
    except (AuthorityFault, NoLog, ChainBroken, Unavailable) as fault:
        click.echo(f"Refused: {fault}", err=True)
        sys.exit(ABSENT)


@audit_group.command(
    "verify",
    epilog="Exit codes: 0 fine, " + ", ".join(f"{n} {kind}" for kind, n in EXIT_CODES.items()),
)
@click.argument("folder", type=FOLDER)
@click.option("--keys", type=FILE, required=True, help="A JWK set of public keys.")
@click.option("--since", type=FILE, multiple=True, help="A checkpoint that was kept elsewhere.")
@click.option("--witness", multiple=True, help="NAME=KID: must have signed the last checkpoint.")
@click.option(
    "--workers",
    type=click.IntRange(1),
    help="Processes that share the work; by default as many as help.",
)
@click.option("--json", "as_json", is_flag=True, help="The whole report, for programs.")
def verify_command(
    folder: Path,
    keys: Path,
    since: tuple[Path, ...],
    witness: tuple[str, ...],
    workers: int | None,
    as_json: bool,
) -> None:
    """Check every record in FOLDER: chain, checkpoints, policies, admissions, decisions, trust."""
    witnesses = [(name, kid) for name, _, kid in (each.partition("=") for each in witness)]
    with _refusing(), Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("reading the log", total=None)
        collect_seldom()
        report = verify(
            folder,
            read_key_ring(keys.read_bytes()),
            since=[_note(path) for path in since],
            witnesses=witnesses,
            progress=lambda turns: progress.update(task, description=f"{turns:,} turns"),
            workers=workers or useful_workers(folder),
        )
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(report)).decode())
    else:
        _show(report)
    sys.exit(report.exit_code)


def _show(report: Report) -> None:
    console = Console()
    for part in report.partitions:
        console.print(_summary(part), highlight=False, soft_wrap=True)
        for finding in part.findings[:LISTED]:
            console.print(f"  [red]{finding.kind}[/] at {finding.position}: ", end="")
            console.print(harmless(finding.text), markup=False, highlight=False, soft_wrap=True)
        if len(part.findings) > LISTED:
            console.print(f"  and {len(part.findings) - LISTED} more: see --json")
        if part.turns and not part.checkpoints and not part.findings:
            console.print(f"  [yellow]{_UNSIGNED}[/]", highlight=False, soft_wrap=True)
    if report.exit_code:
        console.print("[red]This log is not what it should be.[/]")
    else:
        console.print("[green]Nothing is wrong with this log.[/]")


_UNSIGNED = (
    "nothing of it is signed, so whoever owns the machine could have written it anew: sign it with "
    "`remit serve --audit-key`, and keep what is in checkpoints/ elsewhere, for --since"
)


def _summary(part: PartitionReport) -> str:
    unsigned = part.turns - part.signed
    signed = f"{part.checkpoints} checkpoints, {unsigned} turns not signed yet"
    return (
        f"partition {part.partition}: {part.turns:,} turns to position {part.position:,}; "
        f"{part.instances:,} governed instances, {part.decisions:,} decisions asked again "
        f"({part.rejections:,} rejections); {signed if part.checkpoints else 'no checkpoints'}"
    )


@audit_group.command("explain")
@click.argument("folder", type=FOLDER)
@click.option("--instance", type=int, required=True, help="The key of a process instance.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object per step.")
def explain_command(folder: Path, instance: int, as_json: bool) -> None:
    """Tell how an instance went: each step, who took it, and the clause that allowed or denied it."""
    with _refusing():
        steps = list(explain(folder, instance))
    if not steps:
        click.echo(f"Instance {instance} is not in this log, or carries no policy.", err=True)
        sys.exit(ABSENT)
    if as_json:
        for step in steps:
            click.echo(msgspec.json.encode(step).decode())
        return
    console = Console()
    if not console.is_terminal:
        console = Console(width=WIDE)  # nobody reads it line by line: words stay whole
    console.print(_table(steps))


def _table(steps: list[Step]) -> Table:
    table = boxed("position", "step", "who", "decided by", "trust", "slope")
    for step in steps:
        about = f" ({step.about})" if step.about else ""
        who = f"{step.actor} by {step.method}" if step.method else step.actor
        clauses = ", ".join(step.clauses)
        verdict = Text(harmless(clauses))
        if step.reason == LEFT:
            verdict = Text(f"{LEFT}: {harmless(clauses)}")
        elif not step.admitted:
            denied = (f"denied, {step.reason}:", "red")
            verdict = Text.assemble(denied, f" {harmless(clauses)}")
        if step.broken_glass:
            verdict.append(f"; glass broken: {harmless(step.broken_glass)}", "yellow")
        done = f"{step.action} {step.element}{about}"
        table.add_row(
            str(step.position), Text(harmless(done)), Text(harmless(who)), verdict,
            "" if step.trust < 0 else str(step.trust), step.head[:12],
        )  # fmt: skip
    return table


@audit_group.command("prove")
@click.argument("folder", type=FOLDER)
@click.option("--record", type=int, required=True, help="The position of a record.")
@click.option("--partition", type=int, default=1, show_default=True)
def prove_command(folder: Path, record: int, partition: int) -> None:
    """Print the proof that a record is in the signed log; it shows nothing else of the log."""
    with _refusing():
        proof = prove(folder, partition, record)
    click.echo(msgspec.json.format(msgspec.json.encode(proof)).decode())


@audit_group.command("check")
@click.argument("proof", type=FILE)
@click.option("--keys", type=FILE, required=True, help="A JWK set of public keys.")
def check_command(proof: Path, keys: Path) -> None:
    """Check a PROOF that `prove` has printed; show the record and when it was in which log."""
    with _refusing():
        content = read_proof(proof.read_bytes())
        checkpoint, turn = check_proof(content, read_key_ring(keys.read_bytes()))
    click.echo(
        f"Proven: record {content.record} is in {checkpoint.origin}, among its first "
        f"{checkpoint.size} turns."
    )
    by = harmless(turn.header.actor.id or "anonymous")
    click.echo(f"{turn.command} by {by} at {turn.timestamp}")
    for position, event in enumerate(turn.events, turn.position + 1):
        if position == content.record:
            shown = {"event": type(event).__name__, **msgspec.structs.asdict(event)}
            click.echo(msgspec.json.encode(msgspec.to_builtins(shown)).decode())


@audit_group.command("disclose")
@click.option("--instance", type=int, required=True, help="The key of a process instance.")
@click.option("--variable", required=True, help="The name of a personal variable.")
@click.option("--value", required=True, help="Its value, as JSON.")
@click.option("--holder-key", required=True, help="KID=FILE: the key that binds policies.")
def disclose_command(instance: int, variable: str, value: str, holder_key: str) -> None:
    """Print what proves that a VALUE is behind a hash in exported records; it tells of no other."""
    with _refusing():
        try:
            found = msgspec.json.decode(value)
        except msgspec.DecodeError:
            raise click.UsageError(
                f"{value!r} is not JSON: text is given in double quotes"
            ) from None
        shown = disclose(read_signer(holder_key), str(instance), variable, found)
    click.echo(msgspec.json.format(msgspec.json.encode(shown)).decode())


@audit_group.command("confirm")
@click.argument("disclosure", type=FILE)
@click.option("--keys", type=FILE, required=True, help="A JWK set of public keys.")
def confirm_command(disclosure: Path, keys: Path) -> None:
    """Check a DISCLOSURE that `disclose` has printed, and show the hash that it is behind."""
    with _refusing():
        shown = read_disclosure(disclosure.read_bytes())
        withheld = check_disclosure(shown, read_key_ring(keys.read_bytes()))
    value = msgspec.json.encode(shown.value).decode()
    click.echo(f"{shown.variable} of instance {shown.instance} is {value} where the records say")
    click.echo(withheld.digest)


@audit_group.command("export")
@click.argument("folder", type=FOLDER)
@click.argument("to", type=click.Path(path_type=Path))
def export_command(folder: Path, to: Path) -> None:
    """Copy the logs and checkpoints of a data FOLDER to a new folder, for an auditor."""
    with _refusing():
        try:
            count = export(folder, to)
        except FileExistsError:
            raise click.UsageError(f"{to} is there already") from None
        except OSError as fault:
            raise click.UsageError(f"{to} can't be written: {fault.strerror}") from None
    click.echo(f"{count} batches of the log copied to {to}.")


@audit_group.command("witness")
@click.argument("note", type=FILE)
@click.option("--name", required=True, help="The name of this witness.")
@click.option("--key", required=True, help="KID=FILE: the witness's private key.")
@click.option(
    "--at", type=click.IntRange(0, 1 << 53), help="The time, in seconds since 1970; now by default."
)
def witness_command(note: Path, name: str, key: str, at: int | None) -> None:
    """Sign a checkpoint that somebody else signed: the last one in NOTE with one more signature."""
    with _refusing():
        last = notes_in(_note(note))[-1]
        click.echo(
            cosign(last, name, read_signer(key), int(time.time()) if at is None else at), nl=False
        )


def _note(path: Path) -> str:
    """The text of a file with checkpoints. Raises `BadProof` for a file with none."""
    text = path.read_text(errors="replace")
    try:
        for note in notes_in(text) or [text]:
            unchecked(note)
    except BadProof as fault:
        raise BadProof(f"{path.name} holds no signed checkpoints: {fault}") from None
    return text
