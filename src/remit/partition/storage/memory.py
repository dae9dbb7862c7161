"""A store in memory: for tests, simulation and throw-away engines. Gone with its process."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterator, Sequence

from remit.partition.storage.contract import Batch, Fenced, LogBatch, Recovered


class MemoryStore:
    def __init__(self) -> None:
        self._rows: dict[bytes, bytes] = {}
        self._order: list[bytes] = []
        self._log: list[LogBatch] = []
        self._epoch = 0

    def acquire(self, owner: str) -> int:
        self._epoch += 1
        return self._epoch

    def recover(self) -> Recovered:
        if not self._log:
            return Recovered(0, b"")
        return Recovered(self._log[-1].last_position, self._log[-1].hash)

    def get(self, key: bytes) -> bytes | None:
        return self._rows.get(key)

    def scan(
        self, prefix: bytes, *, after: bytes | None = None, limit: int = 1 << 30
    ) -> Sequence[tuple[bytes, bytes]]:
        order = self._order
        at = bisect_left(order, prefix) if after is None else bisect_right(order, after)
        found: list[tuple[bytes, bytes]] = []
        while at < len(order) and len(found) < limit and order[at].startswith(prefix):
            found.append((order[at], self._rows[order[at]]))
            at += 1
        return found

    def stage(self, batch: Batch) -> None:
        if batch.epoch != self._epoch:
            raise Fenced(f"epoch {batch.epoch} is over: the partition is at {self._epoch}")
        for key, row in batch.puts:
            if key not in self._rows:
                self._insert(key)
            self._rows[key] = row
        for key in batch.deletes:
            if self._rows.pop(key, None) is not None:
                del self._order[bisect_left(self._order, key)]
        if batch.log is not None:
            self._log.append(batch.log)

    def sync(self) -> None:
        """Memory is as durable as it gets."""

    def read_log(self, after: int) -> Iterator[LogBatch]:
        return iter([batch for batch in self._log if batch.last_position > after])

    def close(self) -> None:
        """Nothing to close."""

    def _insert(self, key: bytes) -> None:
        if not self._order or self._order[-1] < key:
            self._order.append(key)
        else:
            insort(self._order, key)
