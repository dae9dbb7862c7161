"""`remit feel`: try an expression."""

from __future__ import annotations

import sys

import click
import msgspec

from remit import feel
from remit.cli.connection import REFUSED, JsonObject


@click.command("feel")
@click.argument("expression")
@click.option("--context", type=JsonObject(), default="{}", help="The variables, as JSON.")
@click.option("--explain", is_flag=True, help="Say why a part of it is null.")
def feel_command(expression: str, context: str, explain: bool) -> None:
    """Evaluate EXPRESSION (a leading = is ignored)."""
    try:
        compiled = feel.compile(expression.removeprefix("="))
        result = compiled.evaluate_explained(msgspec.json.decode(context))
    except feel.FeelError as fault:
        click.echo(str(fault), err=True)
        sys.exit(REFUSED)
    click.echo(msgspec.json.encode(feel.to_json(result.value)).decode())
    if explain:
        for kind, message in result.warnings:
            click.echo(f"{kind}: {message}", err=True)
