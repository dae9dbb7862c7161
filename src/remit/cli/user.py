"""`remit user`: lines for the files that `remit serve` lets people in with, and users in the broker."""

from __future__ import annotations

import hashlib
import secrets

import click

from remit.cli.connection import Connection, connected, step
from remit.gateway.auth import hash_password


@click.group("user")
def user_group() -> None:
    """Make credentials for `remit serve --users` and `--api-keys`, and users in a running broker."""


@user_group.command("password")
@click.argument("name")
@click.password_option()
def password_command(name: str, password: str) -> None:
    """Print a line for the file of `--users`."""
    click.echo(f"{name}:{hash_password(password)}")


@user_group.command("key")
@click.argument("name")
def key_command(name: str) -> None:
    """Make an API key: print a line for the file of `--api-keys`, and on stderr the key itself."""
    made = secrets.token_urlsafe(32)
    click.echo(f"{name}:{hashlib.sha256(made.encode()).hexdigest()}")
    click.echo(f"the key of {name}, shown once: {made}", err=True)


@user_group.command("create")
@click.argument("username")
@click.option("--name", default=None, help="The person's own name.")
@click.option("--email", default=None)
@click.password_option(envvar="REMIT_NEW_PASSWORD")
@connected
def create_command(
    connection: Connection, username: str, name: str | None, email: str | None, password: str
) -> None:
    """Make a user in the broker, who logs in with the password that is asked for."""
    body = {"username": username, "name": name, "email": email, "password": password}
    connection.show(connection.rest("POST", "/users", body))


@user_group.command("setup")
@click.argument("username")
@click.option("--name", default=None, help="The person's own name.")
@click.option("--email", default=None)
@click.password_option(envvar="REMIT_NEW_PASSWORD")
@connected
def setup_command(
    connection: Connection, username: str, name: str | None, email: str | None, password: str
) -> None:
    """Make the first user, who may do everything; nobody can after that."""
    body = {"username": username, "name": name, "email": email, "password": password}
    connection.show(connection.rest("POST", "/setup/user", body))


@user_group.command("list")
@connected
def list_command(connection: Connection) -> None:
    """Show the users that were made in the broker."""
    connection.show_all(connection.search("/users"))


@user_group.command("delete")
@click.argument("username")
@connected
def delete_command(connection: Connection, username: str) -> None:
    """Delete a user of the broker, with all memberships and grants."""
    connection.rest("DELETE", f"/users/{step(username)}")
