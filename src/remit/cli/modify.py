"""`remit modify`: place tokens in an instance, and end elements of it."""

from __future__ import annotations

import click

from remit.cli.connection import Connection, connected, variables_option
from remit.protocol.wire.stubs import gateway_pb2 as pb


@click.command("modify")
@connected
@click.argument("instance", type=int)
@click.option("--activate", multiple=True, help="Place a token at this element.")
@click.option("--terminate", multiple=True, type=int, help="End the element instance of this key.")
@click.option("--ancestor", type=int, default=-1, help="Key of the scope to place tokens in.")
@variables_option
def modify_command(
    connection: Connection,
    instance: int,
    activate: tuple[str, ...],
    terminate: tuple[int, ...],
    ancestor: int,
    variables: str,
) -> None:
    """Change what the process instance INSTANCE is doing: everything that is asked, or nothing.

    Variables go to the process instance, before the tokens are placed.
    """
    modification = pb.ModifyProcessInstanceRequest
    request = modification(
        processInstanceKey=instance,
        activateInstructions=[
            modification.ActivateInstruction(
                elementId=each,
                ancestorElementInstanceKey=ancestor,
                variableInstructions=[modification.VariableInstruction(variables=variables)],
            )
            for each in activate
        ],
        terminateInstructions=[
            modification.TerminateInstruction(elementInstanceKey=each) for each in terminate
        ],
    )
    connection.call("ModifyProcessInstance", request)
    connection.show({"modified": instance})
