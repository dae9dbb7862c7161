"""Who may do what: users, groups, roles, tenants, mapping rules, authorizations.

Every event carries the whole row as it is after it, or as it was.
"""

from __future__ import annotations

from remit.protocol.events.base import Event, event, number
from remit.protocol.numbers import ValueType
from remit.protocol.values import Authorization, Circle, MappingRule, Member, User


class CircleEvent(Event, frozen=True):
    key: int
    circle: Circle


class MemberEvent(Event, frozen=True):
    """`key` is that of the circle."""

    key: int
    member: Member


@event("CREATED")
class UserCreated(Event, frozen=True, tag=number(ValueType.USER, 1)):
    key: int
    user: User


@event("UPDATED")
class UserUpdated(Event, frozen=True, tag=number(ValueType.USER, 3)):
    key: int
    user: User


@event("DELETED")
class UserDeleted(Event, frozen=True, tag=number(ValueType.USER, 5)):
    key: int
    user: User


@event("CREATED")
class GroupCreated(CircleEvent, frozen=True, tag=number(ValueType.GROUP, 1)):
    pass


@event("UPDATED")
class GroupUpdated(CircleEvent, frozen=True, tag=number(ValueType.GROUP, 3)):
    pass


@event("DELETED")
class GroupDeleted(CircleEvent, frozen=True, tag=number(ValueType.GROUP, 5)):
    pass


@event("ENTITY_ADDED")
class GroupMemberAdded(MemberEvent, frozen=True, tag=number(ValueType.GROUP, 7)):
    pass


@event("ENTITY_REMOVED")
class GroupMemberRemoved(MemberEvent, frozen=True, tag=number(ValueType.GROUP, 9)):
    pass


@event("CREATED")
class RoleCreated(CircleEvent, frozen=True, tag=number(ValueType.ROLE, 1)):
    pass


@event("UPDATED")
class RoleUpdated(CircleEvent, frozen=True, tag=number(ValueType.ROLE, 3)):
    pass


@event("DELETED")
class RoleDeleted(CircleEvent, frozen=True, tag=number(ValueType.ROLE, 5)):
    pass


@event("ENTITY_ADDED")
class RoleMemberAdded(MemberEvent, frozen=True, tag=number(ValueType.ROLE, 7)):
    pass


@event("ENTITY_REMOVED")
class RoleMemberRemoved(MemberEvent, frozen=True, tag=number(ValueType.ROLE, 9)):
    pass


@event("CREATED")
class TenantCreated(CircleEvent, frozen=True, tag=number(ValueType.TENANT, 1)):
    pass


@event("UPDATED")
class TenantUpdated(CircleEvent, frozen=True, tag=number(ValueType.TENANT, 3)):
    pass


@event("DELETED")
class TenantDeleted(CircleEvent, frozen=True, tag=number(ValueType.TENANT, 5)):
    pass


@event("ENTITY_ADDED")
class TenantMemberAdded(MemberEvent, frozen=True, tag=number(ValueType.TENANT, 7)):
    pass


@event("ENTITY_REMOVED")
class TenantMemberRemoved(MemberEvent, frozen=True, tag=number(ValueType.TENANT, 9)):
    pass


@event("CREATED")
class MappingRuleCreated(Event, frozen=True, tag=number(ValueType.MAPPING_RULE, 1)):
    key: int
    rule: MappingRule


@event("UPDATED")
class MappingRuleUpdated(Event, frozen=True, tag=number(ValueType.MAPPING_RULE, 3)):
    key: int
    rule: MappingRule


@event("DELETED")
class MappingRuleDeleted(Event, frozen=True, tag=number(ValueType.MAPPING_RULE, 5)):
    key: int
    rule: MappingRule


@event("CREATED")
class AuthorizationCreated(Event, frozen=True, tag=number(ValueType.AUTHORIZATION, 1)):
    key: int
    authorization: Authorization


@event("UPDATED")
class AuthorizationUpdated(Event, frozen=True, tag=number(ValueType.AUTHORIZATION, 3)):
    key: int
    authorization: Authorization


@event("DELETED")
class AuthorizationDeleted(Event, frozen=True, tag=number(ValueType.AUTHORIZATION, 5)):
    key: int
    authorization: Authorization
