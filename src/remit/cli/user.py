"""`remit user`: lines for the files that `remit serve` lets people in with."""

from __future__ import annotations

import hashlib
import secrets

import click

from remit.gateway.auth import hash_password


@click.group("user")
def user_group() -> None:
    """Make credentials for `remit serve --users` and `--api-keys`."""


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
