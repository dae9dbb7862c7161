"""The loop: nothing is told before it is durable, nothing that was told is lost."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from remit.base.errors import Overloaded, Unavailable
from remit.base.keys import partition_for
from remit.identity.principal import Access
from remit.partition.client import JobStream
from remit.partition.log import read_turns
from remit.partition.loop import PartitionLoop
from remit.partition.partitions import OwnPartitions
from remit.partition.storage.contract import Batch, StoreFull
from remit.partition.storage.memory import MemoryStore
from remit.partition.storage.sqlite import SqliteStore
from remit.protocol import commands as c
from remit.protocol.replies import InstanceCompleted, InstanceCreated, JobsActivated, Reply
from remit.protocol.values import ActivatedJob, Actor, Header
from tests.support.model import Model, one_task

HEADER = Header()
DEPLOY = c.DeployResources((("one.bpmn", one_task().xml()),))
CREATE = c.CreateInstance(process_id="one")


def run(story: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(asyncio.wait_for(story(), 30))  # type: ignore[arg-type]


class Disk(MemoryStore):
    """A disk that fills up when it is told to."""

    full = False

    def stage(self, batch: Batch) -> None:
        if self.full:
            raise StoreFull("no room left")
        super().stage(batch)


def test_many_requests_are_one_commit() -> None:
    async def story() -> None:
        loop = PartitionLoop(1, 1, MemoryStore())
        await loop.ask(DEPLOY, HEADER)
        before = loop.counters()["batches"]
        replies = await asyncio.gather(*(loop.ask(CREATE, HEADER) for _ in range(50)))

        assert all(isinstance(reply, InstanceCreated) for reply in replies)
        assert loop.counters()["batches"] - before <= 3
        await loop.stop()

    run(story)


def test_a_stream_that_may_have_no_job_keeps_nobody_busy() -> None:
    """Nor does it keep others from theirs, and it gets what it may have later."""

    async def story() -> None:
        access = Access(authorizations=True, admins=frozenset(["root"]))
        loop = PartitionLoop(1, 1, MemoryStore(), access=access)
        root, ada = Header(actor=Actor("root")), Actor("ada", "basic")
        got: dict[str, list[ActivatedJob]] = {"ada": [], "root": []}
        await loop.ask(DEPLOY, root)
        loop.open_stream(JobStream("work", "w", 60_000, actor=ada), got["ada"].append)
        await loop.ask(CREATE, root)
        before = loop.counters()["batches"]
        await asyncio.sleep(0.3)
        assert loop.counters()["batches"] - before <= 3
        close = loop.open_stream(
            JobStream("work", "w", 60_000, actor=root.actor), got["root"].append
        )
        await asyncio.sleep(0.1)
        assert (len(got["ada"]), len(got["root"])) == (0, 1)
        close()
        permissions = ("UPDATE_PROCESS_INSTANCE",)
        grant = c.CreateAuthorization("USER", "ada", "PROCESS_DEFINITION", permissions, "*")
        await loop.ask(grant, root)
        await loop.ask(CREATE, root)
        await asyncio.sleep(0.1)
        assert len(got["ada"]) == 1
        await loop.stop()

    run(story)


def test_a_result_is_answered_after_the_last_job() -> None:
    async def story() -> None:
        loop = PartitionLoop(1, 1, MemoryStore())
        await loop.ask(DEPLOY, HEADER)
        command = c.CreateInstance(process_id="one", variables={"x": 1}, await_result=True)
        waiting = loop.ask(command, HEADER)
        activated = await _activate(loop)
        await loop.ask(c.CompleteJob(activated[0].job.key, {"y": 2}), HEADER)

        reply = await waiting
        assert isinstance(reply, InstanceCompleted)
        assert reply.variables == {"x": 1, "y": 2}
        await loop.stop()

    run(story)


async def _activate(loop: PartitionLoop, limit: int = 10) -> tuple[ActivatedJob, ...]:
    while True:
        reply: Reply = await loop.ask(c.ActivateJobs("work", "w", 60_000, limit), HEADER)
        assert isinstance(reply, JobsActivated)
        if reply.jobs:
            return reply.jobs
        await asyncio.sleep(0.01)


def test_streams_get_jobs_in_turn_and_jobs_that_were_there_before() -> None:
    async def story() -> None:
        loop = PartitionLoop(1, 1, MemoryStore())
        await loop.ask(DEPLOY, HEADER)
        await loop.ask(CREATE, HEADER)
        got: list[list[ActivatedJob]] = [[], []]
        closers = [
            loop.open_stream(JobStream("work", f"w{number}", 60_000), got[number].append)
            for number in range(2)
        ]
        for _ in range(10):
            await loop.ask(CREATE, HEADER)
        await asyncio.sleep(0.1)
        for close in closers:
            close()
        await loop.ask(CREATE, HEADER)

        assert len(got[0]) + len(got[1]) == 11
        assert got[0]
        assert got[1]
        assert loop.state.has_jobs("work", "<default>")
        await loop.stop()

    run(story)


def test_what_was_acknowledged_is_there_after_a_reopen(tmp_path: Path) -> None:
    async def story() -> None:
        loop = PartitionLoop(1, 1, SqliteStore.open(tmp_path, 1))
        await loop.ask(DEPLOY, HEADER)
        made = [await loop.ask(CREATE, HEADER) for _ in range(20)]
        position = loop.state.position
        await loop.stop()
        again = PartitionLoop(1, 1, SqliteStore.open(tmp_path, 1))
        jobs = await _activate(again, limit=100)

        assert again.state.position > position
        assert [job.job.instance for job in jobs] == [reply.key for reply in made]  # type: ignore[attr-defined]
        await again.stop()

    run(story)


def test_a_second_broker_on_the_same_data_makes_the_first_step_down(tmp_path: Path) -> None:
    async def story() -> None:
        first = PartitionLoop(1, 1, SqliteStore.open(tmp_path, 1))
        await first.ask(DEPLOY, HEADER)
        second = PartitionLoop(1, 1, SqliteStore.open(tmp_path, 1))

        with pytest.raises(Unavailable):
            await first.ask(CREATE, HEADER)
        assert not first.status().leader
        assert isinstance(await second.ask(CREATE, HEADER), InstanceCreated)
        await first.stop()
        await second.stop()

    run(story)


def test_a_full_disk_refuses_and_goes_on_when_there_is_room() -> None:
    async def story() -> None:
        disk = Disk()
        loop = PartitionLoop(1, 1, disk)
        await loop.ask(DEPLOY, HEADER)
        await loop.ask(CREATE, HEADER)
        disk.full = True
        for _ in range(3):
            with pytest.raises(Unavailable):
                await loop.ask(CREATE, HEADER)
        with pytest.raises(Overloaded):
            await loop.ask(CREATE, HEADER)
        disk.full = False
        await asyncio.sleep(1.2)

        assert isinstance(await loop.ask(CREATE, HEADER), InstanceCreated)
        assert len(await _activate(loop)) == 2
        await loop.stop()

    run(story)


def test_too_many_commands_are_refused_but_completions_never() -> None:
    async def story() -> None:
        loop = PartitionLoop(1, 1, MemoryStore())
        await loop.ask(DEPLOY, HEADER)
        await loop.ask(CREATE, HEADER)
        (job,) = await _activate(loop)
        loop._pressure.limit = 0

        with pytest.raises(Overloaded, match="in flight"):
            await loop.ask(CREATE, HEADER)
        await loop.ask(c.CompleteJob(job.job.key), HEADER)
        await loop.stop()

    run(story)


def test_a_stopping_partition_refuses(tmp_path: Path) -> None:
    async def story() -> None:
        loop = PartitionLoop(1, 1, SqliteStore.open(tmp_path, 1))
        await loop.stop()

        with pytest.raises(Unavailable):
            await loop.ask(CREATE, HEADER)

    run(story)


def test_job_deadlines_pass_by_themselves() -> None:
    async def story() -> None:
        loop = PartitionLoop(1, 1, MemoryStore())
        await loop.ask(DEPLOY, HEADER)
        await loop.ask(CREATE, HEADER)
        await loop.ask(c.ActivateJobs("work", "w", 50, 1), HEADER)
        seen: list[tuple[str, str]] = []
        loop.watch_jobs(lambda job_type, tenant: seen.append((job_type, tenant)))
        await asyncio.sleep(0.3)

        assert seen == [("work", "<default>")]
        await loop.stop()

    run(story)


def test_each_message_correlates_once_over_partitions_even_when_sent_again(
    tmp_path: Path,
) -> None:
    model = Model("p").start("s").service("a", "work").end("e")
    model.catch("wait", model.message("paid", "=id")).path("s", "wait", "a", "e")

    async def story() -> None:
        partitions = OwnPartitions(tmp_path, 3)
        first = partitions.loops[0]
        await first.ask(c.DeployResources((("p.bpmn", model.xml()),)), HEADER)
        await asyncio.sleep(0.2)
        for number in range(30):
            client = partitions.loops[number % 3]
            command = c.CreateInstance(process_id="p", variables={"id": f"k{number}"})
            await client.ask(command, HEADER)
        for number in range(30):
            for client in partitions.loops:
                client.resend()
            key = f"k{number}"
            home = partitions.loops[_home(key) - 1]
            await home.ask(c.PublishMessage("paid", key, 60_000), HEADER)
        await asyncio.sleep(0.3)
        jobs = [len(await _all_jobs(client)) for client in partitions.loops]

        assert sum(jobs) == 30
        assert all(not client._outbox.destinations for client in partitions.loops)
        assert all(list(read_turns(client._store)) for client in partitions.loops)
        await partitions.close()

    run(story)


async def _all_jobs(loop: PartitionLoop) -> tuple[ActivatedJob, ...]:
    reply = await loop.ask(c.ActivateJobs("work", "w", 60_000, 100), HEADER)
    assert isinstance(reply, JobsActivated)
    return reply.jobs


def _home(key: str) -> int:

    return partition_for(key, 3)
