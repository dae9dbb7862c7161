"""What gateway and partition processes say to each other: msgpack frames over a Unix socket.

    frame = length (4 bytes, big-endian) ‖ msgpack([message, …])

Messages that arise in one round of the event loop travel in one frame: what costs is the going.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Union, cast

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


class Hello(Frame, frozen=True):
    """Partition: which one it is. The first that it says."""

    partition: int


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


class Channel(asyncio.Protocol):
    """One end of a connection. `say` never waits; frames leave at the end of the round.

    `greet`: called with this channel once it is connected, by the side that was called. What comes
    before anybody listens waits.
    """

    def __init__(self, greet: Callable[[Channel], None] | None = None) -> None:
        self._greet = greet
        self._transport: asyncio.WriteTransport | None = None
        self._received = bytearray()
        self._early: list[Frame] = []
        self._hear: Callable[[Frame], None] = self._keep
        self._waiting: list[Frame] = []
        self._loop = asyncio.get_running_loop()
        self._lost: asyncio.Future[None] = self._loop.create_future()
        self._greeting: asyncio.Future[Frame | None] = self._loop.create_future()

    def say(self, message: Frame) -> None:
        if not self._waiting:
            self._loop.call_soon(self._flush)
        self._waiting.append(message)

    async def greeting(self) -> Frame | None:
        """The first message; None when the other side left without one. `listen` gets the rest."""
        return await self._greeting

    async def listen(self, heard: Callable[[Frame], None]) -> None:
        """Give every message to `heard`, until the other side is gone."""
        self._hear = heard
        early, self._early = self._early, []
        for message in early:
            heard(message)
        await self._lost

    async def close(self) -> None:
        """What was said leaves, then the connection ends."""
        self._flush()
        if self._transport is not None:
            self._transport.close()
            await self._lost

    # --- what the event loop tells -----------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.WriteTransport, transport)
        if self._greet is not None:
            self._greet(self)

    def data_received(self, data: bytes) -> None:
        """Decode what is whole; the beginning of a frame waits for its rest."""
        received = self._received
        received += data
        at = 0
        while (end := _end_of_frame(received, at)) is not None:
            messages = _decode(received[at + 4 : end])
            at = end
            for message in messages:
                self._hear(message)
        del received[:at]

    def connection_lost(self, exc: Exception | None) -> None:
        for waiting in (self._lost, self._greeting):
            if not waiting.done():
                waiting.set_result(None)

    def _keep(self, message: Frame) -> None:
        """Nobody listens yet: the first is the greeting, the others wait."""
        if self._greeting.done():
            self._early.append(message)
        else:
            self._greeting.set_result(message)

    def _flush(self) -> None:
        if self._waiting and self._transport is not None and not self._transport.is_closing():
            body = _encode(self._waiting)
            self._transport.write(len(body).to_bytes(4, "big") + body)
        self._waiting = []


def _end_of_frame(received: bytearray, at: int) -> int | None:
    """Where the frame that begins at `at` ends; None while it is not here whole."""
    if len(received) < at + 4:
        return None
    end = at + 4 + int.from_bytes(received[at : at + 4], "big")
    return end if end <= len(received) else None
