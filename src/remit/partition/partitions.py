"""All partitions of a broker in one process, joined by their outboxes."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

from remit.partition.loop import RETRY_SECONDS, PartitionLoop
from remit.partition.outbox import Parcel
from remit.partition.storage.sqlite import SqliteStore


class Partitions:
    """`clients` are in order of their ids, from 1."""

    def __init__(self) -> None:
        self.clients: list[PartitionLoop] = []
        self._resending: asyncio.Task[None] | None = None

    @classmethod
    async def open(cls, folder: Path, count: int) -> Partitions:
        """Open the partitions of a data folder; must run on the event loop that will serve them."""
        partitions = cls()
        for partition in range(1, count + 1):
            store = SqliteStore.open(folder, partition)
            partitions.clients.append(
                PartitionLoop(
                    partition, count, store,
                    deliver=partitions._deliver, acknowledge=partitions._acknowledge,
                )
            )  # fmt: skip
        partitions._resending = asyncio.create_task(partitions._resend())
        return partitions

    async def close(self) -> None:
        """Finish what is in flight on every partition, then close them all."""
        if self._resending is not None:
            self._resending.cancel()
        for client in self.clients:
            await client.stop()

    def _deliver(self, destination: int, source: int, parcels: Sequence[Parcel]) -> None:
        self.clients[destination - 1].receive(source, parcels)

    def _acknowledge(self, source: int, by: int, sequence: int) -> None:
        self.clients[source - 1].acknowledged(by, sequence)

    async def _resend(self) -> None:
        """What was stored but never delivered, e.g. before a crash, goes out again."""
        while True:
            for client in self.clients:
                client.resend()
            await asyncio.sleep(10 * RETRY_SECONDS)
