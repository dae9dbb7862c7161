"""A partition in a process of its own: the loop behind a Unix socket.

    python -m remit.partition.process DATA PARTITION PARTITIONS SOCKET POLICIES ACCESS

It connects to the gateway's socket, says which partition it is, and ends when the gateway is
gone or tells it to stop, or at SIGTERM; always after finishing what is there. SIGINT is the gateway's
to answer: at a terminal both of them get it.
"""

from __future__ import annotations

import asyncio
import logging
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
import uvloop

from remit.base.errors import Overloaded, Unavailable
from remit.base.garbage import collect_seldom
from remit.base.keys import DEPLOYMENT_PARTITION
from remit.engine.governance import Governor
from remit.identity.principal import Access
from remit.partition import frames as f
from remit.partition.keys import PolicyFiles, read_governor
from remit.partition.loop import PartitionLoop
from remit.partition.outbox import Parcel
from remit.partition.storage.sqlite import SqliteStore
from remit.protocol.replies import Reply
from remit.protocol.values import ActivatedJob

REPORT_SECONDS = 0.2

log = logging.getLogger("remit.partition")


class Asking:
    """Somebody at the gateway who waits for the answer with this number."""

    __slots__ = ("_is_told", "_number", "_served")

    def __init__(self, served: Served, number: int) -> None:
        self._served = served
        self._number = number
        self._is_told = False

    def done(self) -> bool:
        return self._is_told

    def set_result(self, reply: Reply) -> None:
        self._is_told = True
        served = self._served
        served.channel.say(f.Tell(self._number, reply, served.loop.state.position))

    def set_exception(self, fault: BaseException) -> None:
        self._is_told = True
        self._served.channel.say(f.Refuse(self._number, isinstance(fault, Overloaded), str(fault)))


class Served:
    """Obeys the frames of the gateway."""

    def __init__(
        self,
        channel: f.Channel,
        partition: int,
        partitions: int,
        folder: Path,
        governor: Governor | None,
        access: Access | None,
    ) -> None:
        self.channel = channel
        self._streams: dict[int, Callable[[], None]] = {}
        self._stopping = asyncio.Event()
        self._last: f.Report | None = None
        self.loop = PartitionLoop(
            partition,
            partitions,
            SqliteStore.open(folder, partition),
            deliver=self._deliver,
            acknowledge=self._acknowledge,
            governor=governor,
            access=access,
        )
        self.loop.watch_jobs(lambda kind, tenant: channel.say(f.JobsThere(kind, tenant)))
        if partition == DEPLOYMENT_PARTITION:
            self.loop.watch_identity(lambda snapshot: channel.say(f.Identity(snapshot)))

    async def run(self) -> None:
        """Until the gateway says stop, or is gone."""
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTERM, self._stopping.set)
        loop.add_signal_handler(signal.SIGINT, lambda: None)
        listening = asyncio.create_task(self.channel.listen(self._heard))
        reporting = asyncio.create_task(self._report())
        stopping = asyncio.create_task(self._stopping.wait())
        await asyncio.wait((listening, stopping), return_when=asyncio.FIRST_COMPLETED)
        await self.loop.stop()
        await asyncio.sleep(0)  # the answers of the last batch leave
        reporting.cancel()
        await self.channel.close()

    def _heard(self, message: f.Frame) -> None:
        if isinstance(message, f.Ask):
            self._ask(message)
        elif isinstance(message, f.Deliver):
            self.loop.receive(message.source, message.parcels)
        elif isinstance(message, f.Applied):
            self.loop.acknowledged(message.by, message.sequence)
        elif isinstance(message, f.OpenStream):
            number = message.number
            self._streams[number] = self.loop.open_stream(
                message.stream, lambda job: self._push(number, job)
            )
        elif isinstance(message, f.CloseStream):
            close = self._streams.pop(message.number, None)
            if close is not None:
                close()
        elif isinstance(message, f.Resend):
            self.loop.resend()
        elif isinstance(message, f.Stop):
            self._stopping.set()

    def _ask(self, message: f.Ask) -> None:
        asker = Asking(self, message.number)
        try:
            self.loop.take(message.command, message.header, asker)
        except Unavailable as fault:
            asker.set_exception(fault)

    def _push(self, number: int, job: ActivatedJob) -> None:
        self.channel.say(f.Push(number, job))

    def _deliver(self, destination: int, source: int, parcels: Sequence[Parcel]) -> None:
        position = self.loop.state.position
        self.channel.say(f.Deliver(destination, source, tuple(parcels), position))

    def _acknowledge(self, source: int, by: int, sequence: int) -> None:
        self.channel.say(f.Applied(source, by, sequence))

    async def _report(self) -> None:
        """How things are, whenever they have changed."""
        while True:
            status = self.loop.status()
            report = f.Report(
                status.leader, status.healthy, status.position, status.in_flight,
                dict(self.loop.counters()),
            )  # fmt: skip
            if report != self._last:
                self.channel.say(report)
                self._last = report
            await asyncio.sleep(REPORT_SECONDS)


async def main(
    data: str,
    partition: str,
    partitions: str,
    socket: str,
    policies: str,
    access: str,
) -> None:
    """Both are JSON; `access` is null where neither tenants nor authorizations count."""
    governor = read_governor(msgspec.json.decode(policies, type=PolicyFiles))
    rights = msgspec.json.decode(access, type=Access | None)
    loop = asyncio.get_running_loop()
    _, channel = await loop.create_unix_connection(f.Channel, socket)
    channel.say(f.Hello(int(partition)))
    served = Served(channel, int(partition), int(partitions), Path(data), governor, rights)
    collect_seldom()
    await served.run()


if __name__ == "__main__":
    uvloop.run(main(*sys.argv[1:]))
