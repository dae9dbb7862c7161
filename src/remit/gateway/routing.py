"""Which partition a command belongs to (reference 2.5)."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count

from remit.base.errors import Overloaded, Unavailable
from remit.base.keys import DEPLOYMENT_PARTITION, partition_for, partition_of
from remit.gateway.faults import of_rejection
from remit.partition.client import PartitionClient
from remit.protocol.commands import Command
from remit.protocol.replies import Rejected, Reply
from remit.protocol.values import Header


class Router:
    """Sends commands to partitions and turns rejections into `Status`."""

    def __init__(self, partitions: Sequence[PartitionClient]) -> None:
        self.partitions = partitions
        self._turn = count()

    async def by_key(self, key: int, command: Command, header: Header) -> Reply:
        """To the partition that made `key`; a key nobody made goes to the first, which says so."""
        return _answer(await self.of_key(key).ask(command, header))

    def of_key(self, key: int) -> PartitionClient:
        """The partition that made `key`, or the first."""
        partition = partition_of(key)
        if not 1 <= partition <= len(self.partitions):
            partition = DEPLOYMENT_PARTITION
        return self.partitions[partition - 1]

    def only(self) -> PartitionClient | None:
        """The partition, where there is but one."""
        return self.partitions[0] if len(self.partitions) == 1 else None

    async def by_correlation(self, correlation_key: str, command: Command, header: Header) -> Reply:
        partition = partition_for(correlation_key, len(self.partitions))
        return _answer(await self.partitions[partition - 1].ask(command, header))

    async def to_deployment(self, command: Command, header: Header) -> Reply:
        return _answer(await self.partitions[DEPLOYMENT_PARTITION - 1].ask(command, header))

    async def round_robin(self, command: Command, header: Header) -> Reply:
        """The next partition in turn, or the first after it that is able."""
        if len(self.partitions) == 1:
            return _answer(await self.partitions[0].ask(command, header))
        refused: Unavailable | None = None
        for partition in self.in_turn():
            try:
                return _answer(await partition.ask(command, header))
            except Unavailable as fault:
                if refused is None or isinstance(fault, Overloaded):
                    refused = fault
        raise refused or Unavailable("there is no partition")

    async def to_all(self, command: Command, header: Header) -> list[Reply]:
        """What each partition answers, the first one first."""
        return [_answer(await partition.ask(command, header)) for partition in self.partitions]

    def in_turn(self) -> list[PartitionClient]:
        """All partitions, beginning with the next one in turn."""
        first = next(self._turn) % len(self.partitions)
        return [*self.partitions[first:], *self.partitions[:first]]


def _answer(reply: Reply) -> Reply:
    if isinstance(reply, Rejected):
        raise of_rejection(reply)
    return reply
