"""The store a partition stands on: an ordered map with an atomic, fenced batch, and a log.

Every implementation passes the same contract suite (tests/partition/contracts).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

from msgspec import Struct

from remit.base.errors import Unavailable


class Fenced(Unavailable):
    """Another broker took the partition: this one must step down."""


class StoreFull(Unavailable):
    """No room on the device: nothing of the batch was written; it may be tried again later."""


class LogBatch(Struct, frozen=True):
    """Sealed turns: `body` is compressed; `hash` covers `previous` and `body`.

    Positions are inclusive; batches follow each other without a gap.
    """

    first_position: int
    last_position: int
    previous: bytes
    hash: bytes
    body: bytes


class Batch(Struct, frozen=True):
    """One atomic write: rows to put and delete, and the log of the turns that caused them."""

    puts: Sequence[tuple[bytes, bytes]]
    deletes: Sequence[bytes]
    log: LogBatch | None
    epoch: int


class Recovered(Struct, frozen=True):
    """Where the store stands: the last position and hash of its log (0 and b"" when empty)."""

    position: int
    hash: bytes


class Store(Protocol):
    def acquire(self, owner: str) -> int:
        """Take the partition; returns the new epoch. Every earlier epoch is fenced from now on."""
        ...

    def recover(self) -> Recovered: ...

    def get(self, key: bytes) -> bytes | None: ...

    def scan(
        self, prefix: bytes, *, after: bytes | None = None, limit: int = 1 << 30
    ) -> Sequence[tuple[bytes, bytes]]: ...

    def stage(self, batch: Batch) -> None:
        """Write a batch, not yet durable. One at a time: `sync` comes before the next."""
        ...

    def sync(self) -> None:
        """Make the staged batch durable. May run on another thread than everything else.

        Both raise `Fenced`, `StoreFull`, or `Unavailable` (outcome unknown); nothing is staged then.
        """
        ...

    def read_log(self, after: int) -> Iterator[LogBatch]:
        """Batches with a last position beyond `after`, in order, archived ones included."""
        ...

    def close(self) -> None: ...
