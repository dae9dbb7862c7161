"""`remit cancel`: end an instance."""

from __future__ import annotations

import click

from remit.cli.connection import Connection, breaking_glass, connected
from remit.protocol.wire.stubs import gateway_pb2 as pb


@click.command("cancel")
@connected
@breaking_glass
@click.argument("instance", type=int)
def cancel_command(connection: Connection, instance: int) -> None:
    """Cancel the process instance with the key INSTANCE."""
    request = pb.CancelProcessInstanceRequest(processInstanceKey=instance)
    connection.call("CancelProcessInstance", request)
    connection.show({"cancelled": instance})
