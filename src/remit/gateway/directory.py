"""The directory as tables in memory, so that it is searched in the very words that history is.

They are made anew when somebody searches after a change: directories are small and change seldom.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Engine,
    MetaData,
    String,
    Table,
    create_engine,
    false,
    insert,
    or_,
)
from sqlalchemy.pool import StaticPool

from remit.history.searching import Entity, Field, Search, enum, key, search, text
from remit.identity.directory import Directory
from remit.identity.principal import Owner, Principal
from remit.identity.resources import MEMBER_KINDS
from remit.protocol.values import DEFAULT_TENANT, Circle

_metadata = MetaData()

_USERS = Table(
    "users",
    _metadata,
    Column("username", String, primary_key=True),
    Column("name", String),
    Column("email", String),
)
_CIRCLES = Table(
    "circles",
    _metadata,
    Column("kind", String, primary_key=True),
    Column("id", String, primary_key=True),
    Column("name", String),
    Column("description", String),
)
_MEMBERS = Table(
    "members",
    _metadata,
    Column("kind", String, primary_key=True),
    Column("circle", String, primary_key=True),
    Column("memberKind", String, primary_key=True),
    Column("member", String, primary_key=True),
    Column("name", String),
    Column("description", String),
    Column("claimName", String),
    Column("claimValue", String),
    Column("circleName", String),
    Column("circleDescription", String),
)
_RULES = Table(
    "mapping_rules",
    _metadata,
    Column("id", String, primary_key=True),
    Column("claim_name", String),
    Column("claim_value", String),
    Column("name", String),
)
_AUTHORIZATIONS = Table(
    "authorizations",
    _metadata,
    Column("key", BigInteger, primary_key=True, autoincrement=False),
    Column("owner_kind", String),
    Column("owner", String),
    Column("resource_type", String),
    Column("permissions", String),
    Column("resource_id", String),
    Column("property", String),
)


def _list(column: Any) -> Field:
    """Texts, kept with a blank between them."""
    return Field(column, lambda value: value.split(), lambda value: str(value), "document")


def _circle(kind: str) -> Entity:
    fields = {
        f"{kind.lower()}Id": text(_CIRCLES.c.id),
        "name": text(_CIRCLES.c.name),
        "description": text(_CIRCLES.c.description),
    }
    return Entity(_CIRCLES, _CIRCLES.c.id, fields)


def _member(kind: str) -> Entity:
    """Members as their own searches show them; of users and clients only the name is sure."""
    fields: dict[str, dict[str, Field]] = {
        "USER": {"username": text(_MEMBERS.c.member)},
        "CLIENT": {"clientId": text(_MEMBERS.c.member)},
        "GROUP": {"groupId": text(_MEMBERS.c.member)},
        "ROLE": {
            "roleId": text(_MEMBERS.c.member),
            "name": text(_MEMBERS.c.name),
            "description": text(_MEMBERS.c.description),
        },
        "MAPPING_RULE": {
            "mappingRuleId": text(_MEMBERS.c.member),
            "claimName": text(_MEMBERS.c.claimName),
            "claimValue": text(_MEMBERS.c.claimValue),
            "name": text(_MEMBERS.c.name),
        },
    }
    return Entity(_MEMBERS, _MEMBERS.c.member, fields[kind])


USERS = Entity(
    _USERS,
    _USERS.c.username,
    {
        "username": text(_USERS.c.username),
        "name": text(_USERS.c.name),
        "email": text(_USERS.c.email),
    },
)
CIRCLES = {kind: _circle(kind) for kind in MEMBER_KINDS}
MEMBERS = {
    kind: {member: _member(member) for member in members} for kind, members in MEMBER_KINDS.items()
}
ROLES_OF_GROUP = Entity(
    _MEMBERS,
    _MEMBERS.c.circle,
    {
        "roleId": text(_MEMBERS.c.circle),
        "name": text(_MEMBERS.c.circleName),
        "description": text(_MEMBERS.c.circleDescription),
    },
)
MAPPING_RULES = Entity(
    _RULES,
    _RULES.c.id,
    {
        "mappingRuleId": text(_RULES.c.id),
        "claimName": text(_RULES.c.claim_name),
        "claimValue": text(_RULES.c.claim_value),
        "name": text(_RULES.c.name),
    },
)
AUTHORIZATIONS = Entity(
    _AUTHORIZATIONS,
    _AUTHORIZATIONS.c.key,
    {
        "authorizationKey": key(_AUTHORIZATIONS.c.key),
        "ownerId": text(_AUTHORIZATIONS.c.owner),
        "ownerType": enum(_AUTHORIZATIONS.c.owner_kind),
        "resourceType": enum(_AUTHORIZATIONS.c.resource_type),
        "resourceId": text(_AUTHORIZATIONS.c.resource_id),
        "resourcePropertyName": text(_AUTHORIZATIONS.c.property),
        "permissionTypes": _list(_AUTHORIZATIONS.c.permissions),
    },
    extras={
        "resourceIds": lambda value: _AUTHORIZATIONS.c.resource_id.in_(
            [str(each) for each in value] if isinstance(value, list) else [str(value)]
        )
    },
)


class Tables:
    """The tables of one directory."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory
        self._version = -1
        self._engine = create_engine(
            "sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False}
        )

    def current(self) -> Engine:
        if self._version != self._directory.version:
            self._version = self._directory.version
            self._fill()
        return self._engine

    def _fill(self) -> None:
        _metadata.drop_all(self._engine)
        _metadata.create_all(self._engine)
        with self._engine.begin() as connection:
            for table, rows in self._rows().items():
                if rows:
                    connection.execute(insert(table), rows)

    def _rows(self) -> dict[Table, list[dict[str, Any]]]:
        told = self._directory.snapshot
        circles = {(each.kind, each.id): each for each in told.circles}
        default = ("TENANT", DEFAULT_TENANT)
        circles[default] = Circle(-1, *default, "Default", "Default tenant")
        rules = {each.id: each for each in told.mapping_rules}
        members = []
        for each in told.members:
            about = circles.get((each.member_kind, each.member))
            rule = rules.get(each.member) if each.member_kind == "MAPPING_RULE" else None
            circle = circles.get((each.kind, each.circle))
            members.append(
                {
                    "kind": each.kind, "circle": each.circle, "memberKind": each.member_kind,
                    "member": each.member,
                    "name": rule.name if rule else about.name if about else None,
                    "description": about.description or None if about else None,
                    "claimName": rule.claim_name if rule else None,
                    "claimValue": rule.claim_value if rule else None,
                    "circleName": circle.name if circle else None,
                    "circleDescription": circle.description or None if circle else None,
                }
            )  # fmt: skip
        return {
            _USERS: [
                {"username": each.username, "name": each.name or None, "email": each.email or None}
                for each in told.users
            ],
            _CIRCLES: [
                {
                    "kind": each.kind, "id": each.id, "name": each.name,
                    "description": each.description or None,
                }
                for each in circles.values()
            ],
            _MEMBERS: members,
            _RULES: [
                {
                    "id": each.id, "claim_name": each.claim_name, "claim_value": each.claim_value,
                    "name": each.name,
                }
                for each in told.mapping_rules
            ],
            _AUTHORIZATIONS: [
                {
                    "key": each.key, "owner_kind": each.owner_kind, "owner": each.owner,
                    "resource_type": each.resource_type,
                    "permissions": " ".join(each.permissions),
                    "resource_id": each.resource_id or None, "property": each.property or None,
                }
                for each in told.authorizations
            ],
        }  # fmt: skip


