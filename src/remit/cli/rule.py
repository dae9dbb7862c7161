"""`remit rule`: mapping rules, by which the claims of a token make its owner a member."""

from __future__ import annotations

import click

from remit.cli.connection import Connection, connected, step


@click.group("rule")
def rule_group() -> None:
    """Say which claims of a token make its owner a member of what."""


@rule_group.command("create")
@click.argument("id_", metavar="ID")
@click.option("--claim", required=True, metavar="NAME=VALUE", help="What the token has to say.")
@connected
def create_command(connection: Connection, id_: str, claim: str) -> None:
    """Make a mapping rule; then add it to groups, roles or tenants by --rule."""
    name, equals, value = claim.partition("=")
    if not equals:
        raise click.UsageError("--claim is NAME=VALUE")
    body = {"mappingRuleId": id_, "name": id_, "claimName": name, "claimValue": value}
    connection.show(connection.rest("POST", "/mapping-rules", body))


@rule_group.command("list")
@connected
def list_command(connection: Connection) -> None:
    """Show all mapping rules."""
    connection.show_all(connection.search("/mapping-rules"))


@rule_group.command("delete")
@click.argument("id_", metavar="ID")
@connected
def delete_command(connection: Connection, id_: str) -> None:
    """Delete a mapping rule."""
    connection.rest("DELETE", f"/mapping-rules/{step(id_)}")
