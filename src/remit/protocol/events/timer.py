"""Timers. Each event carries the timer as it is after it."""

from __future__ import annotations

from remit.protocol.events.base import Event, event, number
from remit.protocol.numbers import ValueType
from remit.protocol.values import Timer


@event("CREATED")
class TimerCreated(Event, frozen=True, tag=number(ValueType.TIMER, 0)):
    key: int
    timer: Timer


@event("TRIGGERED")
class TimerTriggered(Event, frozen=True, tag=number(ValueType.TIMER, 2)):
    key: int
    timer: Timer


@event("CANCELED")
class TimerCanceled(Event, frozen=True, tag=number(ValueType.TIMER, 4)):
    key: int
    timer: Timer
