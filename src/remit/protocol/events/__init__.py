"""What happened: one frozen struct per event, tagged with Zeebe's record numbers.

A tag is `value type << 8 | intent` (reference 2.8), so the log speaks the vocabulary that exporters
write. Events are the only thing that changes the state of a partition, and they carry all that their
fold needs and all that a record shows. One module per family; importing this package registers all, so
that whoever reads a log knows every event.
"""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules

from remit.protocol.events.base import EVENTS, INTENT_NAMES, Event, number, value_type_and_intent

for _module in iter_modules(__path__):
    import_module(f"{__name__}.{_module.name}")

__all__ = ["EVENTS", "INTENT_NAMES", "Event", "number", "value_type_and_intent"]
