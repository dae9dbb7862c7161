"""What is written but not yet durable, laid over the store: the engine reads through this.

Rows stay here from the moment their batch is drained until it is durable, so that nothing that was
evicted meanwhile is read as it was before.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence

from remit.partition.storage.contract import Store

Batch = dict[bytes, bytes | None]
"""Rows by key; None is a row that was deleted."""


class Overlay:
    def __init__(self, store: Store) -> None:
        self._store = store
        self._rows: Batch = {}
        self._order: list[bytes] | None = []

    def add(self, puts: Sequence[tuple[bytes, bytes]], deletes: Sequence[bytes]) -> Batch:
        """Lay a batch over the store; returns it, to be dropped when it is durable."""
        batch: Batch = dict(puts)
        for key in deletes:
            batch[key] = None
        self._rows.update(batch)
        self._order = None
        return batch

    def drop(self, batch: Batch) -> None:
        """The batch is durable: the store has its rows, unless a later batch wrote them again."""
        rows = self._rows
        for key, row in batch.items():
            if key in rows and rows[key] is row:
                del rows[key]
        self._order = None

    def get(self, key: bytes) -> bytes | None:
        if key in self._rows:
            return self._rows[key]
        return self._store.get(key)

    def scan(
        self, prefix: bytes, *, after: bytes | None = None, limit: int = 1 << 30
    ) -> Sequence[tuple[bytes, bytes]]:
        fresh = self._fresh(prefix, after)
        if not fresh:
            return self._store.scan(prefix, after=after, limit=limit)
        stored = self._store.scan(prefix, after=after, limit=limit + len(fresh))
        merged = dict(stored)
        for key in fresh:
            row = self._rows[key]
            if row is None:
                merged.pop(key, None)
            else:
                merged[key] = row
        return sorted(merged.items())[:limit]

    def _fresh(self, prefix: bytes, after: bytes | None) -> list[bytes]:
        if self._order is None:
            self._order = sorted(self._rows)
        order = self._order
        at = bisect_left(order, prefix) if after is None else bisect_right(order, after)
        found = []
        while at < len(order) and order[at].startswith(prefix):
            found.append(order[at])
            at += 1
        return found
