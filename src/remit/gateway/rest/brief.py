"""Requests that come down to one command for one partition: answered without a task.

    request ─▶ Brief(partition, command) ─▶ partition.take(…) ─▶ the reply is written to its client

Nearly all requests of workers are such. A task, its coroutines and its future take as much time as the
command itself; here the partition tells the reply to what writes the answer.
"""

from __future__ import annotations

from collections.abc import Callable, MutableMapping
from dataclasses import dataclass
from typing import Any, Protocol

from remit.gateway.faults import of_rejection
from remit.partition.client import PartitionClient
from remit.protocol.commands import Command
from remit.protocol.replies import Rejected, Reply

Headers = tuple[tuple[bytes, bytes], ...]


class Later(Exception):
    """Nothing was found and nothing has happened: the request goes the usual way, and waits there."""


def nothing(_: Any) -> None:
    """For a request whose answer is that it is done."""


@dataclass(frozen=True, slots=True)
class Brief:
    """What is asked of whom, and what the client is told of the reply: an `Answer`, or None for 204.

    `answer` may raise `Later`. `can_wait`: nor is a client refused because there is much to do.
    """

    partition: PartitionClient
    command: Command
    answer: Callable[[Any], Any] = nothing
    can_wait: bool = False

    def told(self, reply: Reply) -> Any:
        """Raises `Status` when the command was refused, or `Later`."""
        if isinstance(reply, Rejected):
            raise of_rejection(reply)
        return self.answer(reply)


class Client(Protocol):
    """Who waits for the answer to one request."""

    is_gone: bool

    @property
    def caller(self) -> MutableMapping[str, Any]:
        """A scope that says from which address it comes."""
        ...

    def tell(self, status: int, headers: Headers, content: bytes) -> None:
        """The whole answer, once; `headers` without the length. Never raises."""
        ...

    def go_usual_way(self) -> None:
        """There is no answer yet: the request is played as if the short way had not taken it."""
        ...
