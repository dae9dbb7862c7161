"""CREATE, UPDATE and DELETE a user."""

from __future__ import annotations

from msgspec.structs import replace

from remit.base.errors import AlreadyExists, NotFound
from remit.engine.identity import LONGEST_TEXT, check_id, check_texts, leave_all, tell
from remit.engine.run import Handler, Run
from remit.protocol.commands import CreateUser, DeleteUser, UpdateUser
from remit.protocol.events.identity import UserCreated, UserDeleted, UserUpdated
from remit.protocol.replies import Done
from remit.protocol.values import User


def create_user(run: Run, command: CreateUser) -> None:
    check_id("USER", command.username)
    check_texts(LONGEST_TEXT, name=command.name, email=command.email)
    if command.username in run.state.users:
        raise AlreadyExists(
            f"Expected to create user with username '{command.username}', but a user with this "
            f"username already exists"
        )
    key = run.new_key()
    row = User(key, command.username, command.name, command.email, command.password_hash)
    tell(run, UserCreated(key, row))
    run.reply = Done(key)


def update_user(run: Run, command: UpdateUser) -> None:
    row = _user(run, command.username, "update")
    check_texts(LONGEST_TEXT, name=command.name, email=command.email)
    changed = replace(
        row, name=command.name, email=command.email,
        password_hash=command.password_hash or row.password_hash,
    )  # fmt: skip
    tell(run, UserUpdated(row.key, changed))
    run.reply = Done(row.key)


def delete_user(run: Run, command: DeleteUser) -> None:
    """Its memberships and authorizations go with it, so that nobody inherits them with the name."""
    row = _user(run, command.username, "delete")
    tell(run, *leave_all(run, "USER", row.username), UserDeleted(row.key, row))
    run.reply = Done(row.key)


def _user(run: Run, username: str, verb: str) -> User:
    row = run.state.users.get(username)
    if row is None:
        raise NotFound(
            f"Expected to {verb} user with username '{username}', but a user with this username does "
            f"not exist"
        )
    return row


HANDLES = {
    CreateUser: Handler("CREATE", create_user),
    UpdateUser: Handler("UPDATE", update_user),
    DeleteUser: Handler("DELETE", delete_user),
}
