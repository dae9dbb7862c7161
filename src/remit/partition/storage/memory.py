"""A store in memory: for tests, simulation and throw-away engines. Gone with its process."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice, takewhile

from sortedcontainers import SortedDict

from remit.partition.storage.contract import Batch, Fenced, LogBatch, Recovered


class MemoryStore:
    def __init__(self) -> None:
        self._rows: SortedDict[bytes, bytes] = SortedDict()
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
        rows = self._rows
        keys = rows.irange(prefix if after is None else after, inclusive=(after is None, True))
        mine = takewhile(lambda key: key.startswith(prefix), keys)
        return [(key, rows[key]) for key in islice(mine, limit)]

    def stage(self, batch: Batch) -> None:
        if batch.epoch != self._epoch:
            raise Fenced(f"epoch {batch.epoch} is over: the partition is at {self._epoch}")
        for key, row in batch.puts:
            self._rows[key] = row
        for key in batch.deletes:
            self._rows.pop(key, None)
        if batch.log is not None:
            self._log.append(batch.log)

    def sync(self) -> None:
        """Memory is as durable as it gets."""

    def read_log(self, after: int) -> Iterator[LogBatch]:
        return iter([batch for batch in self._log if batch.last_position > after])

    def close(self) -> None:
        """Nothing to close."""
