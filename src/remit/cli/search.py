"""`remit search`: what fulfils conditions."""

from __future__ import annotations

import click

from remit.cli.conditions import WrongCondition, filter_of
from remit.cli.entities import Kind, KindOf
from remit.cli.rest import RestConnection, reading


@click.command("search")
@reading
@click.argument("kind", type=KindOf())
@click.argument("conditions", nargs=-1)
@click.option("--sort", default="", help="PROPERTY, or PROPERTY:desc; the newest first by default.")
@click.option(
    "--limit", type=click.IntRange(1, 10_000), default=100, show_default=True, help="How many."
)
def search_command(
    connection: RestConnection, kind: Kind, conditions: tuple[str, ...], sort: str, limit: int
) -> None:
    """Search a KIND (e.g. process-instances or pi) by CONDITIONS that all hold.

    \b
    state=ACTIVE  version>=2  processDefinitionId~order*  endDate?  endDate!?
    startDate>=2h (since two hours ago; 30m, 7d)  orderId:="o-1" (a variable)
    """
    try:
        wanted = filter_of(kind.entity, conditions)
    except WrongCondition as fault:
        raise click.UsageError(str(fault)) from fault
    name, _, order = (sort or f"{kind.newest}:desc").partition(":")
    body = {
        "filter": wanted,
        "sort": [{"field": name, "order": order or "asc"}],
        "page": {"limit": limit},
    }
    connection.show_rows(lambda: connection.find(kind.path, body), kind.columns)
