"""`remit list`: what is there, the newest first."""

from __future__ import annotations

import click

from remit.cli.entities import Kind, KindOf
from remit.cli.rest import RestConnection, reading


@click.command("list")
@reading
@click.argument("kind", type=KindOf())
@click.option("--process", default="", help="Of this process (its id).")
@click.option("--instance", default="", help="Of this process instance (its key).")
@click.option("--state", default="", help="In this state, e.g. active.")
@click.option(
    "--limit", type=click.IntRange(1, 10_000), default=20, show_default=True, help="How many."
)
def list_command(
    connection: RestConnection, kind: Kind, process: str, instance: str, state: str, limit: int
) -> None:
    """List a KIND (e.g. process-instances or pi), the newest first."""
    wanted = {}
    for name, value in (
        ("processDefinitionId", process),
        ("processInstanceKey", instance),
        ("messageSubscriptionState" if kind.short == "msg" else "state", state),
    ):
        if not value:
            continue
        if name not in kind.entity.fields and name not in kind.entity.hidden:
            raise click.UsageError(
                f"{kind.name} have no {name}: `remit search` knows what they have"
            )
        wanted[name] = value
    body = {
        "filter": wanted,
        "sort": [{"field": kind.newest, "order": "desc"}],
        "page": {"limit": limit},
    }
    connection.show_rows(lambda: connection.find(kind.path, body), kind.columns)
