"""All partitions of a broker.

One partition lives in the gateway's own process. Several have a process each, so that they use more
than one core; they reach each other by way of the gateway, through their outboxes. A process that dies
is started again, and what it had not told anybody is sent again.
"""

from __future__ import annotations

import asyncio
import logging
import tempfile
from collections.abc import Sequence
from pathlib import Path

import msgspec

from remit.base import interpreter
from remit.base.errors import Unavailable
from remit.engine.governance import Governor
from remit.identity.principal import Access
from remit.partition import frames as f
from remit.partition.client import PartitionClient
from remit.partition.keys import NO_POLICIES, PolicyFiles, read_governor
from remit.partition.loop import PartitionLoop
from remit.partition.outbox import Parcel
from remit.partition.remote import RemotePartition
from remit.partition.storage.sqlite import SqliteStore

RESEND_SECONDS = 10.0
READY_SECONDS = 60.0
RESTART_SECONDS = 0.2
DRAIN_SECONDS = 20.0
"""How long a partition process may finish what is there before it is killed."""

log = logging.getLogger("remit.partition")


class Partitions:
    """`clients` are in order of their ids, from 1. Opened by `open_partitions`."""

    clients: Sequence[PartitionClient]

    async def close(self) -> None:
        """Finish what is in flight on every partition, then close them all."""
        raise NotImplementedError


async def open_partitions(
    folder: Path,
    count: int,
    policies: PolicyFiles = NO_POLICIES,
    access: Access | None = None,
) -> Partitions:
    """Open the partitions of a data folder; must run on the event loop that will serve them.

    Raises `Unavailable` for policies that `read_governor` does not take, and when the folder was made
    with another number of partitions: keys, messages and deployments are spread by it.
    """
    found = len(list(folder.glob("partition-*.db")))
    if found not in (0, count):
        raise Unavailable(
            f"{folder} holds {found} partitions, not {count}: start with --partitions {found}"
        )
    governor = read_governor(policies)
    if count == 1:
        return OwnPartitions(folder, count, governor, access)
    processes = PartitionProcesses(folder, count, policies, access)
    await processes.start()
    return processes


class OwnPartitions(Partitions):
    """Partitions in this process: the usual one, or several on one core."""

    def __init__(
        self,
        folder: Path,
        count: int,
        governor: Governor | None = None,
        access: Access | None = None,
    ) -> None:
        self.loops: list[PartitionLoop] = []
        for number in range(1, count + 1):
            store = SqliteStore.open(folder, number)
            self.loops.append(
                PartitionLoop(
                    number,
                    count,
                    store,
                    deliver=self._deliver,
                    acknowledge=self._acknowledge,
                    governor=governor,
                    access=access,
                )
            )
        self.clients = self.loops
        self._loop = asyncio.get_running_loop()
        self._loop.call_soon(self.resend)

    def resend(self) -> None:
        """Offer again what nobody has acknowledged, e.g. what a crash kept from being delivered."""
        for loop in self.loops:
            loop.resend()

    async def close(self) -> None:
        for loop in self.loops:
            await loop.stop()

    def _deliver(self, destination: int, source: int, parcels: Sequence[Parcel]) -> None:
        self.loops[destination - 1].receive(source, parcels)

    def _acknowledge(self, source: int, by: int, sequence: int) -> None:
        self.loops[source - 1].acknowledged(by, sequence)


class PartitionProcesses(Partitions):
    """A process for each partition, behind a Unix socket."""

    def __init__(
        self,
        folder: Path,
        count: int,
        policies: PolicyFiles = NO_POLICIES,
        access: Access | None = None,
    ) -> None:
        self._folder = folder
        self._keys = (msgspec.json.encode(policies).decode(), msgspec.json.encode(access).decode())
        self._remotes = [RemotePartition(number, self._forward) for number in range(1, count + 1)]
        self.clients = self._remotes
        self._sockets = tempfile.TemporaryDirectory(prefix="remit-partitions-")
        self._path = str(Path(self._sockets.name) / "gateway")
        self._processes: dict[int, asyncio.subprocess.Process] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._conversations: set[asyncio.Task[None]] = set()
        self._server: asyncio.AbstractServer | None = None
        self._is_closing = False

    async def start(self) -> None:
        """Start them all and wait until each has opened its partition."""
        self._folder.mkdir(parents=True, exist_ok=True)
        self._server = await asyncio.get_running_loop().create_unix_server(
            lambda: f.Channel(self._connected), self._path
        )
        for remote in self._remotes:
            self._tasks.append(asyncio.create_task(self._keep_running(remote.id)))
        try:
            async with asyncio.timeout(READY_SECONDS):
                await asyncio.gather(*(remote.is_ready.wait() for remote in self._remotes))
        except TimeoutError:
            await self.close()
            raise Unavailable("not all partition processes got ready; the log says why") from None
        self._tasks.append(asyncio.create_task(self._resend()))

    async def close(self) -> None:
        self._is_closing = True
        for remote in self._remotes:
            remote.say(f.Stop())
        await asyncio.gather(*(self._ended(number) for number in self._processes))
        for task in self._tasks:
            task.cancel()
        if self._server is not None:
            self._server.close()
        self._sockets.cleanup()

    async def _ended(self, partition: int) -> None:
        """Wait for the process of a partition; one that never connected is not waited for."""
        process = self._processes[partition]
        if process.returncode is None and not self._remotes[partition - 1].is_attached:
            process.terminate()
        try:
            async with asyncio.timeout(DRAIN_SECONDS):
                await process.wait()
        except TimeoutError:
            log.error("a partition process did not end in time", extra={"partition": partition})
            process.kill()
            await process.wait()

    def pid(self, partition: int) -> int:
        """The process of a partition, as the operating system knows it."""
        return self._processes[partition].pid

    async def _keep_running(self, partition: int) -> None:
        """Start the process of a partition, and again whenever it has died."""
        while not self._is_closing:
            process = await asyncio.create_subprocess_exec(
                interpreter.executable(),
                "-m", "remit.partition.process",
                str(self._folder), str(partition), str(len(self._remotes)), self._path,
                *self._keys,
                env=interpreter.environment(),
            )  # fmt: skip
            self._processes[partition] = process
            code = await process.wait()
            if not self._is_closing:
                log.error("a partition process died", extra={"partition": partition, "code": code})
                await asyncio.sleep(RESTART_SECONDS)

    def _connected(self, channel: f.Channel) -> None:
        task = asyncio.create_task(self._serve(channel))
        self._conversations.add(task)
        task.add_done_callback(self._conversations.discard)

    async def _serve(self, channel: f.Channel) -> None:
        """Talk with the process of a partition for as long as it lives."""
        try:
            hello = await channel.greeting()
            if isinstance(hello, f.Hello):
                for other in self._remotes:
                    other.say(f.Resend())  # what the process before this one may not have applied
                await self._remotes[hello.partition - 1].serve(channel)
        finally:
            await channel.close()

    def _forward(self, message: f.Frame) -> None:
        """From one partition to another."""
        if isinstance(message, f.Deliver):
            self._remotes[message.destination - 1].say(message)
        elif isinstance(message, f.Applied):
            self._remotes[message.source - 1].say(message)

    async def _resend(self) -> None:
        """What was stored but never delivered, e.g. before a crash, goes out again."""
        while True:
            await asyncio.sleep(RESEND_SECONDS)
            for remote in self._remotes:
                remote.say(f.Resend())
