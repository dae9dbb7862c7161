"""The log: turns sealed into batches, each batch chained to the one before by its hash.

    body = zstandard(msgpack([entry, …]))        hash = sha256(previous hash ‖ body)

An entry is a turn: its command's header, and its events. Whoever changes, drops or reorders a batch
breaks the chain at that position.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Union

import msgspec
import zstandard

from remit.base.errors import Fault, RejectionType
from remit.engine.turn import Turn
from remit.partition.storage.contract import LogBatch, Recovered, Store
from remit.protocol.commands import Command
from remit.protocol.events import EVENTS, Event
from remit.protocol.replies import Rejected
from remit.protocol.values import Header


class ChainBroken(Fault):
    """The log is not what was written: somebody or something changed it."""


if TYPE_CHECKING:
    AnyEvent = Event
else:
    AnyEvent = Union[tuple(EVENTS.values())]  # noqa: UP007
    """Any of those that there are, told apart by their tags."""


class Logged(msgspec.Struct, frozen=True, array_like=True):
    """A turn as the log keeps it. `command` is its name; what it did is in `events`."""

    position: int
    timestamp: int
    command: str
    key: int
    header: Header
    rejection: tuple[RejectionType, str] | None
    events: tuple[AnyEvent, ...]


class _Written(msgspec.Struct, frozen=True, array_like=True):
    """The same as `Logged`, as it is encoded."""

    position: int
    timestamp: int
    command: str
    key: int
    header: Header
    rejection: tuple[str, str] | None
    events: list[Event]


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(list[Logged]).decode
_decode_raw = msgspec.msgpack.Decoder(list[msgspec.Raw]).decode
_decode_turn = msgspec.msgpack.Decoder(Logged).decode


class Chain:
    """The end of a log, and how to make it longer. `position` and `hash` are those of the end."""

    def __init__(self, position: int, end: bytes) -> None:
        self.position = position
        self.hash = end
        self._compressor = zstandard.ZstdCompressor(level=1)

    @classmethod
    def of(cls, recovered: Recovered) -> Chain:
        return cls(recovered.position, recovered.hash)

    def seal(self, turns: Iterable[Turn]) -> LogBatch:
        """One batch of these turns, in order; the chain ends with it from now on."""
        entries = [_entry(turn) for turn in turns]
        body = self._compressor.compress(_encode(entries))
        first = self.position + 1
        last = entries[-1].position + len(entries[-1].events)
        end = hashlib.sha256(self.hash + body).digest()
        batch = LogBatch(first, last, self.hash, end, body)
        self.position, self.hash = last, end
        return batch


def read_turns(store: Store, after: int = 0) -> Iterator[Logged]:
    """The turns beyond a position, in order; raises `ChainBroken`."""
    return open_batches(store.read_log(after), after)


def open_batches(
    batches: Iterable[LogBatch], after: int = 0, read: Read | None = None
) -> Iterator[Logged]:
    """The turns of batches that follow each other, beyond a position; `read` as in `open_batch`."""
    previous: bytes | None = b"" if after == 0 else None
    for batch in batches:
        if previous is not None and batch.previous != previous:
            raise ChainBroken(f"batch {batch.first_position} does not follow the one before it")
        previous = batch.hash
        for turn in open_batch(batch, read):
            if turn.position > after:
                yield turn


def raw_turns(batch: LogBatch) -> list[bytes]:
    """The turns of one batch as they are written: what proofs are about; raises `ChainBroken`.

    Whoever changed the body is found out by its hash, not by what can't be read in it.
    """
    if hashlib.sha256(batch.previous + batch.body).digest() != batch.hash:
        raise ChainBroken(f"batch {batch.first_position}-{batch.last_position} was changed")
    return [bytes(raw) for raw in raw_turns_of(batch.body)]


def raw_turns_of(
    body: bytes, decompressor: zstandard.ZstdDecompressor | None = None
) -> list[msgspec.Raw]:
    """The turns in a body, whatever its hash; they are views of one and the same buffer.

    Who reads many bodies has a decompressor, for one thread. Raises `zstandard.ZstdError` or
    `msgspec.DecodeError` for what is none.
    """
    return _decode_raw((decompressor or zstandard.ZstdDecompressor()).decompress(body))


def read_turn(raw: bytes) -> Logged:
    """One turn from its own bytes; raises `msgspec.DecodeError` for other bytes."""
    return _decode_turn(raw)


Read = Callable[[bytes], list[Logged]]
"""The turns in the body of a batch; raises `zstandard.ZstdError` or `msgspec.DecodeError`."""


def open_batch(batch: LogBatch, read: Read | None = None) -> list[Logged]:
    """The turns of one batch; raises `ChainBroken` when it was changed, or is none.

    `read` is for who wants less of them than all.
    """
    name = f"batch {batch.first_position}-{batch.last_position}"
    if hashlib.sha256(batch.previous + batch.body).digest() != batch.hash:
        raise ChainBroken(f"{name} was changed")
    try:
        return (read or _read)(batch.body)
    except (zstandard.ZstdError, msgspec.DecodeError) as fault:
        raise ChainBroken(f"{name} can't be read: {fault}") from fault


def _read(body: bytes) -> list[Logged]:
    return _decode(zstandard.ZstdDecompressor().decompress(body))


def verify_chain(store: Store) -> Recovered:
    """Check every batch from the first to the last; returns where the log ends.

    Raises `ChainBroken` at the first batch that was changed, dropped or moved.
    """
    reached = Recovered(0, b"")
    for batch in store.read_log(0):
        if batch.first_position != reached.position + 1 or batch.previous != reached.hash:
            raise ChainBroken(f"batch {batch.first_position} does not follow {reached.position}")
        if hashlib.sha256(batch.previous + batch.body).digest() != batch.hash:
            raise ChainBroken(f"batch {batch.first_position}-{batch.last_position} was changed")
        reached = Recovered(batch.last_position, batch.hash)
    if reached != store.recover():
        raise ChainBroken(f"the log ends at {reached.position}, not where the store stands")
    return reached


def _entry(turn: Turn) -> _Written:
    reply = turn.reply
    return _Written(
        turn.position,
        turn.timestamp,
        type(turn.request.command).__name__,
        key_of(turn.request.command),
        turn.request.header,
        (reply.type.value, reply.reason) if isinstance(reply, Rejected) else None,
        turn.events,
    )


def key_of(command: Command) -> int:
    """The key that a command names; -1 where it makes one."""
    return getattr(command, "key", getattr(command, "element_key", -1))
