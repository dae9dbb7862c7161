"""`remit complete`: complete a job by hand."""

from __future__ import annotations

import click

from remit.cli.connection import Connection, connected, variables_option
from remit.protocol.wire.stubs import gateway_pb2 as pb


@click.command("complete")
@connected
@click.argument("job", type=int)
@variables_option
def complete_command(connection: Connection, job: int, variables: str) -> None:
    """Complete the JOB with this key."""
    connection.call("CompleteJob", pb.CompleteJobRequest(jobKey=job, variables=variables))
    connection.show({"completed": job})
