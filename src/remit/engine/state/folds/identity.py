"""Users, circles, members, mapping rules, authorizations.

What was known of who may do what is forgotten with each of them, and worked out again.
"""

from __future__ import annotations

from typing import Any

from remit.engine.state.state import State
from remit.protocol.events import identity as events
from remit.protocol.values import Member


def user_saved(state: State, event: events.UserCreated | events.UserUpdated) -> None:
    state.users.put(event.user.username, event.user)
    state.principals.clear()


def user_deleted(state: State, event: events.UserDeleted) -> None:
    state.users.delete(event.user.username)
    state.principals.clear()


def circle_saved(state: State, event: events.CircleEvent) -> None:
    state.circles.put((event.circle.kind, event.circle.id), event.circle)
    state.principals.clear()


def circle_deleted(state: State, event: events.CircleEvent) -> None:
    state.circles.delete((event.circle.kind, event.circle.id))
    state.principals.clear()


def member_added(state: State, event: events.MemberEvent) -> None:
    state.members.put(_name(event.member), event.member)
    state.principals.clear()


def member_removed(state: State, event: events.MemberEvent) -> None:
    state.members.delete(_name(event.member))
    state.principals.clear()


def _name(row: Member) -> tuple[str, str, str, str]:
    return (row.kind, row.circle, row.member_kind, row.member)


def rule_saved(state: State, event: events.MappingRuleCreated | events.MappingRuleUpdated) -> None:
    state.mapping_rules.put(event.rule.id, event.rule)
    state.principals.clear()


def rule_deleted(state: State, event: events.MappingRuleDeleted) -> None:
    state.mapping_rules.delete(event.rule.id)
    state.principals.clear()


def authorization_created(state: State, event: events.AuthorizationCreated) -> None:
    state.authorizations.put(event.key, event.authorization)
    state.principals.clear()


def authorization_updated(state: State, event: events.AuthorizationUpdated) -> None:
    """The owner may be another one now, so that the row is entered anew."""
    state.authorizations.delete(event.key)
    state.authorizations.put(event.key, event.authorization)
    state.principals.clear()


def authorization_deleted(state: State, event: events.AuthorizationDeleted) -> None:
    state.authorizations.delete(event.key)
    state.principals.clear()


FOLDS: dict[Any, Any] = {
    events.UserCreated: user_saved,
    events.UserUpdated: user_saved,
    events.UserDeleted: user_deleted,
    events.GroupCreated: circle_saved,
    events.GroupUpdated: circle_saved,
    events.GroupDeleted: circle_deleted,
    events.GroupMemberAdded: member_added,
    events.GroupMemberRemoved: member_removed,
    events.RoleCreated: circle_saved,
    events.RoleUpdated: circle_saved,
    events.RoleDeleted: circle_deleted,
    events.RoleMemberAdded: member_added,
    events.RoleMemberRemoved: member_removed,
    events.TenantCreated: circle_saved,
    events.TenantUpdated: circle_saved,
    events.TenantDeleted: circle_deleted,
    events.TenantMemberAdded: member_added,
    events.TenantMemberRemoved: member_removed,
    events.MappingRuleCreated: rule_saved,
    events.MappingRuleUpdated: rule_saved,
    events.MappingRuleDeleted: rule_deleted,
    events.AuthorizationCreated: authorization_created,
    events.AuthorizationUpdated: authorization_updated,
    events.AuthorizationDeleted: authorization_deleted,
}
