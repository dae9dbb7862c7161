"""Users, groups, roles, tenants, mapping rules, authorizations, and who is a member of what.

They are searched in what the gateway holds in memory, so that a search sees what was answered before it,
with and without history.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterator
from typing import Any

from remit.gateway.auth import hash_password
from remit.gateway.directory import (
    AUTHORIZATIONS,
    CIRCLES,
    MAPPING_RULES,
    MEMBERS,
    ROLES_OF_GROUP,
    USERS,
    found_in,
)
from remit.gateway.faults import Code, Status
from remit.gateway.rest.frame import BadRequest, Body, Call, Handle, Operation
from remit.gateway.rest.searches import SearchRequest
from remit.history.searching import Entity, Search, Wrong
from remit.identity.principal import Owner
from remit.protocol import commands as c
from remit.protocol.replies import Done
from remit.protocol.values import DEFAULT_TENANT

LONGEST_PASSWORD = 1024


class NewUser(Body):
    username: str
    password: str
    name: str | None = None
    email: str | None = None


class ChangedUser(Body):
    """An absent or empty password leaves the password as it is."""

    password: str | None = None
    name: str | None = None
    email: str | None = None


class NewGroup(Body):
    group_id: str
    name: str
    description: str | None = None


class NewRole(Body):
    role_id: str
    name: str
    description: str | None = None


class NewTenant(Body):
    tenant_id: str
    name: str
    description: str | None = None


class ChangedCircle(Body):
    name: str
    description: str | None = None


class NewRule(Body):
    claim_name: str
    claim_value: str
    name: str
    mapping_rule_id: str


class ChangedRule(Body):
    claim_name: str
    claim_value: str
    name: str
    mapping_rule_id: str | None = None


class Granted(Body):
    """Either `resourceId`, "*" for all, or `resourcePropertyName`."""

    owner_id: str
    owner_type: str
    resource_type: str
    permission_types: list[str]
    resource_id: str | None = None
    resource_property_name: str | None = None


async def submit(call: Call, command: c.Command) -> Done:
    reply = await call.broker.router.to_deployment(command, call.header)
    assert isinstance(reply, Done)
    return reply


# --- users -----------------------------------------------------------------------------------------


async def create_user(call: Call, body: NewUser) -> Any:
    hashed = await _hashed(body.password)
    command = c.CreateUser(body.username, body.name or "", _email(body.email), hashed)
    await submit(call, command)
    return {"username": body.username, "name": body.name, "email": body.email}


async def set_up_user(call: Call, body: NewUser) -> Any:
    """The first user, who may do everything; refused with 403 as soon as there is one."""
    hashed = await _hashed(body.password)
    command = c.SetUpUser(body.username, body.name or "", _email(body.email), hashed)
    done = await submit(call, command)
    return {
        "userKey": str(done.key),
        "username": body.username,
        "name": body.name,
        "email": body.email,
    }


async def update_user(call: Call, body: ChangedUser) -> Any:
    hashed = await _hashed(body.password) if body.password else ""
    name = call.path["username"]
    await submit(call, c.UpdateUser(name, body.name or "", _email(body.email), hashed))
    return {"username": name, "name": body.name, "email": body.email}


async def delete_user(call: Call, body: None) -> None:
    await submit(call, c.DeleteUser(call.path["username"]))


async def _hashed(password: str) -> str:
    """Made on a thread: it takes some 50 ms on purpose."""
    if not 1 <= len(password) <= LONGEST_PASSWORD:
        raise Status(
            Code.INVALID_ARGUMENT,
            f"Expected a password of 1 to {LONGEST_PASSWORD} signs, but it has {len(password)}",
        )
    return await asyncio.to_thread(hash_password, password)


def _email(given: str | None) -> str:
    if given and re.fullmatch(r"[^@\s]+@[^@\s]+", given) is None:
        raise Status(Code.INVALID_ARGUMENT, f"The provided email '{given[:100]}' is not valid")
    return given or ""


# --- groups, roles, tenants ------------------------------------------------------------------------


def _shown(kind: str, name: str, body: Any) -> dict[str, Any]:
    return {f"{kind.lower()}Id": name, "name": body.name, "description": body.description}


def creating(kind: str) -> Handle:
    async def create(call: Call, body: Any) -> Any:
        name = getattr(body, f"{kind.lower()}_id")
        await submit(call, c.CreateCircle(kind, name, body.name, body.description or ""))
        return _shown(kind, name, body)

    return create


def updating(kind: str) -> Handle:
    async def update(call: Call, body: ChangedCircle) -> Any:
        name = call.path[f"{kind.lower()}Id"]
        await submit(call, c.UpdateCircle(kind, name, body.name, body.description or ""))
        return _shown(kind, name, body)

    return update


def deleting(kind: str) -> Handle:
    async def delete(call: Call, body: None) -> None:
        await submit(call, c.DeleteCircle(kind, call.path[f"{kind.lower()}Id"]))

    return delete


def joining(
    kind: str, member_kind: str, command: type[c.AddMember] | type[c.RemoveMember]
) -> Handle:
    async def join(call: Call, body: None) -> None:
        circle, member = call.path[f"{kind.lower()}Id"], call.path[_PARAMETERS[member_kind]]
        await submit(call, command(kind, circle, member_kind, member))

    return join


# --- mapping rules and authorizations --------------------------------------------------------------


async def create_rule(call: Call, body: NewRule) -> Any:
    command = c.CreateMappingRule(
        body.mapping_rule_id, body.claim_name, body.claim_value, body.name
    )
    await submit(call, command)
    return _rule(body.mapping_rule_id, body)


async def update_rule(call: Call, body: ChangedRule) -> Any:
    name = call.path["mappingRuleId"]
    await submit(call, c.UpdateMappingRule(name, body.claim_name, body.claim_value, body.name))
    return _rule(name, body)


async def delete_rule(call: Call, body: None) -> None:
    await submit(call, c.DeleteMappingRule(call.path["mappingRuleId"]))


def _rule(name: str, body: NewRule | ChangedRule) -> dict[str, Any]:
    return {
        "mappingRuleId": name, "claimName": body.claim_name, "claimValue": body.claim_value,
        "name": body.name,
    }  # fmt: skip


async def create_authorization(call: Call, body: Granted) -> Any:
    done = await submit(call, c.CreateAuthorization(*_granted(body)))
    return {"authorizationKey": str(done.key)}


async def update_authorization(call: Call, body: Granted) -> None:
    await submit(call, c.UpdateAuthorization(call.key("authorizationKey"), *_granted(body)))


async def delete_authorization(call: Call, body: None) -> None:
    await submit(call, c.DeleteAuthorization(call.key("authorizationKey")))


def _granted(body: Granted) -> tuple[str, str, str, tuple[str, ...], str, str]:
    return (
        body.owner_type, body.owner_id, body.resource_type, tuple(body.permission_types),
        body.resource_id or "", body.resource_property_name or "",
    )  # fmt: skip


# --- searching -------------------------------------------------------------------------------------

Bound = Callable[[Call], dict[str, Any]]


def _found(
    call: Call,
    entity: Entity,
    wanted: Search,
    bound: dict[str, Any],
    owners: frozenset[Owner] | None = None,
) -> dict[str, Any]:
    who = call.broker.principal(call.header.actor)
    return found_in(call.broker.tables, who, entity, wanted, bound, owners=owners)


def searching(entity: Entity, bound: Bound | None = None) -> Handle:
    """A search of what the caller may read; `bound` is what the path asks for."""

    async def find(call: Call, body: SearchRequest) -> Any:
        wanted = Search(body.filter or {}, body.sort or (), body.page or {})
        try:
            return _found(call, entity, wanted, bound(call) if bound else {})
        except Wrong as fault:
            if "cannot be parsed" in str(fault):
                raise BadRequest(str(fault)) from fault
            raise Status(Code.INVALID_ARGUMENT, str(fault)) from fault

    return find


def looking_up(entity: Entity, parameter: str, what: str, bound: Bound | None = None) -> Handle:
    """One of them, by what its path calls it; 404 for what is not there, or not for the caller."""

    async def find(call: Call, body: None) -> Any:
        name = call.path[parameter]
        if parameter == "authorizationKey":
            call.key(parameter)
        wanted = Search({parameter: name})
        items = _found(call, entity, wanted, bound(call) if bound else {})["items"]
        if not items:
            raise Status(Code.NOT_FOUND, f"{what} with id '{name}' not found")
        return items[0]

    return find


def _of_kind(kind: str) -> Bound:
    return lambda call: {"kind": kind}


def _members(kind: str, member_kind: str) -> Bound:
    def bound(call: Call) -> dict[str, Any]:
        circle = call.path[f"{kind.lower()}Id"]
        known = {(each.kind, each.id) for each in call.broker.directory.snapshot.circles}
        if (kind, circle) not in known | {("TENANT", DEFAULT_TENANT)}:
            raise Status(Code.NOT_FOUND, f"{kind.capitalize()} with id '{circle}' not found")
        return {"kind": kind, "circle": circle, "memberKind": member_kind}

    return bound


def _roles_of_group(call: Call) -> dict[str, Any]:
    return {"kind": "ROLE", "memberKind": "GROUP", "member": call.path["groupId"]}


async def own_authorizations(call: Call, body: SearchRequest) -> Any:
    """Those of the caller, and of every group, role and rule that applies."""
    mine = call.broker.principal(call.header.actor).owners
    wanted = Search(body.filter or {}, body.sort or (), body.page or {})
    try:
        return _found(call, AUTHORIZATIONS, wanted, {}, mine)
    except Wrong as fault:
        raise Status(Code.INVALID_ARGUMENT, str(fault)) from fault


# --- operations ------------------------------------------------------------------------------------

_PARAMETERS = {
    "USER": "username",
    "CLIENT": "clientId",
    "GROUP": "groupId",
    "ROLE": "roleId",
    "MAPPING_RULE": "mappingRuleId",
}

_PLURALS = {
    "USER": "users",
    "CLIENT": "clients",
    "GROUP": "groups",
    "ROLE": "roles",
    "MAPPING_RULE": "mapping-rules",
}

_NEW: dict[str, type[Body]] = {"GROUP": NewGroup, "ROLE": NewRole, "TENANT": NewTenant}


def _search(path: str, name: str, handle: Handle) -> Operation:
    return Operation("POST", path, name, handle, request=SearchRequest, answer=dict)


def _circle_operations(kind: str) -> Iterator[Operation]:
    """All operations on groups, roles or tenants."""
    said = kind.capitalize()
    base, one = f"/{kind.lower()}s", f"/{kind.lower()}s/{{{kind.lower()}Id}}"
    entity = CIRCLES[kind]
    yield Operation("POST", base, f"create{said}", creating(kind), _NEW[kind], dict, 201)
    yield _search(f"{base}/search", f"search{said}s", searching(entity, _of_kind(kind)))
    find = looking_up(entity, f"{kind.lower()}Id", said, _of_kind(kind))
    yield Operation("GET", one, f"get{said}", find, answer=dict)
    yield Operation("PUT", one, f"update{said}", updating(kind), ChangedCircle, dict)
    yield Operation("DELETE", one, f"delete{said}", deleting(kind), success=204)
    for member_kind in MEMBERS[kind]:
        many = _PLURALS[member_kind]
        name = "".join(part.capitalize() for part in many.split("-"))
        single = name[:-1]
        path = f"{one}/{many}/{{{_PARAMETERS[member_kind]}}}"
        listed = searching(MEMBERS[kind][member_kind], _members(kind, member_kind))
        searched = "GroupIds" if (kind, member_kind) == ("TENANT", "GROUP") else name
        yield _search(f"{one}/{many}/search", f"search{searched}For{said}", listed)
        this, other = (said, single) if kind == "ROLE" else (single, said)
        add = joining(kind, member_kind, c.AddMember)
        yield Operation("PUT", path, f"assign{this}To{other}", add, success=204)
        remove = joining(kind, member_kind, c.RemoveMember)
        yield Operation("DELETE", path, f"unassign{this}From{other}", remove, success=204)


OPERATIONS = (
    Operation("POST", "/setup/user", "createAdminUser", set_up_user, NewUser, dict, 201, is_open=True),
    Operation("POST", "/users", "createUser", create_user, NewUser, dict, 201),
    _search("/users/search", "searchUsers", searching(USERS)),
    Operation("GET", "/users/{username}", "getUser", looking_up(USERS, "username", "User"), answer=dict),
    Operation("PUT", "/users/{username}", "updateUser", update_user, ChangedUser, dict),
    Operation("DELETE", "/users/{username}", "deleteUser", delete_user, success=204),
    *_circle_operations("GROUP"),
    _search("/groups/{groupId}/roles/search", "searchRolesForGroup",
            searching(ROLES_OF_GROUP, _roles_of_group)),
    *_circle_operations("ROLE"),
    *_circle_operations("TENANT"),
    Operation("POST", "/mapping-rules", "createMappingRule", create_rule, NewRule, dict, 201),
    _search("/mapping-rules/search", "searchMappingRule", searching(MAPPING_RULES)),
    Operation("GET", "/mapping-rules/{mappingRuleId}", "getMappingRule",
              looking_up(MAPPING_RULES, "mappingRuleId", "Mapping rule"), answer=dict),
    Operation("PUT", "/mapping-rules/{mappingRuleId}", "updateMappingRule", update_rule,
              ChangedRule, dict),
    Operation("DELETE", "/mapping-rules/{mappingRuleId}", "deleteMappingRule", delete_rule,
              success=204),
    Operation("POST", "/authorizations", "createAuthorization", create_authorization, Granted, dict,
              201),
    _search("/authorizations/search", "searchAuthorizations", searching(AUTHORIZATIONS)),
    Operation("GET", "/authorizations/{authorizationKey}", "getAuthorization",
              looking_up(AUTHORIZATIONS, "authorizationKey", "Authorization"), answer=dict),
    Operation("PUT", "/authorizations/{authorizationKey}", "updateAuthorization",
              update_authorization, Granted, success=204),
    Operation("DELETE", "/authorizations/{authorizationKey}", "deleteAuthorization",
              delete_authorization, success=204),
    _search("/authentication/me/authorizations/search", "searchOwnAuthorizations",
            own_authorizations),
)  # fmt: skip
