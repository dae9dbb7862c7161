"""What gateway and partition processes say to each other: msgpack frames over a Unix socket.

    frame = length (4 bytes, big-endian) ‖ msgpack([message, …])

Messages that arise in one round of the event loop travel in one frame: what costs is the going.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Union

import msgspec
from msgspec import Struct

from remit.identity.directory import Snapshot
from remit.partition.client import JobStream
from remit.partition.outbox import Parcel
from remit.protocol.commands import Command
from remit.protocol.replies import Reply
from remit.protocol.values import ActivatedJob, Header

if TYPE_CHECKING:
    AnyCommand = Command
    AnyReply = Reply
else:
    AnyCommand = Union[tuple(Command.__subclasses__())]  # noqa: UP007
    AnyReply = Union[tuple(Reply.__subclasses__())]  # noqa: UP007


class Frame(Struct, frozen=True, array_like=True, tag=True, tag_field="frame"):
    """Base of all messages."""


class Ask(Frame, frozen=True):
    """Gateway: a command; `number` comes back with the answer."""

    number: int
    command: AnyCommand
    header: Header


class Tell(Frame, frozen=True):
    """Partition: the reply, and how far its log is: who searches next sees what was answered."""

    number: int
    reply: AnyReply
    position: int = 0


class Refuse(Frame, frozen=True):
    """Partition: not now. `overloaded` tells a full partition from one that is gone."""

    number: int
    overloaded: bool
    message: str


class OpenStream(Frame, frozen=True):
    number: int
    stream: JobStream


class CloseStream(Frame, frozen=True):
    number: int


class Push(Frame, frozen=True):
    """Partition: a job for the stream with this number."""

    number: int
    job: ActivatedJob


class JobsThere(Frame, frozen=True):
    """Partition: jobs of this type became available."""

    type: str
    tenant: str


class Identity(Frame, frozen=True):
    """Partition: users, circles, rules and authorizations, as they are now."""

    snapshot: Snapshot


class Deliver(Frame, frozen=True):
    """Parcels from one partition to another, by way of the gateway; how far the log of the source is."""

    destination: int
    source: int
    parcels: tuple[Parcel, ...]
    position: int = 0


class Applied(Frame, frozen=True):
    """`by` has applied everything that `source` sent it up to `sequence`."""

    source: int
    by: int
    sequence: int


class Resend(Frame, frozen=True):
    """Gateway: offer again what nobody has acknowledged."""


class Report(Frame, frozen=True):
    """Partition: how it is. Sent on opening, and several times a second while things change."""

    leader: bool
    healthy: bool
    position: int
    in_flight: int
    counters: dict[str, float]


class Stop(Frame, frozen=True):
    """Gateway: finish what is there and end."""


if TYPE_CHECKING:
    AnyFrame = Frame
else:
    AnyFrame = Union[tuple(Frame.__subclasses__())]  # noqa: UP007

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(list[AnyFrame]).decode


class Channel:
    """One end of a connection. `say` never waits; frames leave at the end of the round."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._waiting: list[Frame] = []
        self._loop = asyncio.get_running_loop()

    def say(self, message: Frame) -> None:
        if not self._waiting:
            self._loop.call_soon(self._flush)
        self._waiting.append(message)

    async def listen(self, heard: Callable[[Frame], None]) -> None:
        """Give every message to `heard`, until the other side is gone."""
        try:
            while True:
                length = int.from_bytes(await self._reader.readexactly(4), "big")
                for message in _decode(await self._reader.readexactly(length)):
                    heard(message)
        except (asyncio.IncompleteReadError, ConnectionError):
            return

    async def close(self) -> None:
        """What was said leaves, then the connection ends."""
        self._flush()
        self._writer.close()
        with contextlib.suppress(ConnectionError):
            await self._writer.wait_closed()

    def _flush(self) -> None:
        if self._waiting and not self._writer.is_closing():
            body = _encode(self._waiting)
            self._writer.write(len(body).to_bytes(4, "big") + body)
        self._waiting = []
