"""`remit create`: start an instance of a process."""

from __future__ import annotations

import click

from remit.cli.connection import Connection, connected, variables_option
from remit.protocol.wire.stubs import gateway_pb2 as pb


@click.command("create")
@connected
@click.argument("process")
@variables_option
@click.option("--version", default=-1, help="Which version; the latest when it is left out.")
@click.option("--start-at", multiple=True, help="Begin at this element (repeat for several).")
@click.option("--end-after", multiple=True, help="End the instance after this element.")
@click.option("--with-result", is_flag=True, help="Wait for the end and show the variables.")
@click.option("--timeout", default=15.0, show_default=True, help="Seconds to wait for the result.")
def create_command(
    connection: Connection,
    process: str,
    variables: str,
    version: int,
    start_at: tuple[str, ...],
    end_after: tuple[str, ...],
    with_result: bool,
    timeout: float,
) -> None:
    """Create an instance of PROCESS (its id in the model)."""
    request = pb.CreateProcessInstanceRequest(
        bpmnProcessId=process,
        version=version,
        variables=variables,
        startInstructions=[
            pb.ProcessInstanceCreationStartInstruction(elementId=each) for each in start_at
        ],
        runtimeInstructions=[
            pb.ProcessInstanceCreationRuntimeInstruction(
                terminate=pb.TerminateProcessInstanceInstruction(afterElementId=each)
            )
            for each in end_after
        ],
    )
    if with_result:
        awaited = pb.CreateProcessInstanceWithResultRequest(
            request=request, requestTimeout=int(timeout * 1000)
        )
        answer = connection.call("CreateProcessInstanceWithResult", awaited, timeout=timeout + 5)
    else:
        answer = connection.call("CreateProcessInstance", request)
    row: dict[str, object] = {
        "instance": answer.processInstanceKey,
        "process": answer.bpmnProcessId,
        "version": answer.version,
    }
    if with_result:
        row["variables"] = answer.variables
    connection.show(row)
