"""What concerns the partition itself."""

from __future__ import annotations

from remit.protocol.events.base import Event, event, number
from remit.protocol.numbers import ValueType
from remit.protocol.values import NONE_KEY


@event("PINNED")
class ClockPinned(Event, frozen=True, tag=number(ValueType.CLOCK, 0)):
    key: int
    timestamp: int


@event("RESETTED")
class ClockReset(Event, frozen=True, tag=number(ValueType.CLOCK, 1)):
    key: int


@event("CREATED")
class InstanceBanned(Event, frozen=True, tag=number(ValueType.ERROR, 0)):
    """A bug: the turn was undone, and this instance accepts no more commands (rule 94)."""

    key: int
    instance: int
    message: str
    stacktrace: str = ""
    root: int = NONE_KEY
