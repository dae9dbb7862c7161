"""`remit resolve`: let an instance go on where it stopped."""

from __future__ import annotations

import click

from remit.cli.connection import Connection, breaking_glass, connected
from remit.protocol.wire.stubs import gateway_pb2 as pb


@click.command("resolve")
@connected
@breaking_glass
@click.argument("incident", type=int)
@click.option("--job", type=int, help="Give this job new retries first.")
@click.option("--retries", default=1, show_default=True, help="How many, with --job.")
def resolve_command(connection: Connection, incident: int, job: int | None, retries: int) -> None:
    """Resolve the INCIDENT with this key."""
    if job is not None:
        request = pb.UpdateJobRetriesRequest(jobKey=job, retries=retries)
        connection.call("UpdateJobRetries", request)
    connection.call("ResolveIncident", pb.ResolveIncidentRequest(incidentKey=incident))
    connection.show({"resolved": incident})
