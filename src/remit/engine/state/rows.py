"""What the engine may read of a disk: an ordered map of bytes. Given to it, never opened by it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol


class Missing(Exception):
    """These keys are on a disk too far away to wait for: read them, then step again."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        super().__init__(f"{len(keys)} rows to read")
        self.keys = keys


class Rows(Protocol):
    """The committed rows with the uncommitted ones of this partition laid over them."""

    def get(self, key: bytes) -> bytes | None:
        """The row at `key`, or None."""
        ...

    def scan(
        self, prefix: bytes, *, after: bytes | None = None, limit: int = 1 << 30
    ) -> Sequence[tuple[bytes, bytes]]:
        """Up to `limit` rows whose key starts with `prefix`, in key order, beyond `after`."""
        ...


class Nothing:
    """An empty disk: what a new partition in memory stands on."""

    def get(self, key: bytes) -> bytes | None:
        return None

    def scan(
        self, prefix: bytes, *, after: bytes | None = None, limit: int = 1 << 30
    ) -> Sequence[tuple[bytes, bytes]]:
        return ()
