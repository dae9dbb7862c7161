"""Fault                     base of everything we raise on purpose; carries a plain sentence
       ├── Rejection             the caller asked for something we refuse; state is untouched
       │   ├── InvalidArgument   the command itself is wrong
       │   ├── NotFound          what it names does not exist (any more)
       │   ├── AlreadyExists     what it would make is there
       │   ├── InvalidState      what it names is not in a state that allows it
       │   └── Denied            the actor or the policy does not permit it
       └── Unavailable           not now: overloaded, full disk, lost leadership; try again

A `Rejection` is an answer, not an accident: its `type` is Zeebe's rejection type, its sentence says
what was expected and what was found.
"""

from enum import Enum


class RejectionType(Enum):
    """Zeebe's rejection types; the edge maps them to status codes (reference 2.3)."""

    INVALID_ARGUMENT = "INVALID_ARGUMENT"
    NOT_FOUND = "NOT_FOUND"
    ALREADY_EXISTS = "ALREADY_EXISTS"
    INVALID_STATE = "INVALID_STATE"
    PROCESSING_ERROR = "PROCESSING_ERROR"
    UNAUTHORIZED = "UNAUTHORIZED"
    FORBIDDEN = "FORBIDDEN"
    EXCEEDED_BATCH_RECORD_SIZE = "EXCEEDED_BATCH_RECORD_SIZE"


class Fault(Exception):
    """Base of all faults raised on purpose. `str(fault)` is a sentence for people."""


class Rejection(Fault):
    """A command is refused; nothing of it took effect."""

    type = RejectionType.PROCESSING_ERROR


class InvalidArgument(Rejection):
    type = RejectionType.INVALID_ARGUMENT


class NotFound(Rejection):
    type = RejectionType.NOT_FOUND


class AlreadyExists(Rejection):
    type = RejectionType.ALREADY_EXISTS


class InvalidState(Rejection):
    type = RejectionType.INVALID_STATE


class Denied(Rejection):
    type = RejectionType.FORBIDDEN


class Unavailable(Fault):
    """Not now: the sentence says why, and whether waiting helps."""


class Overloaded(Unavailable):
    """Too many commands are in flight, or the disk is full: RESOURCE_EXHAUSTED at the edge."""
