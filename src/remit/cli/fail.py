"""`remit fail`: fail a job by hand."""

from __future__ import annotations

import click

from remit.cli.connection import Connection, connected
from remit.protocol.wire.stubs import gateway_pb2 as pb


@click.command("fail")
@connected
@click.argument("job", type=int)
@click.option("--retries", required=True, type=int, help="How often it may be tried again.")
@click.option("--message", default="", help="What went wrong.")
@click.option("--backoff", default=0.0, help="Seconds before it is tried again.")
def fail_command(
    connection: Connection, job: int, retries: int, message: str, backoff: float
) -> None:
    """Fail the JOB with this key."""
    request = pb.FailJobRequest(
        jobKey=job, retries=retries, errorMessage=message, retryBackOff=int(backoff * 1000)
    )
    connection.call("FailJob", request)
    connection.show({"failed": job, "retries": retries})
