"""`remit broadcast`: send a signal to everybody who listens."""

from __future__ import annotations

import click

from remit.cli.connection import Connection, connected, variables_option
from remit.protocol.wire.stubs import gateway_pb2 as pb


@click.command("broadcast")
@connected
@click.argument("signal")
@variables_option
def broadcast_command(connection: Connection, signal: str, variables: str) -> None:
    """Broadcast the signal with the name SIGNAL."""
    request = pb.BroadcastSignalRequest(signalName=signal, variables=variables)
    answer = connection.call("BroadcastSignal", request)
    connection.show({"signal": answer.key})
