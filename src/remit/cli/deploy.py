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
    connection.show_all([_row(each) for each in answer.deployments])


def _row(each: pb.Deployment) -> dict[str, object]:
    """One deployed definition, whatever its kind."""
    kind = each.WhichOneof("Metadata")
    if kind == "decision":
        found = each.decision
        names = (found.dmnDecisionId, found.version, found.decisionKey, "")
    elif kind == "decisionRequirements":
        file = each.decisionRequirements
        names = (
            file.dmnDecisionRequirementsId, file.version, file.decisionRequirementsKey,
            file.resourceName,
        )  # fmt: skip
    else:
        process = each.process
        names = (
            process.bpmnProcessId, process.version, process.processDefinitionKey,
            process.resourceName,
        )  # fmt: skip
    return {
        "kind": kind,
        "id": names[0],
        "version": names[1],
        "key": names[2],
        "resource": names[3],
    }
