"""Forms."""

from __future__ import annotations

from remit.protocol.events.base import Event, event, number
from remit.protocol.numbers import ValueType
from remit.protocol.values import FormDefinition


@event("CREATED")
class FormCreated(Event, frozen=True, tag=number(ValueType.FORM, 0)):
    key: int
    form: FormDefinition


@event("DELETED")
class FormDeleted(Event, frozen=True, tag=number(ValueType.FORM, 1)):
    key: int
    form: FormDefinition
