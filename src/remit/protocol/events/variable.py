"""Variables: only a changed value is an event (rule 7)."""

from __future__ import annotations

from typing import Any

from remit.protocol.events.base import Event, event, number
from remit.protocol.numbers import ValueType
from remit.protocol.values import DEFAULT_TENANT


@event("CREATED")
class VariableCreated(Event, frozen=True, tag=number(ValueType.VARIABLE, 0)):
    key: int
    scope: int
    instance: int
    definition: int
    name: str
    value: Any
    root: int
    tenant: str = DEFAULT_TENANT


@event("UPDATED")
class VariableUpdated(Event, frozen=True, tag=number(ValueType.VARIABLE, 1)):
    key: int
    scope: int
    instance: int
    definition: int
    name: str
    value: Any
    root: int
    tenant: str = DEFAULT_TENANT


@event("UPDATED")
class VariablesSet(Event, frozen=True, tag=number(ValueType.VARIABLE_DOCUMENT, 1)):
    """A client set `variables` at `scope`."""

    key: int
    scope: int
    local: bool
    variables: dict[str, Any]