def found_in(
    tables: Tables,
    who: Principal,
    entity: Entity,
    wanted: Search,
    bound: Mapping[str, Any],
    *,
    owners: frozenset[Owner] | None = None,
) -> dict[str, Any]:
    """A page of what `who` may read, where the columns `bound` have these values.

    `owners`: the authorizations of these, which their owner may always read. Raises `Wrong`.
    """
    more = [entity.table.c[name] == value for name, value in bound.items()]
    if owners is None:
        more += _readable(who, entity.table, bound)
    else:
        table = _AUTHORIZATIONS.c
        mine = [(table.owner_kind == kind) & (table.owner == name) for kind, name in owners]
        more.append(or_(false(), *mine))
    with tables.current().connect() as connection:
        return search(connection, entity, wanted, *more)


def _readable(who: Principal, table: Any, bound: Mapping[str, Any]) -> list[ColumnElement[bool]]:
    if table is _USERS:
        return _among(_USERS.c.username, who.ids("USER", "READ"))
    if table is _CIRCLES:
        return _among(_CIRCLES.c.id, who.ids(bound["kind"], "READ"))
    if table is _MEMBERS:
        return _among(_MEMBERS.c.circle, who.ids(bound["kind"], "READ"))
    if table is _RULES:
        return _among(_RULES.c.id, who.ids("MAPPING_RULE", "READ"))
    return [] if who.may("AUTHORIZATION", "READ") else [false()]


def _among(column: Any, names: frozenset[str] | None) -> list[ColumnElement[bool]]:
    return [] if names is None else [column.in_(sorted(names))]
