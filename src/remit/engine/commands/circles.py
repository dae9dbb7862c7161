"""CREATE, UPDATE and DELETE a group, role or tenant; ADD_ENTITY and REMOVE_ENTITY of its members.

Users and clients may be members without being known here: other services vouch for some of them. The
default tenant is always there; it can have members, and can't be changed.
"""

from __future__ import annotations

from msgspec.structs import replace

from remit.base.errors import AlreadyExists, InvalidArgument, NotFound
from remit.engine.identity import (
    EVENTS,
    LONGEST_ID,
    LONGEST_TEXT,
    check_id,
    check_texts,
    circle_key,
    empty,
    kind_of,
    leave_all,
    tell,
)
from remit.engine.run import Handler, Run
from remit.identity.resources import MEMBER_KINDS
from remit.protocol.commands import (
    AddMember,
    CreateCircle,
    DeleteCircle,
    RemoveMember,
    UpdateCircle,
)
from remit.protocol.replies import Done
from remit.protocol.values import DEFAULT_TENANT, Circle, Member


def create_circle(run: Run, command: CreateCircle) -> None:
    kind = kind_of(command.kind)
    is_default = (kind, command.id) == ("TENANT", DEFAULT_TENANT)
    if is_default or (kind, command.id) in run.state.circles:
        said = kind.lower()
        raise AlreadyExists(
            f"Expected to create {said} with ID '{command.id}', but a {said} with this ID already "
            f"exists"
        )
    check_id(kind, command.id)
    check_texts(LONGEST_TEXT, name=command.name, description=command.description)
    key = run.new_key()
    row = Circle(key, kind, command.id, command.name, command.description)
    tell(run, EVENTS[kind].created(key, row))
    run.reply = Done(key)


def update_circle(run: Run, command: UpdateCircle) -> None:
    row = _circle(run, command.kind, command.id, "update")
    check_texts(LONGEST_TEXT, name=command.name, description=command.description)
    changed = replace(row, name=command.name, description=command.description)
    tell(run, EVENTS[row.kind].updated(row.key, changed))
    run.reply = Done(row.key)


def delete_circle(run: Run, command: DeleteCircle) -> None:
    """Of a tenant, what is deployed and what runs stays; nobody but admins can reach it."""
    row = _circle(run, command.kind, command.id, "delete")
    gone = [*empty(run, row.kind, row.id), *leave_all(run, row.kind, row.id)]
    tell(run, *gone, EVENTS[row.kind].deleted(row.key, row))
    run.reply = Done(row.key)


def add_member(run: Run, command: AddMember) -> None:
    kind = kind_of(command.kind)
    key = circle_key(run, kind, command.circle, "update")
    _check_member(run, command)
    name = (kind, command.circle, command.member_kind, command.member)
    if name in run.state.members:
        raise AlreadyExists(
            f"Expected to add {_said(command.member_kind)} '{command.member}' to {kind.lower()} "
            f"'{command.circle}', but it is already a member"
        )
    tell(run, EVENTS[kind].member_added(key, Member(run.new_key(), *name)))
    run.reply = Done(key)


def remove_member(run: Run, command: RemoveMember) -> None:
    kind = kind_of(command.kind)
    key = circle_key(run, kind, command.circle, "update")
    name = (kind, command.circle, command.member_kind, command.member)
    row = run.state.members.get(name)
    if row is None:
        raise NotFound(
            f"Expected to remove {_said(command.member_kind)} '{command.member}' from {kind.lower()} "
            f"'{command.circle}', but it is not a member"
        )
    tell(run, EVENTS[kind].member_removed(key, row))
    run.reply = Done(key)


def _check_member(run: Run, command: AddMember) -> None:
    allowed = MEMBER_KINDS[command.kind]
    if command.member_kind not in allowed:
        raise InvalidArgument(
            f"Expected a member of a {command.kind.lower()} to be one of {', '.join(allowed)}, but it "
            f"is a '{command.member_kind}'"
        )
    if not command.member:
        raise InvalidArgument("Expected a member with a name, but it was blank")
    check_texts(LONGEST_ID, member=command.member)
    state = run.state
    is_there = {
        "MAPPING_RULE": command.member in state.mapping_rules,
        "GROUP": ("GROUP", command.member) in state.circles,
        "ROLE": ("ROLE", command.member) in state.circles,
    }
    if not is_there.get(command.member_kind, True):
        said = _said(command.member_kind)
        raise NotFound(
            f"Expected to add {said} '{command.member}' to {command.kind.lower()} '{command.circle}', "
            f"but there is no such {said}"
        )


def _circle(run: Run, kind: str, name: str, verb: str) -> Circle:
    if (kind, name) == ("TENANT", DEFAULT_TENANT):
        raise InvalidArgument(f"Expected to {verb} a tenant, but '{name}' is always there as it is")
    circle_key(run, kind_of(kind), name, verb)
    return run.state.circles[(kind, name)]


def _said(kind: str) -> str:
    return kind.lower().replace("_", " ")


HANDLES = {
    CreateCircle: Handler("CREATE", create_circle),
    UpdateCircle: Handler("UPDATE", update_circle),
    DeleteCircle: Handler("DELETE", delete_circle),
    AddMember: Handler("ADD_ENTITY", add_member),
    RemoveMember: Handler("REMOVE_ENTITY", remove_member),
}
