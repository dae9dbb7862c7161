"""`remit deploy`: models to the broker, all of them or none."""

from __future__ import annotations

from pathlib import Path

import click

from remit.cli.connection import Connection, connected
from remit.protocol.wire.stubs import gateway_pb2 as pb


@click.command("deploy")
@connected
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False))
def deploy_command(connection: Connection, files: tuple[str, ...]) -> None:
    """Deploy FILES together: all of them or none."""
    resources = [pb.Resource(name=Path(f).name, content=Path(f).read_bytes()) for f in files]
    answer = connection.call("DeployResource", pb.DeployResourceRequest(resources=resources))
    connection.show_all(
        [
            {
                "process": each.process.bpmnProcessId,
                "version": each.process.version,
                "key": each.process.processDefinitionKey,
                "resource": each.process.resourceName,
            }
            for each in answer.deployments
        ]
    )
