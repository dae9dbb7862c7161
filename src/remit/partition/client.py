"""How the gateway talks to a partition, wherever its process is."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from remit.identity.directory import Snapshot
from remit.protocol.commands import Command
from remit.protocol.replies import Reply
from remit.protocol.values import ANONYMOUS, DEFAULT_TENANT, ActivatedJob, Actor, Header


@dataclass(frozen=True, slots=True)
class JobStream:
    """What a worker, `actor`, asked for when it opened a stream. Times in milliseconds."""

    type: str
    worker: str
    timeout: int
    fetch_variables: tuple[str, ...] = ()
    tenants: tuple[str, ...] = (DEFAULT_TENANT,)
    actor: Actor = ANONYMOUS


@dataclass(frozen=True, slots=True)
class PartitionStatus:
    id: int
    leader: bool
    healthy: bool
    position: int = 0
    in_flight: int = 0


class Asker(Protocol):
    """Who waits for an answer: a future, or what carries it to another process or to a client.

    What goes wrong while it is told is its own affair: neither method raises.
    """

    def done(self) -> bool:
        """It has been told, or nobody listens any more."""
        ...

    def set_result(self, reply: Reply, /) -> None: ...

    def set_exception(self, fault: BaseException, /) -> None: ...


def may_be_answered_late(command: Command) -> bool:
    """The answer may come with a later turn: after seconds, or never."""
    return command.answers_late or getattr(command, "await_result", False)


class PartitionClient(Protocol):
    """One partition. All methods are called on the event loop of the gateway."""

    id: int

    def ask(self, command: Command, header: Header) -> asyncio.Future[Reply]:
        """The reply, once it is durable; `Rejected` is a reply.

        Raises, now or through the future, `Overloaded` (back-pressure or full disk) and `Unavailable`
        (no leader, stopping). Cancelling the future forgets the answer, not the command.
        """
        ...

    def take(self, command: Command, header: Header, asker: Asker) -> object:
        """As `ask` does, for who wants no future: `asker` is told the reply, or what went wrong later.

        Not for a command that may be answered late.
        """
        ...

    def open_stream(
        self, stream: JobStream, push: Callable[[ActivatedJob], None]
    ) -> Callable[[], None]:
        """Push jobs of the stream's type as they become activatable; returns how to close it.

        What was pushed and could not be delivered is handed back with `YieldJob`.
        """
        ...

    def watch_jobs(self, notify: Callable[[str, str], None]) -> Callable[[], None]:
        """`notify(type, tenant)` each time jobs become available; returns how to stop."""
        ...

    def watch_identity(self, notify: Callable[[Snapshot], None]) -> Callable[[], None]:
        """`notify` of users, circles, rules and authorizations: now, and each time they have changed.

        Returns how to stop.
        """
        ...

    def status(self) -> PartitionStatus: ...

    def counters(self) -> Mapping[str, float]:
        """Totals since the start, by name."""
        ...
