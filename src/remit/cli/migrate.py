"""`remit migrate`: let an instance go on in another definition."""

from __future__ import annotations

import click

from remit.cli.connection import Connection, breaking_glass, connected
from remit.protocol.wire.stubs import gateway_pb2 as pb


@click.command("migrate")
@connected
@breaking_glass
@click.argument("instance", type=int)
@click.argument("definition", type=int)
@click.option("--map", "pairs", multiple=True, help="SOURCE=TARGET, for each active element.")
def migrate_command(
    connection: Connection, instance: int, definition: int, pairs: tuple[str, ...]
) -> None:
    """Migrate the process instance INSTANCE to the process definition with the key DEFINITION."""
    message = pb.MigrateProcessInstanceRequest
    mapping = [pair.partition("=") for pair in pairs]
    if not all(source and target for source, _, target in mapping):
        raise click.BadParameter("a mapping is SOURCE=TARGET", param_hint="--map")
    request = message(
        processInstanceKey=instance,
        migrationPlan=message.MigrationPlan(
            targetProcessDefinitionKey=definition,
            mappingInstructions=[
                message.MappingInstruction(sourceElementId=source, targetElementId=target)
                for source, _, target in mapping
            ],
        ),
    )
    connection.call("MigrateProcessInstance", request)
    connection.show({"migrated": instance})
