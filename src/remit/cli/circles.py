"""What `remit group`, `remit role` and `remit tenant` have in common: all but the kind of circle."""

from __future__ import annotations

from collections.abc import Callable

import click

from remit.cli.connection import Connection, connected, step
from remit.identity.resources import MEMBER_KINDS

_MEMBERS = {
    "USER": ("user", "users", "username"),
    "CLIENT": ("client", "clients", "clientId"),
    "GROUP": ("group", "groups", "groupId"),
    "ROLE": ("role", "roles", "roleId"),
    "MAPPING_RULE": ("rule", "mapping-rules", "mappingRuleId"),
}
"""Of each kind of member: its option, its path, its property."""


Verb = Callable[..., None]


def _member_options(kinds: tuple[str, ...]) -> Callable[[Verb], Verb]:
    def give(verb: Verb) -> Verb:
        for kind in reversed(kinds):
            option = _MEMBERS[kind][0]
            verb = click.option(
                f"--{option}", option, multiple=True, help=f"A {option} by its name."
            )(verb)
        return verb

    return give


def circle_group(kind: str) -> click.Group:
    said, path, members = kind.lower(), f"/{kind.lower()}s", MEMBER_KINDS[kind]

    @click.group(said, help=f"Make {said}s, and say who is in them.")
    def group() -> None:
        pass

    @group.command("create", help=f"Make a {said}.")
    @click.argument("id_", metavar="ID")
    @click.option("--name", default="", help="How people call it; the id by default.")
    @click.option("--description", default="")
    @connected
    def create(connection: Connection, id_: str, name: str, description: str) -> None:
        body = {f"{said}Id": id_, "name": name or id_, "description": description or None}
        connection.show(connection.rest("POST", path, body))

    @group.command("list", help=f"Show all {said}s.")
    @connected
    def list_all(connection: Connection) -> None:
        connection.show_all(connection.search(path))

    @group.command("delete", help=f"Delete a {said}, and all memberships and grants of it.")
    @click.argument("id_", metavar="ID")
    @connected
    def delete(connection: Connection, id_: str) -> None:
        connection.rest("DELETE", f"{path}/{step(id_)}")

    @group.command("add", help=f"Take members into a {said}.")
    @click.argument("id_", metavar="ID")
    @_member_options(members)
    @connected
    def add(connection: Connection, id_: str, **named: tuple[str, ...]) -> None:
        _each(connection, "PUT", f"{path}/{step(id_)}", members, named)

    @group.command("remove", help=f"Let members out of a {said}.")
    @click.argument("id_", metavar="ID")
    @_member_options(members)
    @connected
    def remove(connection: Connection, id_: str, **named: tuple[str, ...]) -> None:
        _each(connection, "DELETE", f"{path}/{step(id_)}", members, named)

    @group.command("members", help=f"Show who is in a {said}.")
    @click.argument("id_", metavar="ID")
    @connected
    def show_members(connection: Connection, id_: str) -> None:
        connection.show_all(
            [
                {"type": kind, "member": each[_MEMBERS[kind][2]]}
                for kind in members
                for each in connection.search(f"{path}/{step(id_)}/{_MEMBERS[kind][1]}")
            ]
        )

    return group


def _each(
    connection: Connection,
    method: str,
    path: str,
    kinds: tuple[str, ...],
    named: dict[str, tuple[str, ...]],
) -> None:
    wanted = [(kind, name) for kind in kinds for name in named[_MEMBERS[kind][0]]]
    if not wanted:
        options = ", ".join(f"--{_MEMBERS[kind][0]}" for kind in kinds)
        raise click.UsageError(f"say who: {options}")
    for kind, name in wanted:
        connection.rest(method, f"{path}/{_MEMBERS[kind][1]}/{step(name)}")
