"""Who a caller is here: owners, tenants and permissions, worked out of the rows once and kept.

A caller by password is the user of that name; by API key or certificate the client of that name; by a
token both, since its issuer vouches for either.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Protocol

from msgspec import Struct

from remit.identity.resources import ANY, BREAK_GLASS
from remit.protocol.values import Actor, Authorization, MappingRule, Member

Owner = tuple[str, str]
"""(kind, id)."""


class Access(Struct, frozen=True):
    """What counts here. `admins` may do everything in every tenant: whoever grants the rest; a name, or
    METHOD:NAME for who comes by that way alone.

    `groups_claim` is the claim of a token that names the groups of its owner; empty for none.
    """

    tenants: bool = False
    authorizations: bool = False
    admins: frozenset[str] = frozenset()
    groups_claim: str = ""


class Rows(Protocol):
    """Where the rows are."""

    def memberships(self, owner: Owner) -> Iterable[Member]:
        """The circles that `owner` is directly a member of."""
        ...

    def granted(self, owner: Owner) -> Iterable[Authorization]: ...

    def mapping_rules(self) -> Iterable[MappingRule]: ...


@dataclass(frozen=True, slots=True)
class Principal:
    """`grants` are resource ids by (resource type, permission), `by_property` properties likewise.

    `sees_all`: tenants do not count, or this caller is in all of them. `may_all` likewise. `glass` are
    the processes for which this caller may break the glass: a right that nobody has without being given
    it, also where permissions do not count.
    """

    name: str
    owners: frozenset[Owner]
    tenants: frozenset[str]
    grants: dict[tuple[str, str], frozenset[str]]
    by_property: dict[tuple[str, str], frozenset[str]]
    sees_all: bool
    may_all: bool
    glass: frozenset[str] = frozenset()

    def sees(self, tenant: str) -> bool:
        return self.sees_all or tenant in self.tenants

    def may(self, resource_type: str, permission: str, resource_id: str = ANY) -> bool:
        """With this one resource; "*": with all of the type."""
        if self.may_all:
            return True
        found = self.grants.get((resource_type, permission), _NONE)
        return ANY in found or resource_id in found

    def may_break_glass(self, process_id: str) -> bool:
        return ANY in self.glass or process_id in self.glass

    def ids(self, resource_type: str, permission: str) -> frozenset[str] | None:
        """The resources with which this may be done; None: with all of them."""
        if self.may_all:
            return None
        found = self.grants.get((resource_type, permission), _NONE)
        return None if ANY in found else found

    def may_by_property(
        self, permission: str, assignee: str, users: Iterable[str], groups: Iterable[str]
    ) -> bool:
        """With a user task that names this caller in a property for which it was granted."""
        named = self.by_property.get(("USER_TASK", permission), _NONE)
        mine = {name for kind, name in self.owners if kind == "GROUP"}
        return (
            ("assignee" in named and assignee == self.name and bool(assignee))
            or ("candidateUsers" in named and self.name in users)
            or ("candidateGroups" in named and not mine.isdisjoint(groups))
        )

    def circles(self, kind: str) -> list[str]:
        """The groups, roles or mapping rules that apply, in order."""
        return sorted(name for each, name in self.owners if each == kind)


_NONE: frozenset[str] = frozenset()

_KINDS = {"basic": ("USER",), "jwt": ("USER", "CLIENT"), "apikey": ("CLIENT",), "mtls": ("CLIENT",)}


def principal_of(actor: Actor, access: Access, rows: Rows) -> Principal:
    """What the rows say of a caller."""
    names = {actor.id, f"{actor.method}:{actor.id}"}
    is_admin = bool(actor.id) and not names.isdisjoint(access.admins)
    owners = _owners(actor, access, rows)
    tenants = {
        each.circle for owner in owners for each in rows.memberships(owner) if each.kind == "TENANT"
    }
    grants: dict[tuple[str, str], frozenset[str]] = {}
    by_property: dict[tuple[str, str], frozenset[str]] = {}
    for owner in owners:
        for each in rows.granted(owner):
            into, what = (
                (by_property, each.property) if each.property else (grants, each.resource_id)
            )
            for permission in each.permissions:
                name = (each.resource_type, permission)
                into[name] = into.get(name, _NONE) | {what}
    return Principal(
        actor.id,
        frozenset(owners),
        frozenset(tenants),
        grants,
        by_property,
        sees_all=not access.tenants or is_admin,
        may_all=not access.authorizations or is_admin,
        glass=_glass(access, grants, is_admin=is_admin),
    )


def _glass(
    access: Access, grants: dict[tuple[str, str], frozenset[str]], *, is_admin: bool
) -> frozenset[str]:
    """Where permissions do not count anybody could give them to himself: what is given is nothing."""
    if is_admin:
        return frozenset((ANY,))
    return (
        grants.get(("PROCESS_DEFINITION", BREAK_GLASS), _NONE) if access.authorizations else _NONE
    )


def _owners(actor: Actor, access: Access, rows: Rows) -> set[Owner]:
    """The caller, its mapping rules, its groups, and the roles of all these."""
    found: set[Owner] = set()
    if actor.id:
        found |= {(kind, actor.id) for kind in _KINDS.get(actor.method, ("CLIENT",))}
    found |= {("MAPPING_RULE", rule.id) for rule in rows.mapping_rules() if _fits(rule, actor)}
    found |= {("GROUP", name) for name in _groups(actor, access.groups_claim)}
    for kind in ("GROUP", "ROLE"):
        found |= {
            (kind, each.circle)
            for owner in tuple(found)
            for each in rows.memberships(owner)
            if each.kind == kind
        }
    return found


def _groups(actor: Actor, claim: str) -> list[str]:
    held: Any = actor.claims.get(claim) if claim else None
    names = held if isinstance(held, list) else [held]
    return [each for each in names if isinstance(each, str) and each]


def _fits(rule: MappingRule, actor: Actor) -> bool:
    held: Any = actor.claims.get(rule.claim_name)
    if isinstance(held, list):
        return rule.claim_value in [_text(each) for each in held]
    return held is not None and _text(held) == rule.claim_value


def _text(value: Any) -> str:
    """
    >>> _text(True)
    'true'
    """
    return str(value).lower() if isinstance(value, bool) else str(value)
