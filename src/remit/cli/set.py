"""`remit set`: set variables of an instance or element instance."""

from __future__ import annotations

import click

from remit.cli.connection import Connection, JsonObject, connected
from remit.protocol.wire.stubs import gateway_pb2 as pb


@click.command("set")
@connected
@click.argument("scope", type=int)
@click.argument("variables", type=JsonObject())
@click.option("--local", is_flag=True, help="In this scope alone, not merged upward.")
def set_command(connection: Connection, scope: int, variables: str, local: bool) -> None:
    """Set VARIABLES (a JSON object) at the instance with the key SCOPE."""
    request = pb.SetVariablesRequest(elementInstanceKey=scope, variables=variables, local=local)
    connection.show({"set": connection.call("SetVariables", request).key})
