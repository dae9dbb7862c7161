"""`remit user`: lines for the files that `remit serve` lets people in with, and users in the broker."""

from __future__ import annotations

import hashlib
import secrets
import sys
from collections.abc import Callable

import click

from remit.cli.connection import Connection, connected, step
from remit.gateway.auth import hash_password


def password_option(verb: Callable[..., None]) -> Callable[..., None]:
    """`--password`, or the environment, or typed twice unseen; from a pipe it is the first line."""
    return click.option(
        "--password", envvar="REMIT_NEW_PASSWORD", callback=_password,
        help="Better typed, piped in, or in REMIT_NEW_PASSWORD: others see command lines.",
    )(verb)  # fmt: skip


def _password(context: click.Context, _: click.Parameter, given: str | None) -> str:
    if given is None and sys.stdin.isatty():
        given = click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
    if given is None:
        given = sys.stdin.readline().rstrip("\n")
    if not given:
        raise click.UsageError(
            "there is no password: type it when asked, pipe it in, or set REMIT_NEW_PASSWORD",
            context,
        )
    return str(given)


@click.group("user")
def user_group() -> None:
    """Make credentials for `remit serve --users` and `--api-keys`, and users in a running broker."""


@user_group.command("password")
@click.argument("name")
@password_option
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
@password_option
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
@password_option
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
