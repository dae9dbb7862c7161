"""`remit modify`: place tokens in an instance, move them, and end elements of it."""

from __future__ import annotations

from typing import Any

import click
import msgspec

from remit.cli.connection import Connection, breaking_glass, connected, variables_option


@click.command("modify")
@connected
@breaking_glass
@click.argument("instance", type=int)
@click.option("--activate", multiple=True, help="Place a token at this element.")
@click.option(
    "--move", "moved", multiple=True, help="SOURCE=TARGET: move the tokens at an element."
)
@click.option("--terminate", multiple=True, type=int, help="End the element instance of this key.")
@click.option("--ancestor", type=int, default=-1, help="Key of the scope to place tokens in.")
@variables_option
def modify_command(
    connection: Connection,
    instance: int,
    activate: tuple[str, ...],
    moved: tuple[str, ...],
    terminate: tuple[int, ...],
    ancestor: int,
    variables: str,
) -> None:
    """Change what the process instance INSTANCE is doing: everything that is asked, or nothing.

    Variables go to the process instance, before the tokens are placed.
    """
    document = msgspec.json.decode(variables)
    written = [{"variables": document}] if document else []
    body: dict[str, Any] = {
        "activateInstructions": [
            {
                "elementId": each, "ancestorElementInstanceKey": str(ancestor),
                "variableInstructions": written,
            }
            for each in activate
        ],
        "moveInstructions": [_move(each, written) for each in moved],
        "terminateInstructions": [{"elementInstanceKey": str(each)} for each in terminate],
    }  # fmt: skip
    connection.rest("POST", f"/process-instances/{instance}/modification", body)
    connection.show({"modified": instance})


def _move(given: str, written: list[dict[str, Any]]) -> dict[str, Any]:
    source, _, target = given.partition("=")
    if not source or not target:
        raise click.BadParameter("write SOURCE=TARGET", param_hint="--move")
    return {
        "sourceElementInstruction": {"sourceType": "byId", "sourceElementId": source},
        "targetElementId": target,
        "ancestorScopeInstruction": {"ancestorScopeType": "inferred"},
        "variableInstructions": written,
    }
