"""SET_UP the first user, who may do everything: while there is no user, and never again.

The user gets the role `admin`, which is made with every permission on everything unless it is there, and
which is a member of the default tenant.
"""

from __future__ import annotations

from collections.abc import Iterator

from remit.base.errors import Denied
from remit.engine.identity import EVENTS, LONGEST_TEXT, check_id, check_texts, circle_key, tell
from remit.engine.run import Handler, Run
from remit.identity.resources import ANY, BREAK_GLASS, PERMISSIONS
from remit.protocol.commands import SetUpUser
from remit.protocol.events import Event
from remit.protocol.events.identity import AuthorizationCreated, UserCreated
from remit.protocol.replies import Done
from remit.protocol.values import DEFAULT_TENANT, Authorization, Circle, Member, User

ROLE = "admin"


def set_up_user(run: Run, command: SetUpUser) -> None:
    check_id("USER", command.username)
    check_texts(LONGEST_TEXT, name=command.name, email=command.email)
    if run.state.users.rows:
        raise Denied(
            "Expected to set up the first user, but there are users already: they make the others"
        )
    key = run.new_key()
    row = User(key, command.username, command.name, command.email, command.password_hash)
    tell(run, UserCreated(key, row), *_role(run))
    tell(run, *_joined(run, "ROLE", ROLE, "USER", command.username))
    tell(run, *_joined(run, "TENANT", DEFAULT_TENANT, "ROLE", ROLE))
    run.reply = Done(key)


def _role(run: Run) -> Iterator[Event]:
    """With every permission but that to break the glass: it is given in so many words, or not at all."""
    if ("ROLE", ROLE) in run.state.circles:
        return
    key = run.new_key()
    yield EVENTS["ROLE"].created(key, Circle(key, "ROLE", ROLE, "Administrators", ""))
    for resource_type, every in PERMISSIONS.items():
        permissions = tuple(each for each in every if each != BREAK_GLASS)
        key = run.new_key()
        row = Authorization(key, "ROLE", ROLE, resource_type, permissions, ANY)
        yield AuthorizationCreated(key, row)


def _joined(run: Run, kind: str, circle: str, member_kind: str, member: str) -> Iterator[Event]:
    name = (kind, circle, member_kind, member)
    if name not in run.state.members:
        key = circle_key(run, kind, circle, "update")
        yield EVENTS[kind].member_added(key, Member(run.new_key(), *name))


HANDLES = {SetUpUser: Handler("CREATE", set_up_user)}
