"""`remit suspend`: hold an instance."""

from __future__ import annotations

import click

from remit.cli.connection import Connection, breaking_glass, connected


@click.command("suspend")
@connected
@breaking_glass
@click.argument("instance", type=int)
def suspend_command(connection: Connection, instance: int) -> None:
    """Hold the process instance INSTANCE, with all it has called, until it is resumed."""
    connection.rest("POST", f"/process-instances/{instance}/suspension", {})
    connection.show({"suspended": instance})
