"""`remit grant`: who may do what."""

from __future__ import annotations

from typing import Any

import click

from remit.cli.connection import Connection, connected, step
from remit.identity.resources import OWNER_KINDS, PERMISSIONS, TASK_PROPERTIES


@click.group("grant")
def grant_group() -> None:
    """Say who may do what, where the broker runs with --authorizations."""


@grant_group.command("give")
@click.argument("owner")
@click.argument("resource_type", type=click.Choice(list(PERMISSIONS), case_sensitive=False))
@click.argument("permissions", nargs=-1, required=True)
@click.option(
    "--as", "owner_type", type=click.Choice(OWNER_KINDS, case_sensitive=False), default="USER",
    show_default=True, help="What the owner is.",
)  # fmt: skip
@click.option("--on", default="*", show_default=True, help="One resource by its id; * is all.")
@click.option(
    "--where", type=click.Choice(TASK_PROPERTIES),
    help="Instead of --on, for USER_TASK: tasks that name the owner there.",
)  # fmt: skip
@connected
def give_command(
    connection: Connection,
    owner: str,
    resource_type: str,
    permissions: tuple[str, ...],
    owner_type: str,
    on: str,
    where: str | None,
) -> None:
    """Let OWNER do PERMISSIONS with resources of a type."""
    body: dict[str, Any] = {
        "ownerId": owner, "ownerType": owner_type, "resourceType": resource_type,
        "permissionTypes": [each.upper() for each in permissions],
    }  # fmt: skip
    body |= {"resourcePropertyName": where} if where else {"resourceId": on}
    connection.show(connection.rest("POST", "/authorizations", body))


@grant_group.command("list")
@click.option("--owner", help="Only those of this one.")
@connected
def list_command(connection: Connection, owner: str | None) -> None:
    """Show what was granted."""
    wanted = {"filter": {"ownerId": owner}} if owner else {}
    connection.show_all(
        [
            {
                "key": each["authorizationKey"],
                "owner": f"{each['ownerType'].lower()} {each['ownerId']}",
                "resource": each["resourceType"],
                "on": each["resourceId"] or f"where {each['resourcePropertyName']}",
                "permissions": " ".join(each["permissionTypes"]),
            }
            for each in connection.search("/authorizations", wanted)
        ]
    )


@grant_group.command("revoke")
@click.argument("key")
@connected
def revoke_command(connection: Connection, key: str) -> None:
    """Take back what was granted, by its key."""
    connection.rest("DELETE", f"/authorizations/{step(key)}")


@grant_group.command("permissions")
def permissions_command() -> None:
    """Show what there is to grant."""
    for resource_type, permissions in PERMISSIONS.items():
        click.echo(f"{resource_type}: {' '.join(permissions)}")
