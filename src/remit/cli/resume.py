"""`remit resume`: let a suspended instance go on."""

from __future__ import annotations

import click

from remit.cli.connection import Connection, breaking_glass, connected


@click.command("resume")
@connected
@breaking_glass
@click.argument("instance", type=int)
def resume_command(connection: Connection, instance: int) -> None:
    """Let the suspended process instance INSTANCE go on; what came due meanwhile happens now."""
    connection.rest("POST", f"/process-instances/{instance}/resumption", {})
    connection.show({"resumed": instance})
