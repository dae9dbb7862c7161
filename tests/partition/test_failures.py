"""When something goes wrong: what is not durable never happened, and everybody is told."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable

import pytest

from remit.base.errors import Unavailable
from remit.engine.turn import Request
from remit.partition.client import JobStream
from remit.partition.loop import PartitionLoop
from remit.partition.outbox import Outbox, Parcel
from remit.partition.storage.contract import Batch
from remit.partition.storage.memory import MemoryStore
from remit.protocol import commands as c
from remit.protocol.replies import InstanceCreated, JobsActivated
from remit.protocol.values import ActivatedJob, Header
from tests.support.model import Model, one_task

HEADER = Header()
DEPLOY = c.DeployResources((("one.bpmn", one_task().xml()),))
CREATE = c.CreateInstance(process_id="one")


def run(story: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(asyncio.wait_for(story(), 30))  # type: ignore[arg-type]


class SlowDisk(MemoryStore):
    """A disk whose syncs wait while the gate is shut, and fail or tear reads when told to."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = threading.Event()
        self.gate.set()
        self.fails = False
        self.is_torn = False

    def sync(self) -> None:
        self.gate.wait(10)
        if self.fails:
            self.fails = False
            raise Unavailable("the disk did not say whether it wrote")

    def get(self, key: bytes) -> bytes | None:
        if self.is_torn and key[:1] == b"l":
            raise Unavailable("a page can't be read")
        return super().get(key)


async def until(holds: Callable[[], bool]) -> None:
    while not holds():
        await asyncio.sleep(0.005)


def test_parcels_are_offered_again_only_once_they_are_durable() -> None:
    model = Model("p").start("s").end("e")
    model.catch("wait", model.message("paid", "=id")).path("s", "wait", "e")
    disk = SlowDisk()
    sent: list[Parcel] = []

    async def story() -> None:
        loop = PartitionLoop(
            1, 3, disk, deliver=lambda destination, source, parcels: sent.extend(parcels)
        )
        await loop.ask(c.DeployResources((("p.bpmn", model.xml()),)), HEADER)
        for destination in (2, 3):
            loop.acknowledged(destination, 1)
        await asyncio.sleep(0.05)
        sent.clear()
        disk.gate.clear()
        asks = [
            asyncio.ensure_future(
                loop.ask(c.CreateInstance(process_id="p", variables={"id": f"k{number}"}), HEADER)
            )
            for number in range(9)
        ]
        await until(lambda: bool(loop._outbox._pending.get(2)))
        loop.resend()

        assert sent == []
        disk.gate.set()
        await asyncio.gather(*asks)
        assert sent
        loop.resend()
        assert len(sent) == 2 * len(set(sent))
        await loop.stop()

    run(story)


def test_an_outbox_read_from_disk_offers_everything_in_it() -> None:
    store = MemoryStore()
    epoch = store.acquire("a")
    _, rows = Outbox(store).post(2, Request(c.PinClock(1)))
    store.stage(Batch(rows, (), None, epoch))

    again = Outbox(store)

    assert again.destinations == [2]
    assert [sequence for sequence, _ in again.pending(2)] == [1]


def test_a_failed_commit_is_told_also_to_those_who_wait_for_a_result() -> None:
    disk = SlowDisk()

    async def story() -> None:
        loop = PartitionLoop(1, 1, disk)
        await loop.ask(DEPLOY, HEADER)
        disk.fails = True
        awaiting = c.CreateInstance(process_id="one", await_result=True)

        with pytest.raises(Unavailable, match="did not say"):
            await asyncio.wait_for(loop.ask(awaiting, HEADER), 5)
        await until(lambda: loop.status().healthy)
        assert isinstance(await loop.ask(CREATE, HEADER), InstanceCreated)
        assert loop.status().in_flight == 0
        await loop.stop()

    run(story)


def test_those_who_wait_for_a_result_are_told_when_the_broker_stops() -> None:
    async def story() -> None:
        loop = PartitionLoop(1, 1, MemoryStore())
        await loop.ask(DEPLOY, HEADER)
        command = c.CreateInstance(process_id="one", await_result=True)
        waiting = asyncio.ensure_future(loop.ask(command, HEADER))
        await until(lambda: loop.state.has_jobs("work", "<default>"))
        await loop.stop()

        with pytest.raises(Unavailable, match="stopping"):
            await asyncio.wait_for(waiting, 5)

    run(story)


def test_jobs_on_their_way_to_a_closed_stream_are_given_to_somebody_else() -> None:
    disk = SlowDisk()

    async def story() -> None:
        loop = PartitionLoop(1, 1, disk)
        await loop.ask(DEPLOY, HEADER)
        got: list[ActivatedJob] = []
        close = loop.open_stream(JobStream("work", "w", 60_000), got.append)
        await asyncio.sleep(0.02)
        disk.gate.clear()
        made = asyncio.ensure_future(loop.ask(CREATE, HEADER))
        await until(lambda: loop._current is not None)
        close()
        disk.gate.set()
        await made
        await asyncio.sleep(0.05)
        reply = await loop.ask(c.ActivateJobs("work", "other", 60_000, 5), HEADER)

        assert got == []
        assert isinstance(reply, JobsActivated)
        assert len(reply.jobs) == 1
        await loop.stop()

    run(story)


def test_a_stream_that_breaks_does_not_keep_others_from_their_answers() -> None:
    def broken(job: ActivatedJob) -> None:
        raise RuntimeError("the worker's connection is in pieces")

    async def story() -> None:
        loop = PartitionLoop(1, 1, MemoryStore())
        await loop.ask(DEPLOY, HEADER)
        seen: list[str] = []
        loop.watch_jobs(lambda job_type, tenant: seen.append(job_type))
        loop.open_stream(JobStream("work", "w", 60_000), broken)
        await loop.ask(CREATE, HEADER)
        await asyncio.sleep(0.02)

        assert seen
        assert loop.counters()["batches"] >= 2
        await loop.stop()

    run(story)


def test_a_disk_that_can_not_be_read_bans_nobody() -> None:
    disk = SlowDisk()

    async def story() -> None:
        loop = PartitionLoop(1, 1, disk)
        await loop.ask(DEPLOY, HEADER)
        made = await loop.ask(CREATE, HEADER)
        assert isinstance(made, InstanceCreated)
        loop.state.evict(1)
        disk.is_torn = True

        with pytest.raises(Unavailable):
            await asyncio.wait_for(loop.ask(c.CancelInstance(made.key), HEADER), 5)
        disk.is_torn = False
        await until(lambda: loop.status().healthy)
        await loop.ask(c.CancelInstance(made.key), HEADER)
        assert loop.counters()["rejected"] == 0
        await loop.stop()

    run(story)


def test_a_stream_with_many_jobs_waiting_does_not_hold_up_the_partition() -> None:
    async def story() -> None:
        loop = PartitionLoop(1, 1, MemoryStore())
        await loop.ask(DEPLOY, HEADER)
        for _ in range(30):  # as many at once as a slow machine takes, too
            await asyncio.gather(*(loop.ask(CREATE, HEADER) for _ in range(100)))
        got: list[ActivatedJob] = []
        before = loop.counters()["batches"]
        loop.open_stream(JobStream("work", "w", 60_000), got.append)
        await until(lambda: len(got) == 3000)

        assert loop.counters()["batches"] - before >= 2
        await loop.stop()

    run(story)
