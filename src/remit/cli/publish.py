"""`remit publish`: publish a message."""

from __future__ import annotations

import click

from remit.cli.connection import Connection, connected, variables_option
from remit.protocol.wire.stubs import gateway_pb2 as pb


@click.command("publish")
@connected
@click.argument("name")
@click.option("--key", default="", help="The correlation key.")
@variables_option
@click.option("--ttl", default=0.0, show_default=True, help="Seconds that it is kept.")
@click.option("--id", "message_id", default="", help="Published once while it lives.")
def publish_command(
    connection: Connection, name: str, key: str, variables: str, ttl: float, message_id: str
) -> None:
    """Publish the message NAME."""
    request = pb.PublishMessageRequest(
        name=name,
        correlationKey=key,
        variables=variables,
        timeToLive=int(ttl * 1000),
        messageId=message_id,
    )
    connection.show({"message": connection.call("PublishMessage", request).key})
