"""`remit get`: one thing, with all that is known of it."""

from __future__ import annotations

from typing import Any

import click
from rich.console import ConsoleRenderable, Group
from rich.text import Text

from remit.cli.entities import KINDS, Kind, KindOf
from remit.cli.rest import RestConnection, Row, reading, shown, table_of
from remit.cli.tables import Rows

_INSIDE = (
    ("Elements", "element-instances", "elementId type state hasIncident startDate endDate"),
    ("Variables", "variables", "name value scopeKey"),
    ("Incidents", "incidents", "incidentKey errorType errorMessage state elementId"),
    ("Waiting for", "element-instances/wait-states", "elementId elementType details"),
)
"""What the page of a process instance shows beneath it."""


@click.command("get")
@reading
@click.argument("kind", type=KindOf())
@click.argument("key")
def get_command(connection: RestConnection, kind: Kind, key: str) -> None:
    """Show the one of a KIND (e.g. process-instance or pi) that has this KEY.

    A process instance is shown with its elements, variables, incidents and what it waits for; with
    --watch until it has ended.
    """
    if not kind.one:
        ones = ", ".join(each.name for each in KINDS if each.one)
        raise click.UsageError(f"{kind.name} can be searched, not looked up; there are {ones}")
    path = f"{kind.path}/{key}"
    if connection.as_json:
        connection.show_rows(lambda: [connection.ask("GET", path)], ())
    else:
        connection.show_live(lambda: _page(connection, kind, connection.ask("GET", path), key))


def _page(
    connection: RestConnection, kind: Kind, row: Row, key: str
) -> tuple[ConsoleRenderable, bool]:
    """What to draw, and whether it has ended."""
    parts: list[ConsoleRenderable] = [_properties(row)]
    if kind.short == "pi":
        for title, path, columns in _INSIDE:
            rows = connection.find(f"/{path}", {"filter": {"processInstanceKey": key}})
            if rows:
                drawn = table_of(rows, columns.split())
                parts += [Text(f"\n{title}", style="bold underline"), drawn]
    return Group(*parts), row.get("state") in ("COMPLETED", "TERMINATED", "CANCELED", "RESOLVED")


def _properties(row: dict[str, Any] | Row) -> Rows:
    pairs = [(name, shown(value)) for name, value in row.items()]
    return Rows(("key", "value"), pairs, titles=False)
