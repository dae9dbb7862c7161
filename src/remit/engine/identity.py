"""What the commands on users, circles, rules and authorizations share.

Partition 1 decides; every partition has all of the rows, so that each can say what a caller may do.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

import msgspec

from remit.base.errors import InvalidArgument, NotFound
from remit.engine.run import Run
from remit.engine.state.state import State
from remit.engine.turn import IdentityChanged
from remit.identity.directory import Snapshot
from remit.protocol.commands import ShareIdentity
from remit.protocol.events import Event
from remit.protocol.events import identity as events
from remit.protocol.values import DEFAULT_TENANT, Member

_ID = re.compile(r"[A-Za-z0-9_~@.+-]{1,256}")
_TENANT_ID = re.compile(r"[\w.-]{1,31}")

_encode = msgspec.msgpack.Encoder().encode


class CircleEvents(NamedTuple):
    """The events of one kind of circle."""

    created: type[events.CircleEvent]
    updated: type[events.CircleEvent]
    deleted: type[events.CircleEvent]
    member_added: type[events.MemberEvent]
    member_removed: type[events.MemberEvent]


EVENTS = {
    "GROUP": CircleEvents(
        events.GroupCreated,
        events.GroupUpdated,
        events.GroupDeleted,
        events.GroupMemberAdded,
        events.GroupMemberRemoved,
    ),
    "ROLE": CircleEvents(
        events.RoleCreated,
        events.RoleUpdated,
        events.RoleDeleted,
        events.RoleMemberAdded,
        events.RoleMemberRemoved,
    ),
    "TENANT": CircleEvents(
        events.TenantCreated,
        events.TenantUpdated,
        events.TenantDeleted,
        events.TenantMemberAdded,
        events.TenantMemberRemoved,
    ),
}


def tell(run: Run, *happened: Event) -> None:
    """Let it happen here, and on every other partition."""
    for event in happened:
        run.emit(event)
    run.effects.append(IdentityChanged())
    others = [each for each in range(1, run.state.partitions + 1) if each != run.state.partition]
    if others and happened:
        command = ShareIdentity(tuple(_encode(event) for event in happened))
        for partition in others:
            run.send(partition, command)


def snapshot(state: State) -> Snapshot:
    """All rows, for whoever follows them."""
    return Snapshot(
        tuple(state.users.rows.values()),
        tuple(state.circles.rows.values()),
        tuple(state.members.rows.values()),
        tuple(state.mapping_rules.rows.values()),
        tuple(state.authorizations.rows.values()),
    )


def circle_key(run: Run, kind: str, name: str, verb: str) -> int:
    """The key of a circle; the default tenant is always there and has none of its own."""
    if (kind, name) == ("TENANT", DEFAULT_TENANT):
        return run.new_key()
    row = run.state.circles.get((kind, name))
    if row is None:
        said = kind.lower()
        raise NotFound(
            f"Expected to {verb} {said} with ID '{name}', but a {said} with this ID does not exist."
        )
    return row.key


def check_id(kind: str, name: str) -> None:
    """An id has to be one that paths and logs take as it is."""
    pattern = _TENANT_ID if kind == "TENANT" else _ID
    if pattern.fullmatch(name) is None:
        most = "1 to 31 letters, digits and . - _" if kind == "TENANT" else (
            "1 to 256 letters, digits and _ ~ @ . + -"
        )  # fmt: skip
        said = kind.lower().replace("_", " ")
        raise InvalidArgument(f"Expected the ID of a {said} to be {most}, but it is '{name[:300]}'")


def check_texts(most: int, **texts: str) -> None:
    """Texts of other services and of people: of a bounded length, without control characters."""
    for what, value in texts.items():
        if len(value) > most or any(ord(sign) < 32 or ord(sign) == 127 for sign in value):
            raise InvalidArgument(
                f"Expected the {what.replace('_', ' ')} to be at most {most} signs without control "
                f"characters, but it is {value[:100]!r}"
            )


LONGEST_ID, LONGEST_TEXT = 256, 2_048


def kind_of(given: str) -> str:
    if given not in EVENTS:
        raise InvalidArgument(f"Expected GROUP, ROLE or TENANT, but got '{given}'")
    return given


def leave_all(run: Run, kind: str, name: str) -> list[Event]:
    """What happens to the memberships and authorizations of one who is deleted."""
    state = run.state
    gone: list[Event] = [_removed(run, each) for each in state.members.values_of((kind, name))]
    gone += [
        events.AuthorizationDeleted(each.key, each)
        for each in state.authorizations.values_of((kind, name))
    ]
    return gone


def empty(run: Run, kind: str, name: str) -> list[Event]:
    """The members of a circle that is deleted leave it."""
    rows = [
        each for each in run.state.members.rows.values() if (each.kind, each.circle) == (kind, name)
    ]
    return [_removed(run, each) for each in rows]


def _removed(run: Run, row: Member) -> Event:
    circle = run.state.circles.get((row.kind, row.circle))
    return EVENTS[row.kind].member_removed(row.key if circle is None else circle.key, row)


SHARED: Any = msgspec.msgpack.Decoder(
    events.UserCreated
    | events.UserUpdated
    | events.UserDeleted
    | events.GroupCreated
    | events.GroupUpdated
    | events.GroupDeleted
    | events.GroupMemberAdded
    | events.GroupMemberRemoved
    | events.RoleCreated
    | events.RoleUpdated
    | events.RoleDeleted
    | events.RoleMemberAdded
    | events.RoleMemberRemoved
    | events.TenantCreated
    | events.TenantUpdated
    | events.TenantDeleted
    | events.TenantMemberAdded
    | events.TenantMemberRemoved
    | events.MappingRuleCreated
    | events.MappingRuleUpdated
    | events.MappingRuleDeleted
    | events.AuthorizationCreated
    | events.AuthorizationUpdated
    | events.AuthorizationDeleted
)
"""Reads what partition 1 tells."""
