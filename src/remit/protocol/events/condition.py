"""Conditions that events wait for. Each event carries the row as it is after it."""

from __future__ import annotations

from remit.protocol.events.base import Event, event, number
from remit.protocol.numbers import ValueType
from remit.protocol.values import DEFAULT_TENANT, NONE_KEY, ConditionSubscription


@event("CREATED")
class ConditionCreated(Event, frozen=True, tag=number(ValueType.CONDITION, 0)):
    key: int
    subscription: ConditionSubscription


@event("TRIGGERED")
class ConditionTriggered(Event, frozen=True, tag=number(ValueType.CONDITION, 1)):
    key: int
    subscription: ConditionSubscription


@event("RESET")
class ConditionReset(Event, frozen=True, tag=number(ValueType.CONDITION, 2)):
    """It has become false: it can be triggered again."""

    key: int
    subscription: ConditionSubscription


@event("HELD")
class ConditionsHeld(Event, frozen=True, tag=number(ValueType.CONDITION, 4)):
    """Variables of `instance` have changed while it is suspended: its conditions are asked later.

    `changes` as (name, "create" or "update"); none: ask anyway. `key` is the instance's, too.
    """

    key: int
    instance: int
    changes: tuple[tuple[str, str], ...] = ()


@event("EVALUATED")
class ConditionsEvaluated(Event, frozen=True, tag=number(ValueType.CONDITION, 5)):
    """Somebody asked which conditional start events hold: of one `definition`, or of all.

    The instances that begin follow it, with the variables.
    """

    key: int
    definition: int = NONE_KEY
    tenant: str = DEFAULT_TENANT


@event("DELETED")
class ConditionDeleted(Event, frozen=True, tag=number(ValueType.CONDITION, 3)):
    key: int
    subscription: ConditionSubscription
