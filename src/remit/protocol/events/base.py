"""The base of all events and their registry."""

from __future__ import annotations

from msgspec import Struct

from remit.protocol.numbers import ValueType


def number(value_type: ValueType, intent: int) -> int:
    """The tag of an event.

    >>> number(ValueType.PROCESS_INSTANCE, 2)
    1282
    """
    assert 0 <= intent < 256
    return value_type << 8 | intent


def value_type_and_intent(tag: int) -> tuple[ValueType, int]:
    """
    >>> value_type_and_intent(1282)
    (<ValueType.PROCESS_INSTANCE: 5>, 2)
    """
    return ValueType(tag >> 8), tag & 0xFF


class Event(Struct, frozen=True, gc=False, array_like=True, tag=0, tag_field="event"):
    """Fields are only ever appended, with a default. `key` is the record key."""


EVENTS: dict[int, type[Event]] = {}
"""Every event by its tag; `event` fills it."""

INTENT_NAMES: dict[int, str] = {}
"""The intent's name as records show it, by tag."""


def event(intent_name: str):  # type: ignore[no-untyped-def]
    """Register an event class under its tag with the intent name of its records."""

    def register(cls: type[Event]) -> type[Event]:
        tag = cls.__struct_config__.tag
        assert isinstance(tag, int)
        assert tag not in EVENTS, f"{cls.__name__} and {EVENTS[tag].__name__} share tag {tag}"
        EVENTS[tag] = cls
        INTENT_NAMES[tag] = intent_name
        return cls

    return register
