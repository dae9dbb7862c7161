"""`remit rule`: mapping rules, by which the claims of a token make its owner a member."""

from __future__ import annotations

import click

from remit.cli.rest import RestConnection, rest_connected, step


@click.group("rule")
def rule_group() -> None:
    """Say which claims of a token make its owner a member of what."""


@rule_group.command("create")
@click.argument("id_", metavar="ID")
@click.option("--claim", required=True, metavar="NAME=VALUE", help="What the token has to say.")
@rest_connected
def create_command(rest: RestConnection, id_: str, claim: str) -> None:
    """Make a mapping rule; then add it to groups, roles or tenants by --rule."""
    name, equals, value = claim.partition("=")
    if not equals:
        raise click.UsageError("--claim is NAME=VALUE")
    body = {"mappingRuleId": id_, "name": id_, "claimName": name, "claimValue": value}
    rest.show([rest.ask("POST", "/mapping-rules", body)])


@rule_group.command("list")
@rest_connected
def list_command(rest: RestConnection) -> None:
    """Show all mapping rules."""
    rest.show([*rest.all("/mapping-rules")])


@rule_group.command("delete")
@click.argument("id_", metavar="ID")
@rest_connected
def delete_command(rest: RestConnection, id_: str) -> None:
    """Delete a mapping rule."""
    rest.ask("DELETE", f"/mapping-rules/{step(id_)}")
