"""Partitions in processes of their own: the same promises, and they outlive each other."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from remit.base.errors import Unavailable
from remit.base.keys import partition_for
from remit.partition import partitions as several
from remit.partition.client import JobStream, PartitionClient
from remit.partition.log import verify_chain
from remit.partition.partitions import PartitionProcesses, open_partitions
from remit.partition.storage.sqlite import SqliteStore
from remit.protocol import commands as c
from remit.protocol.replies import InstanceCreated, JobsActivated, Reply
from remit.protocol.values import ActivatedJob, Header
from tests.support.model import Model, one_task

HEADER = Header()
DEPLOY = c.DeployResources((("one.bpmn", one_task().xml()),))
CREATE = c.CreateInstance(process_id="one")


def run(story: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(asyncio.wait_for(story(), 60))  # type: ignore[arg-type]


async def taken(client: PartitionClient, command: c.Command) -> Reply:
    """Submit until the partition is there to take it."""
    while True:
        try:
            return await client.ask(command, HEADER)
        except Unavailable:
            await asyncio.sleep(0.05)


async def until(holds: Callable[[], bool]) -> None:
    while not holds():
        await asyncio.sleep(0.02)


def test_a_killed_partition_comes_back_with_its_streams_and_what_it_said(tmp_path: Path) -> None:
    async def story() -> None:
        partitions = await open_partitions(tmp_path, 2)
        assert isinstance(partitions, PartitionProcesses)
        first = partitions.clients[0]
        await first.ask(DEPLOY, HEADER)
        made = await first.ask(CREATE, HEADER)
        got: list[ActivatedJob] = []
        os.kill(partitions.pid(1), signal.SIGKILL)
        first.open_stream(JobStream("work", "w", 60_000), got.append)
        await until(lambda: bool(got))

        assert isinstance(made, InstanceCreated)
        assert [job.job.instance for job in got] == [made.key]
        await partitions.close()

    run(story)


def test_messages_reach_a_partition_that_was_away(tmp_path: Path) -> None:
    model = Model("p").start("s").service("a", "work").end("e")
    model.catch("wait", model.message("paid", "=id")).path("s", "wait", "a", "e")
    key = next(f"k{n}" for n in range(100) if partition_for(f"k{n}", 2) == 2)

    async def story() -> None:
        partitions = await open_partitions(tmp_path, 2)
        assert isinstance(partitions, PartitionProcesses)
        first, second = partitions.clients
        await first.ask(c.DeployResources((("p.bpmn", model.xml()),)), HEADER)
        os.kill(partitions.pid(2), signal.SIGKILL)
        await taken(first, c.CreateInstance(process_id="p", variables={"id": key}))
        await taken(second, c.PublishMessage("paid", key, 60_000))
        began = time.monotonic()
        while True:
            reply = await first.ask(c.ActivateJobs("work", "w", 60_000, 5), HEADER)
            assert isinstance(reply, JobsActivated)
            if reply.jobs:
                break
            await asyncio.sleep(0.05)

        assert len(reply.jobs) == 1
        assert time.monotonic() - began < several.RESEND_SECONDS / 2
        await partitions.close()

    run(story)


def test_a_job_pushed_to_a_stream_that_closed_is_given_to_somebody_else(tmp_path: Path) -> None:
    async def story() -> None:
        partitions = await open_partitions(tmp_path, 2)
        first = partitions.clients[0]
        await first.ask(DEPLOY, HEADER)
        got: list[ActivatedJob] = []
        close = first.open_stream(JobStream("work", "w", 60_000), got.append)
        await first.ask(c.ActivateJobs("other", "w", 1000, 1), HEADER)
        making = asyncio.ensure_future(first.ask(CREATE, HEADER))
        await asyncio.sleep(0)
        close()
        await making
        while True:
            reply = await first.ask(c.ActivateJobs("work", "x", 60_000, 5), HEADER)
            assert isinstance(reply, JobsActivated)
            if reply.jobs:
                break
            await asyncio.sleep(0.02)

        assert got == []
        await partitions.close()

    run(story)


def test_closing_answers_what_was_asked_and_leaves_the_chain_whole(tmp_path: Path) -> None:
    async def story() -> None:
        partitions = await open_partitions(tmp_path, 2)
        first = partitions.clients[0]
        await first.ask(DEPLOY, HEADER)
        asks = [asyncio.ensure_future(first.ask(CREATE, HEADER)) for _ in range(50)]
        await asyncio.sleep(0)
        await partitions.close()
        replies = await asyncio.gather(*asks, return_exceptions=True)

        assert all(isinstance(reply, InstanceCreated) for reply in replies)

    run(story)
    store = SqliteStore.open(tmp_path, 1)
    assert verify_chain(store) == store.recover()
    store.close()


def test_a_partition_process_drains_at_sigterm(tmp_path: Path) -> None:
    async def story() -> None:
        partitions = await open_partitions(tmp_path, 2)
        assert isinstance(partitions, PartitionProcesses)
        first = partitions.clients[0]
        await first.ask(DEPLOY, HEADER)
        asks = [asyncio.ensure_future(first.ask(CREATE, HEADER)) for _ in range(50)]
        await asyncio.sleep(0.05)
        os.kill(partitions.pid(1), signal.SIGTERM)
        replies = await asyncio.gather(*asks, return_exceptions=True)

        assert all(isinstance(reply, InstanceCreated) for reply in replies)
        assert isinstance(await taken(first, CREATE), InstanceCreated)
        await partitions.close()

    run(story)


def test_another_number_of_partitions_is_refused_by_name(tmp_path: Path) -> None:
    async def story() -> None:
        first = await open_partitions(tmp_path, 1)
        await first.close()
        with pytest.raises(Unavailable, match="holds 1 partitions, not 3"):
            await open_partitions(tmp_path, 3)

    run(story)


OLDER = """
import asyncio, sys
from pathlib import Path
from remit.base.errors import Unavailable
from remit.partition.loop import PartitionLoop
from remit.partition.storage.sqlite import SqliteStore
from remit.protocol import commands as c
from remit.protocol.values import Header

async def main():
    loop = PartitionLoop(1, 1, SqliteStore.open(Path(sys.argv[1]), 1))
    print("leads", flush=True)
    sys.stdin.readline()
    try:
        await loop.ask(c.PinClock(5_000_000_000_000), Header())
    except Unavailable as fault:
        print(f"{loop.status().leader} {fault}", flush=True)

asyncio.run(main())
"""


@pytest.mark.crash
def test_the_older_of_two_processes_on_one_file_is_refused_and_steps_down(tmp_path: Path) -> None:
    older = subprocess.Popen(
        [sys.executable, "-c", OLDER, str(tmp_path)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert older.stdout is not None
    assert older.stdout.readline() == "leads\n"
    newer = SqliteStore.open(tmp_path, 1)
    newer.acquire("newer")
    said, _ = older.communicate("\n", timeout=20)

    assert said.startswith("False epoch 1 is over")
    assert newer.recover().position == 0
    newer.close()
