"""`remit delete`: take a definition out of use."""

from __future__ import annotations

import click

from remit.cli.connection import Connection, connected
from remit.protocol.wire.stubs import gateway_pb2 as pb


@click.command("delete")
@connected
@click.argument("resource", type=int)
def delete_command(connection: Connection, resource: int) -> None:
    """Delete the process, decision requirements or form with the key RESOURCE; what runs goes on."""
    connection.call("DeleteResource", pb.DeleteResourceRequest(resourceKey=resource))
    connection.show({"deleted": resource})
