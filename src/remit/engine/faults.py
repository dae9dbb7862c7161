"""Fault (base.errors)
       ├── Rejection         a command is refused (base.errors)
       ├── IncidentRaised    an element cannot go on; the instance waits for a person
       └── Busy              the instance has a rest to play first; ask again a little later

An `IncidentRaised` stops one stage of one element's life. What the stage had done is undone, what
came before stands, and the incident says where to resume.
"""

from __future__ import annotations

from remit.base.errors import Fault
from remit.protocol.values import NONE_KEY


class IncidentRaised(Fault):
    """`error_type` is one of Zeebe's incident types (reference 2.9)."""

    def __init__(self, error_type: str, message: str, *, scope: int = NONE_KEY) -> None:
        super().__init__(message)
        self.error_type = error_type
        self.scope = scope


class Busy(Fault):
    """A turn of this root left a rest: until that is played nothing else of it is."""


def extract_value_error(message: str) -> IncidentRaised:
    """An expression gave nothing that its place can use."""
    return IncidentRaised("EXTRACT_VALUE_ERROR", message)
