"""A turn: what one command did. Pure data, made by `remit.engine.step.step`.

The partition writes `command` and `events` to the log, the changed rows to the tables, and only after
both are durable hands out `reply` and `effects`.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from msgspec import Struct

from remit.protocol.commands import Command
from remit.protocol.events import Event
from remit.protocol.replies import Reply
from remit.protocol.values import Header


class Request(Struct, frozen=True, gc=False, array_like=True):
    """A command with what travels beside it."""

    command: Command
    header: Header = Header()


@dataclass(slots=True)
class Send:
    """To another partition: through the outbox, once and in order."""

    partition: int
    request: Request


@dataclass(slots=True)
class Answer:
    """A late reply to an earlier request, e.g. the result of an instance."""

    request_id: str
    reply: Reply


@dataclass(slots=True)
class JobsAvailable:
    """At least one job of this type waits for a worker."""

    type: str
    tenant: str


@dataclass(slots=True)
class IdentityChanged:
    """Users, circles, rules or authorizations are others than before."""


Effect = Send | Answer | JobsAvailable | IdentityChanged


@dataclass(slots=True)
class Turn:
    """`position` is that of the command; its events take the positions that follow.

    `reply` is None when the answer comes later (`Answer`) or nobody asked.
    """

    position: int
    timestamp: int
    request: Request
    reply: Reply | None = None
    events: list[Event] = field(default_factory=list)
    effects: list[Effect] = field(default_factory=list)

    @property
    def last_position(self) -> int:
        return self.position + len(self.events)
