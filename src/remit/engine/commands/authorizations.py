"""CREATE, UPDATE and DELETE an authorization.

Neither the owner nor the resource has to be there yet. Refused: what no resource type has, and a second
authorization of the same owner for the same permission on the same resource.
"""

from __future__ import annotations

from remit.base.errors import AlreadyExists, InvalidArgument, NotFound
from remit.engine.identity import LONGEST_ID, check_texts, tell
from remit.engine.run import Handler, Run
from remit.identity.resources import OWNER_KINDS, PERMISSIONS, TASK_PROPERTIES
from remit.protocol.commands import (
    CreateAuthorization,
    DeleteAuthorization,
    UpdateAuthorization,
)
from remit.protocol.events.identity import (
    AuthorizationCreated,
    AuthorizationDeleted,
    AuthorizationUpdated,
)
from remit.protocol.replies import Done
from remit.protocol.values import Authorization

Wanted = CreateAuthorization | UpdateAuthorization


def create_authorization(run: Run, command: CreateAuthorization) -> None:
    _check(command)
    _check_is_new(run, command, -1)
    row = _row(run.new_key(), command)
    tell(run, AuthorizationCreated(row.key, row))
    run.reply = Done(row.key)


def update_authorization(run: Run, command: UpdateAuthorization) -> None:
    _authorization(run, command.key, "update")
    _check(command)
    _check_is_new(run, command, command.key)
    tell(run, AuthorizationUpdated(command.key, _row(command.key, command)))
    run.reply = Done(command.key)


def delete_authorization(run: Run, command: DeleteAuthorization) -> None:
    row = _authorization(run, command.key, "delete")
    tell(run, AuthorizationDeleted(row.key, row))
    run.reply = Done(row.key)


def _check(command: Wanted) -> None:
    if command.owner_kind not in OWNER_KINDS:
        raise InvalidArgument(
            f"Expected an owner of type {', '.join(OWNER_KINDS)}, but it is '{command.owner_kind}'"
        )
    if not command.owner:
        raise InvalidArgument("Expected an owner with an id, but it was blank")
    check_texts(LONGEST_ID, owner=command.owner, resource_id=command.resource_id)
    known = PERMISSIONS.get(command.resource_type)
    if known is None:
        raise InvalidArgument(
            f"Expected a resource type among {', '.join(PERMISSIONS)}, but it is "
            f"'{command.resource_type}'"
        )
    unknown = [each for each in command.permissions if each not in known]
    if unknown or not command.permissions:
        raise InvalidArgument(
            f"Expected permissions of '{command.resource_type}' among {', '.join(known)}, but got "
            f"{', '.join(unknown) or 'none'}"
        )
    _check_resource(command)


def _check_resource(command: Wanted) -> None:
    if bool(command.resource_id) == bool(command.property):
        raise InvalidArgument("Expected either the id of a resource ('*' for all) or a property")
    if not command.property:
        return
    if command.resource_type != "USER_TASK" or command.property not in TASK_PROPERTIES:
        raise InvalidArgument(
            f"Expected a property of USER_TASK among {', '.join(TASK_PROPERTIES)}, but it is "
            f"'{command.property}' of {command.resource_type}"
        )


def _check_is_new(run: Run, command: Wanted, own: int) -> None:
    for each in run.state.authorizations.values_of((command.owner_kind, command.owner)):
        same = (each.resource_type, each.resource_id, each.property) == (
            command.resource_type, command.resource_id, command.property,
        )  # fmt: skip
        if same and each.key != own and set(each.permissions) & set(command.permissions):
            both = ", ".join(sorted(set(each.permissions) & set(command.permissions)))
            raise AlreadyExists(
                f"Expected to give {command.owner_kind} '{command.owner}' {both} on "
                f"{command.resource_type} '{command.resource_id or command.property}', but "
                f"authorization '{each.key}' does so already"
            )


def _row(key: int, command: Wanted) -> Authorization:
    return Authorization(
        key,
        command.owner_kind,
        command.owner,
        command.resource_type,
        tuple(dict.fromkeys(command.permissions)),
        command.resource_id,
        command.property,
    )


def _authorization(run: Run, key: int, verb: str) -> Authorization:
    row = run.state.authorizations.get(key)
    if row is None:
        raise NotFound(
            f"Expected to {verb} authorization with key '{key}', but an authorization with this key "
            f"does not exist"
        )
    return row


HANDLES = {
    CreateAuthorization: Handler("CREATE", create_authorization),
    UpdateAuthorization: Handler("UPDATE", update_authorization),
    DeleteAuthorization: Handler("DELETE", delete_authorization),
}
