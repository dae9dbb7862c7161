"""All rows of identity in memory, as the gateway has them from partition 1: a snapshot at a time."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
from msgspec import Struct

from remit.identity.principal import Access, Owner, Principal, principal_of
from remit.protocol.values import Actor, Authorization, Circle, MappingRule, Member, User

REMEMBERED = 10_000

_encode = msgspec.json.Encoder(order="sorted").encode


class Snapshot(Struct, frozen=True, array_like=True):
    """Everything at one moment."""

    users: tuple[User, ...] = ()
    circles: tuple[Circle, ...] = ()
    members: tuple[Member, ...] = ()
    mapping_rules: tuple[MappingRule, ...] = ()
    authorizations: tuple[Authorization, ...] = ()


class Directory:
    """Answers from the last snapshot. `version` grows with each."""

    def __init__(self, access: Access | None = None) -> None:
        self.access = access or Access()
        self.version = 0
        self.snapshot = Snapshot()
        self._users: dict[str, User] = {}
        self._memberships: dict[Owner, list[Member]] = {}
        self._granted: dict[Owner, list[Authorization]] = {}
        self._principals: dict[tuple[str, str, bytes], Principal] = {}

    def take(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        self.version += 1
        self._principals = {}
        self._users = {each.username: each for each in snapshot.users}
        self._memberships, self._granted = {}, {}
        for member in snapshot.members:
            owner = (member.member_kind, member.member)
            self._memberships.setdefault(owner, []).append(member)
        for each in snapshot.authorizations:
            self._granted.setdefault((each.owner_kind, each.owner), []).append(each)

    def principal(self, actor: Actor) -> Principal:
        name = (actor.method, actor.id, _encode(actor.claims) if actor.claims else b"")
        found = self._principals.get(name)
        if found is None:
            if len(self._principals) >= REMEMBERED:
                self._principals.clear()
            found = self._principals[name] = principal_of(actor, self.access, self)
        return found

    def user(self, username: str) -> User | None:
        return self._users.get(username)

    def memberships(self, owner: Owner) -> Iterable[Member]:
        return self._memberships.get(owner, ())

    def granted(self, owner: Owner) -> Iterable[Authorization]:
        return self._granted.get(owner, ())

    def mapping_rules(self) -> Iterable[MappingRule]:
        return self.snapshot.mapping_rules
