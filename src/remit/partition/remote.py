"""A partition in another process, as the gateway sees it. Implements `PartitionClient`."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from itertools import count

from remit.base.errors import Overloaded, Unavailable
from remit.identity.directory import Snapshot
from remit.partition import frames as f
from remit.partition.client import Asker, JobStream, PartitionStatus, may_be_answered_late
from remit.protocol.commands import Command, YieldJob
from remit.protocol.replies import Reply
from remit.protocol.values import ActivatedJob, Header

log = logging.getLogger("remit.partition")


class RemotePartition:
    """Works over whatever channel is attached; without one it is unavailable.

    Streams and watchers outlive the process on the other side: they are opened again on the next one.
    """

    def __init__(self, partition: int, forward: Callable[[f.Frame], None]) -> None:
        self.id = partition
        self._forward = forward
        self._channel: f.Channel | None = None
        self._numbers = count(1)
        self._promise = asyncio.get_running_loop().create_future
        self._asked: dict[int, Asker] = {}
        self._streams: dict[int, tuple[JobStream, Callable[[ActivatedJob], None]]] = {}
        self._watchers: list[Callable[[str, str], None]] = []
        self._identity_watchers: list[Callable[[Snapshot], None]] = []
        self._identity: Snapshot | None = None
        self._report = f.Report(False, False, 0, 0, {})
        self._position = 0
        self.is_ready = asyncio.Event()

    def ask(self, command: Command, header: Header) -> asyncio.Future[Reply]:
        future: asyncio.Future[Reply] = self._promise()
        number = self.take(command, header, future)
        if may_be_answered_late(command):
            future.add_done_callback(lambda _: self._asked.pop(number, None))
        return future

    def take(self, command: Command, header: Header, asker: Asker) -> int:
        if self._channel is None:
            raise Unavailable(f"partition {self.id} is starting: try again in a moment")
        number = next(self._numbers)
        self._asked[number] = asker
        self._channel.say(f.Ask(number, command, header))
        return number

    def open_stream(
        self, stream: JobStream, push: Callable[[ActivatedJob], None]
    ) -> Callable[[], None]:
        number = next(self._numbers)
        self._streams[number] = (stream, push)
        self.say(f.OpenStream(number, stream))

        def close() -> None:
            if self._streams.pop(number, None) is not None:
                self.say(f.CloseStream(number))

        return close

    def watch_jobs(self, notify: Callable[[str, str], None]) -> Callable[[], None]:
        self._watchers.append(notify)
        return lambda: self._watchers.remove(notify)

    def watch_identity(self, notify: Callable[[Snapshot], None]) -> Callable[[], None]:
        self._identity_watchers.append(notify)
        if self._identity is not None:
            notify(self._identity)
        return lambda: self._identity_watchers.remove(notify)

    def status(self) -> PartitionStatus:
        report = self._report
        return PartitionStatus(
            self.id, report.leader, report.healthy, self._position, report.in_flight
        )

    def counters(self) -> Mapping[str, float]:
        return self._report.counters

    # --- the fabric's side -------------------------------------------------------------------------

    async def serve(self, channel: f.Channel) -> None:
        """Work over this channel until it breaks."""
        self._channel = channel
        try:
            await self._converse(channel)
        finally:
            self._channel = None
            self._report = f.Report(False, False, self._report.position, 0, self._report.counters)
            for asker in self._asked.values():
                if not asker.done():
                    asker.set_exception(Unavailable(f"partition {self.id} is restarting"))
            self._asked.clear()

    @property
    def is_attached(self) -> bool:
        return self._channel is not None

    async def _converse(self, channel: f.Channel) -> None:
        for number, (stream, _) in self._streams.items():
            channel.say(f.OpenStream(number, stream))
        channel.say(f.Resend())
        await channel.listen(self._heard)

    def say(self, message: f.Frame) -> None:
        """To the process on the other side, if there is one."""
        if self._channel is not None:
            self._channel.say(message)

    def _heard(self, message: f.Frame) -> None:
        if isinstance(message, f.Tell):
            self._position = max(self._position, message.position)
            asker = self._asked.pop(message.number, None)
            if asker is not None and not asker.done():
                asker.set_result(message.reply)
        elif isinstance(message, f.Refuse):
            asker = self._asked.pop(message.number, None)
            kind = Overloaded if message.overloaded else Unavailable
            if asker is not None and not asker.done():
                asker.set_exception(kind(message.message))
        elif isinstance(message, f.Push):
            self._pushed(message)
        elif isinstance(message, f.JobsThere):
            for notify in tuple(self._watchers):
                notify(message.type, message.tenant)
        elif isinstance(message, f.Identity):
            self._identity = message.snapshot
            for take in tuple(self._identity_watchers):
                take(message.snapshot)
        elif isinstance(message, f.Report):
            self._report = message
            self._position = max(self._position, message.position)
            if message.leader:
                self.is_ready.set()
        else:
            if isinstance(message, f.Deliver):
                self._position = max(self._position, message.position)
            self._forward(message)

    def _pushed(self, message: f.Push) -> None:
        """A stream that was closed meanwhile, or breaks, gets nothing: its job is handed back."""
        stream = self._streams.get(message.number)
        if stream is not None:
            try:
                stream[1](message.job)
            except Exception:
                log.exception("a job stream broke", extra={"partition": self.id})
                self._streams.pop(message.number, None)
                self.say(f.CloseStream(message.number))
            else:
                return
        self.say(f.Ask(next(self._numbers), YieldJob(message.job.job.key), Header()))
