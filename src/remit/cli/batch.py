"""`remit batch`: the same thing done to every process instance that a filter finds."""

from __future__ import annotations

import time
from typing import Any

import click
import msgspec

from remit.cli.connection import Connection, JsonObject, breaking_glass, connected

LOOK_SECONDS = 0.3

PATHS = {
    "cancel": "cancellation",
    "suspend": "suspension",
    "resume": "resumption",
    "migrate": "migration",
    "modify": "modification",
    "resolve": "incident-resolution",
    "delete": "deletion",
}
"""What can be done, and the REST operation that does it."""


@click.group("batch")
def batch_group() -> None:
    """Do the same thing to every process instance that a filter finds."""


@batch_group.command("start")
@connected
@breaking_glass
@click.argument("action", type=click.Choice(list(PATHS)))
@click.option(
    "--filter", "wanted", type=JsonObject(), required=True,
    help="A JSON object as the search for process instances takes it, or @FILE with one.",
)  # fmt: skip
@click.option("--to", "target", type=int, help="migrate: the key of the process definition.")
@click.option(
    "--map", "mapped", multiple=True, help="migrate: SOURCE=TARGET, an active element each."
)
@click.option("--move", "moved", multiple=True, help="modify: SOURCE=TARGET, where tokens go.")
@click.option("--wait", is_flag=True, help="Come back when it is done; 1 when an item has failed.")
def start_command(
    connection: Connection,
    action: str,
    wanted: str,
    target: int | None,
    mapped: tuple[str, ...],
    moved: tuple[str, ...],
    wait: bool,
) -> None:
    """Begin to ACTION the process instances that a filter finds now."""
    body: dict[str, Any] = {"filter": msgspec.json.decode(wanted)}
    if action == "migrate":
        if target is None:
            raise click.UsageError("migrate needs --to, the key of a process definition")
        body["migrationPlan"] = {
            "targetProcessDefinitionKey": str(target),
            "mappingInstructions": _pairs(mapped, "--map"),
        }
    if action == "modify":
        if not moved:
            raise click.UsageError("modify needs --move SOURCE=TARGET")
        body["moveInstructions"] = _pairs(moved, "--move")
    made = connection.rest("POST", f"/process-instances/{PATHS[action]}", body)
    key = int(made["batchOperationKey"])
    if not wait:
        connection.show({"batch": key, "type": made["batchOperationType"]})
        return
    found = _ended(connection, key)
    connection.show(_row(found))
    if found["operationsFailedCount"]:
        raise click.exceptions.Exit(1)


@batch_group.command("show")
@connected
@click.argument("batch", type=int)
@click.option("--failed", is_flag=True, help="Show the items that have failed, and why.")
def show_command(connection: Connection, batch: int, failed: bool) -> None:
    """How far the batch operation BATCH is."""
    found = connection.rest("GET", f"/batch-operations/{batch}")
    if not failed:
        connection.show(_row(found))
        return
    wanted = {"batchOperationKey": str(batch), "state": "FAILED"}
    body = {"filter": wanted, "page": {"limit": 1000}}
    answer = connection.rest("POST", "/batch-operation-items/search", body)
    connection.show_all(
        [{"item": int(each["itemKey"]), "why": each["errorMessage"]} for each in answer["items"]]
    )


@batch_group.command("list")
@connected
def list_command(connection: Connection) -> None:
    """The batch operations of late, the latest first."""
    body = {"sort": [{"field": "startDate", "order": "DESC"}], "page": {"limit": 50}}
    answer = connection.rest("POST", "/batch-operations/search", body)
    connection.show_all([_row(each) for each in answer["items"]])


def _steering(action: str, path: str, done: str, said: str) -> click.Command:
    @click.command(action, help=said)
    @connected
    @click.argument("batch", type=int)
    def steer(connection: Connection, batch: int) -> None:
        connection.rest("POST", f"/batch-operations/{batch}/{path}", {})
        connection.show({done: batch})

    return steer


batch_group.add_command(
    _steering("cancel", "cancellation", "cancelled", "Leave the rest of BATCH as it is.")
)
batch_group.add_command(
    _steering("suspend", "suspension", "suspended", "Hold BATCH until it is resumed.")
)
batch_group.add_command(
    _steering("resume", "resumption", "resumed", "Go on with the suspended BATCH.")
)


def _pairs(given: tuple[str, ...], option: str) -> list[dict[str, str]]:
    pairs = [each.partition("=") for each in given]
    if not all(source and target for source, _, target in pairs):
        raise click.BadParameter("write SOURCE=TARGET", param_hint=option)
    return [{"sourceElementId": source, "targetElementId": target} for source, _, target in pairs]


def _ended(connection: Connection, key: int) -> dict[str, Any]:
    while True:
        found: dict[str, Any] = connection.rest("GET", f"/batch-operations/{key}")
        if found["endDate"] is not None:
            return found
        time.sleep(LOOK_SECONDS)


def _row(found: dict[str, Any]) -> dict[str, object]:
    return {
        "batch": int(found["batchOperationKey"]), "type": found["batchOperationType"],
        "state": found["state"], "items": found["operationsTotalCount"],
        "done": found["operationsCompletedCount"], "failed": found["operationsFailedCount"],
    }  # fmt: skip
