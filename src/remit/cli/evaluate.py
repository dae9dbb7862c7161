"""`remit evaluate`: evaluate a deployed decision."""

from __future__ import annotations

import click

from remit.cli.connection import Connection, connected, variables_option
from remit.protocol.wire.stubs import gateway_pb2 as pb


@click.command("evaluate")
@connected
@click.argument("decision")
@variables_option
def evaluate_command(connection: Connection, decision: str, variables: str) -> None:
    """Evaluate the DECISION with this id."""
    request = pb.EvaluateDecisionRequest(decisionId=decision, variables=variables)
    answer = connection.call("EvaluateDecision", request)
    connection.show({"decision": answer.decisionId, "output": answer.decisionOutput})
