"""What happened: one frozen struct per event, tagged with Zeebe's record numbers.

A tag is `value type << 8 | intent` (reference 2.8), so the log speaks the vocabulary that exporters
write. Events are the only thing that changes the state of a partition, and they carry all that their
fold needs and all that a record shows. One module per family; importing this package registers all.
"""

from __future__ import annotations

from remit.protocol.events import (
    decision,
    deployment,
    incident,
    job,
    message,
    partition,
    process_instance,
    timer,
    variable,
)
from remit.protocol.events.base import EVENTS, INTENT_NAMES, Event, number, value_type_and_intent

__all__ = [
    "EVENTS",
    "INTENT_NAMES",
    "Event",
    "decision",
    "deployment",
    "incident",
    "job",
    "message",
    "number",
    "partition",
    "process_instance",
    "timer",
    "value_type_and_intent",
    "variable",
]
