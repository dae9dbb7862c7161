"""Long polling for jobs (reference 2.5).

A request asks each partition in turn; when none has a job it waits until one says that there are, or
until its time is over. It is answered with the first jobs found, be they fewer than asked for.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from itertools import count
from time import monotonic

from msgspec.structs import replace

from remit.base.errors import Overloaded, Unavailable
from remit.gateway.faults import of_rejection
from remit.gateway.leaving import Presence
from remit.partition.client import PartitionClient
from remit.protocol.commands import ActivateJobs, YieldJob
from remit.protocol.replies import JobsActivated, Rejected, Reply
from remit.protocol.values import ActivatedJob, Header

DEFAULT_SECONDS = 10.0
PROBE_SECONDS = 5.0
"""How often a waiting request looks without having been told to, and whether its client is there."""

PROBES_PER_SECOND = 200
"""Of all who wait together: with more than a thousand of them each looks less often."""

AGAIN_SECONDS = 0.1
"""How soon the first of those look again that met a partition with too much to do."""


class LongPolls:
    def __init__(self, partitions: Sequence[PartitionClient]) -> None:
        self._partitions = partitions
        self._waiting: dict[str, dict[int, _Bell]] = {}
        self._numbers = count()
        self._is_closed = False
        for partition in partitions:
            partition.watch_jobs(self._wake)

    @property
    def waiting(self) -> int:
        return sum(len(events) for events in self._waiting.values())

    async def activate(
        self,
        command: ActivateJobs,
        header: Header,
        request_timeout_ms: int,
        presence: Presence | None = None,
    ) -> list[ActivatedJob]:
        """Jobs of one type, at once or within `request_timeout_ms` (0: ten seconds, < 0: at once).

        Raises `Unavailable` when the broker closes meanwhile. A client that has left, as
        `presence` tells, gets no jobs and waits no longer.
        """
        seconds = request_timeout_ms / 1000 if request_timeout_ms else DEFAULT_SECONDS
        deadline = monotonic() + seconds
        number = next(self._numbers)
        bell = _Bell(command.tenants)
        waiting = self._waiting.setdefault(command.type, {})
        waiting[number] = bell
        if presence is not None:
            presence.when_gone(bell.ring)
        try:
            while True:
                bell.is_rung = False
                jobs, refused = await self._look(command, header, number)
                left = deadline - monotonic()
                if jobs and presence is not None and await presence.look():
                    await self.hand_back(jobs, header)
                    return []
                self.taken(command.type, jobs)
                if jobs or request_timeout_ms < 0 or left <= 0:
                    if refused is not None:
                        raise refused
                    return jobs
                if presence is not None and presence.is_gone:
                    return []
                pause = max(PROBE_SECONDS, self.waiting / PROBES_PER_SECOND)
                if refused is not None:
                    pause = AGAIN_SECONDS * (1 + number % 16)  # not all of them at once
                await bell.wait(min(left, pause))
                if self._is_closed:
                    raise Unavailable("the broker is closing")
                if presence is not None and await presence.look():
                    return []
                if refused is None and not bell.is_rung and deadline - monotonic() <= 0:
                    return []
        finally:
            if presence is not None:
                presence.when_gone(None)
            del waiting[number]
            if not waiting:
                self._waiting.pop(command.type, None)

    def taken(self, job_type: str, jobs: Sequence[ActivatedJob]) -> None:
        """Somebody got these: perhaps there are more, for those who wait."""
        for tenant in {each.job.tenant for each in jobs}:
            self._wake(job_type, tenant)

    def close(self) -> None:
        """Everybody who waits is told that the broker is closing."""
        self._is_closed = True
        for bells in self._waiting.values():
            for bell in bells.values():
                bell.ring()

    async def hand_back(self, jobs: Sequence[ActivatedJob], header: Header) -> None:
        """The client has gone: its jobs wait for another worker."""
        for activated in jobs:
            partition = self._partitions[(activated.job.key >> 51) - 1]
            try:
                await partition.ask(YieldJob(activated.job.key), header)
            except Unavailable:
                return  # their time-out hands them back

    async def _look(
        self, command: ActivateJobs, header: Header, number: int
    ) -> tuple[list[ActivatedJob], Overloaded | None]:
        """One pass; who waits anyway is not sent away because there is much to do just now."""
        try:
            return await self._one_pass(command, header, number), None
        except Overloaded as fault:
            return [], fault

    async def _one_pass(
        self, command: ActivateJobs, header: Header, number: int
    ) -> list[ActivatedJob]:
        """Ask each partition for what is still missing, another one first each time."""
        found: list[ActivatedJob] = []
        exhausted: Overloaded | None = None
        first = number % len(self._partitions)
        for partition in (*self._partitions[first:], *self._partitions[:first]):
            wanted = replace(command, limit=command.limit - len(found))
            try:
                reply = await self._ask(partition, wanted, header)
            except Overloaded as fault:
                exhausted = fault
                continue
            except Unavailable:
                continue
            found.extend(reply.jobs)
            if reply.truncated or len(found) >= command.limit:
                break
        if not found and exhausted is not None:
            raise exhausted
        return found

    async def _ask(
        self, partition: PartitionClient, command: ActivateJobs, header: Header
    ) -> JobsActivated:
        """The jobs of one partition. When the client leaves meanwhile they are handed back."""
        asking = partition.ask(command, header)
        try:
            reply = await asyncio.shield(asking)
        except asyncio.CancelledError:
            asking.add_done_callback(lambda done: self._hand_back_late(done, header))
            raise
        if isinstance(reply, Rejected):
            raise of_rejection(reply)
        assert isinstance(reply, JobsActivated)
        return reply

    def _hand_back_late(self, done: asyncio.Future[Reply], header: Header) -> None:
        if done.cancelled() or done.exception() is not None:
            return
        reply = done.result()
        if isinstance(reply, JobsActivated) and reply.jobs:
            task = asyncio.ensure_future(self.hand_back(reply.jobs, header))
            _KEPT.add(task)
            task.add_done_callback(_KEPT.discard)

    def _wake(self, job_type: str, tenant: str) -> None:
        """Jobs are there: the oldest who waits for such looks, and wakes the next if it finds some."""
        for bell in self._waiting.get(job_type, {}).values():
            if not bell.is_rung and (not bell.tenants or tenant in bell.tenants):
                bell.ring()
                return


class _Bell:
    """What a request waits for: an event and a time, without a task for either.

    `tenants` of whose jobs it may have some; empty: all that its caller is in.
    """

    __slots__ = ("_waiting", "is_rung", "tenants")

    def __init__(self, tenants: tuple[str, ...]) -> None:
        self.tenants = tenants
        self.is_rung = False
        self._waiting: asyncio.Future[None] | None = None

    def ring(self) -> None:
        self.is_rung = True
        self._stop()

    async def wait(self, seconds: float) -> None:
        """Until it has rung, or until the time is over."""
        if self.is_rung:
            return
        loop = asyncio.get_running_loop()
        self._waiting = loop.create_future()
        timer = loop.call_later(seconds, self._stop)
        try:
            await self._waiting
        finally:
            timer.cancel()
            self._waiting = None

    def _stop(self) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)


_KEPT: set[asyncio.Future[None]] = set()
"""Tasks that nobody awaits: kept here so that they are not collected before they are done."""
