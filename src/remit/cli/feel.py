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
@click.option(
    "--dialect",
    type=click.Choice(["camunda", "dmn"]),
    default="camunda",
    show_default=True,
    help="What Zeebe's models mean, or the DMN standard.",
)
@click.option("--explain", is_flag=True, help="Say why a part of it is null.")
def feel_command(expression: str, context: str, dialect: feel.Dialect, explain: bool) -> None:
    """Evaluate EXPRESSION (a leading = is ignored) and print its value as JSON.

    \b
    remit feel 'sum(orders.price) > limit' --context '{"orders": [{"price": 4}], "limit": 3}'
    remit feel 'date("2024-01-31") + duration("P1M")' --dialect dmn
    """
    variables = msgspec.json.decode(context)
    try:
        compiled = feel.compile(expression.removeprefix("="), dialect=dialect, names=variables)
        result = compiled.evaluate_explained(variables)
        shown = feel.to_json(result.value)
    except feel.FeelError as fault:
        click.echo(str(fault), err=True)
        sys.exit(REFUSED)
    click.echo(msgspec.json.encode(shown).decode())
    if explain:
        for kind, message in result.warnings:
            click.echo(f"{kind}: {message}", err=True)
