"""`remit create`: start an instance of a process."""

from __future__ import annotations

from pathlib import Path

import click
import msgspec

from remit.cli.connection import Connection, connected, variables_option
from remit.protocol.values import POLICY
from remit.protocol.wire.stubs import gateway_pb2 as pb

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command("create")
@connected
@click.argument("process")
@variables_option
@click.option(
    "--policy", "policies", type=FILE, multiple=True,
    help="A signed grant that the instance carries, as `remit policy mint` prints it (repeat).",
)  # fmt: skip
@click.option("--version", default=-1, help="Which version; the latest when it is left out.")
@click.option("--start-at", multiple=True, help="Begin at this element (repeat for several).")
@click.option("--end-after", multiple=True, help="End the instance after this element.")
@click.option("--with-result", is_flag=True, help="Wait for the end and show the variables.")
@click.option("--timeout", default=15.0, show_default=True, help="Seconds to wait for the result.")
def create_command(
    connection: Connection,
    process: str,
    variables: str,
    policies: tuple[Path, ...],
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
        variables=_with_policy(variables, policies),
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


def _tokens(path: Path) -> list[str]:
    """The signed blocks in a file; wrong usage when it holds something else."""
    tokens = path.read_text(errors="replace").split()
    if not tokens or any(token.count(".") != 2 for token in tokens):
        raise click.UsageError(
            f"{path.name} holds no signed grant: `remit policy mint POLICY` signs one, and prints it"
        )
    return tokens


def _with_policy(variables: str, policies: tuple[Path, ...]) -> str:
    """The variables with the tokens of all these files."""
    if not policies:
        return variables
    document = msgspec.json.decode(variables)
    if POLICY in document:
        raise click.UsageError(f"give the policy by --policy or as '{POLICY}', not both")
    tokens = [token for path in policies for token in _tokens(path)]
    return msgspec.json.encode({**document, POLICY: tokens}).decode()
