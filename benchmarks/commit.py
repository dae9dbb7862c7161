"""What durability costs: the part of an instance that is neither edge nor engine.

    python -m benchmarks.commit [INSTANCES]

Plays one-task instances (create, activate, complete: three commands) and measures, per instance, CPU
of encoding rows and sealing the log, and CPU of writing them to SQLite; wall-clock time of the syncs
is told apart (its CPU counts as store). Then one partition loop with all three commands submitted, end
to end.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from pathlib import Path

from remit.engine.state.state import State
from remit.engine.step import step
from remit.engine.turn import Request, Turn
from remit.partition.client import JobStream
from remit.partition.log import Chain
from remit.partition.loop import PartitionLoop
from remit.partition.storage.contract import Batch
from remit.partition.storage.sqlite import SqliteStore
from remit.protocol import commands as c
from remit.protocol.replies import JobsActivated
from remit.protocol.values import ActivatedJob, Header

AT_ONCE = 100
NOW = 1_800_000_000_000
RESIDENT = 20_000
MODEL = b"""<?xml version="1.0" encoding="UTF-8"?>
<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL"
    xmlns:zeebe="http://camunda.org/schema/zeebe/1.0" targetNamespace="bench">
  <bpmn:process id="one" isExecutable="true">
    <bpmn:startEvent id="s"/><bpmn:sequenceFlow id="f" sourceRef="s" targetRef="a"/>
    <bpmn:serviceTask id="a"><bpmn:extensionElements><zeebe:taskDefinition type="work"/>
    </bpmn:extensionElements></bpmn:serviceTask>
    <bpmn:sequenceFlow id="g" sourceRef="a" targetRef="e"/><bpmn:endEvent id="e"/>
  </bpmn:process>
</bpmn:definitions>"""
DEPLOY = c.DeployResources((("one.bpmn", MODEL),))
CREATE = c.CreateInstance(process_id="one")
ACTIVATE = c.ActivateJobs("work", "bench", 60_000, AT_ONCE)
JOBS = JobStream("work", "bench", 60_000)


class Costs:
    """CPU seconds by what they were spent on; `sync` is wall-clock time, mostly the disk's."""

    def __init__(self) -> None:
        self.step = self.encode = self.store = self.sync = 0.0


class Writer:
    """A partition without a loop: plays commands, and commits each batch at once."""

    def __init__(self, store: SqliteStore) -> None:
        self.costs = Costs()
        self._store = store
        self._epoch = store.acquire("bench")
        self._chain = Chain.of(store.recover())
        self._state = State(1, 1, store)
        self._state.recover()

    def play(self, *commands: c.Command) -> list[Turn]:
        began = time.thread_time()
        turns = [step(self._state, Request(command), NOW) for command in commands]
        stepped = time.thread_time()
        puts, deletes = self._state.drain()
        sealed = self._chain.seal(turns)
        encoded = time.thread_time()
        self._store.stage(Batch(puts, deletes, sealed, self._epoch))
        syncing = time.perf_counter()
        self._store.sync()
        self.costs.sync += time.perf_counter() - syncing
        self.costs.store += time.thread_time() - encoded
        self.costs.encode += encoded - stepped
        self.costs.step += stepped - began
        self._state.evict(RESIDENT)
        return turns


def by_hand(instances: int, folder: Path) -> Costs:
    """Batches of a hundred commands of each kind, one after the other."""
    store = SqliteStore.open(folder, 1)
    writer = Writer(store)
    writer.play(DEPLOY)
    writer.costs = Costs()
    for _ in range(instances // AT_ONCE):
        writer.play(*[CREATE] * AT_ONCE)
        reply = writer.play(ACTIVATE)[0].reply
        assert isinstance(reply, JobsActivated)
        assert len(reply.jobs) == AT_ONCE
        writer.play(*(c.CompleteJob(each.job.key) for each in reply.jobs))
    store.close()
    return writer.costs


async def through_the_loop(instances: int, folder: Path) -> tuple[float, float]:
    """(wall-clock seconds, CPU seconds of the process) of instances with jobs pushed to a stream."""
    loop = PartitionLoop(1, 1, SqliteStore.open(folder, 1))
    await loop.ask(DEPLOY, Header())
    room = asyncio.Semaphore(500)
    finished = asyncio.Event()
    tasks: set[asyncio.Task[object]] = set()
    left = instances

    def completed(task: asyncio.Task[object]) -> None:
        nonlocal left
        tasks.discard(task)
        room.release()
        left -= 1
        if left == 0:
            finished.set()

    def worker(job: ActivatedJob) -> None:
        task: asyncio.Task[object] = asyncio.ensure_future(
            loop.ask(c.CompleteJob(job.job.key), Header())
        )
        tasks.add(task)
        task.add_done_callback(completed)

    loop.open_stream(JOBS, worker)
    began, cpu = time.perf_counter(), time.process_time()
    creating: set[asyncio.Task[object]] = set()
    for _ in range(instances):
        await room.acquire()
        task: asyncio.Task[object] = asyncio.ensure_future(loop.ask(CREATE, Header()))
        creating.add(task)
        task.add_done_callback(creating.discard)
    await finished.wait()
    spent = time.perf_counter() - began, time.process_time() - cpu
    await loop.stop()
    return spent


def main(instances: int) -> None:
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder:
        costs = by_hand(instances, Path(folder) / "hand")
        wall, cpu = asyncio.run(through_the_loop(instances, Path(folder) / "loop"))
    print(f"{instances} one-task instances, µs per instance")
    for name in ("step", "encode", "store"):
        print(f"  {name:8} {getattr(costs, name) / instances * 1e6:7.1f}  CPU")
    print(f"  {'sync':8} {costs.sync / instances * 1e6:7.1f}  wall clock, batches of {AT_ONCE}")
    print(
        f"  {'loop':8} {cpu / instances * 1e6:7.1f}  CPU of everything, {instances / wall:,.0f}/s"
    )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20_000)
