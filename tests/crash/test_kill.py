"""`kill -9` at random moments under load: what was acknowledged is there, nothing happens twice.

ROUNDS says how often (CI a few times; the full run is ROUNDS=50).
"""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path

import grpc
import pytest

from remit.audit.verifying import verify
from remit.authority import verify_chain
from remit.partition.log import open_batches
from remit.partition.storage.sqlite import read_log
from remit.protocol.events.job import JobCompleted
from remit.protocol.events.message import ProcessSubscriptionCorrelated
from tests.support.broker import Broker, Client
from tests.support.governed import RING, WORK, governed_options, grant, policy
from tests.support.model import Model, one_task

ROUNDS = int(os.environ.get("ROUNDS", "3"))

pytestmark = [pytest.mark.crash, pytest.mark.timeout(120 * ROUNDS)]


class Load(threading.Thread):
    """Creates instances and completes their jobs until its broker is gone; notes what was said."""

    def __init__(self, client: Client, variables: str = "{}") -> None:
        super().__init__(daemon=True)
        self._client = client
        self._variables = variables
        self.created: list[int] = []
        self.completed: list[int] = []

    def run(self) -> None:
        try:
            while True:
                made = self._client.call(
                    "CreateProcessInstance", bpmnProcessId="one", variables=self._variables,
                    seconds=5,
                )  # fmt: skip
                self.created.append(made.processInstanceKey)
                for job in self._client.activate("work", limit=5, wait_ms=-1):
                    self._client.call("CompleteJob", jobKey=job.key, seconds=5)
                    self.completed.append(job.key)
        except grpc.RpcError:
            return


def killed(
    start_broker: Callable[..., Broker], seed: int, variables: str = "{}", *options: str
) -> tuple[set[int], list[int]]:
    """Rounds of load that end with a kill: the instances that were acknowledged, the jobs as well."""
    luck = random.Random(seed)
    created: set[int] = set()
    completed: list[int] = []
    for number in range(ROUNDS):
        broker = start_broker(*options)
        if number == 0:
            broker.client().deploy("one.bpmn", one_task().xml())
        loads = [Load(broker.client(), variables) for _ in range(4)]
        for load in loads:
            load.start()
        time.sleep(0.3 + luck.random())
        broker.kill()
        for load in loads:
            load.join(15)
            created.update(load.created)
            completed.extend(load.completed)
    return created, completed


def test_rounds_of_kill_lose_nothing_that_was_acknowledged(
    start_broker: Callable[..., Broker], tmp_path: Path
) -> None:
    created, completed = killed(start_broker, 7)

    turns = list(open_batches(read_log(tmp_path / "data" / "partition-1.db", 0)))
    done = [event.key for turn in turns for event in turn.events if isinstance(event, JobCompleted)]
    known = {
        getattr(event, "instance", 0) for turn in turns for event in turn.events
    }  # fmt: skip

    assert created
    assert created <= known
    assert set(completed) <= set(done)
    assert len(done) == len(set(done)), "a job was completed twice"


def test_r17_what_was_bound_before_a_kill_is_signed(
    start_broker: Callable[..., Broker], tmp_path: Path
) -> None:
    """An instance and the signature of its batch are stored together, or not at all."""
    given = json.dumps({"_policy": policy(grant(WORK))})
    options = governed_options(tmp_path)
    created, _ = killed(start_broker, 13, given, *options)

    report = verify(tmp_path / "data", RING).partitions[0]
    assert created
    assert report.findings == []
    assert report.instances >= len(created)
    client = start_broker(*options).client()
    client.call("CreateProcessInstance", bpmnProcessId="one", variables=given)
    jobs = client.activate("work", limit=5)
    assert jobs
    for job in jobs:
        blocks = json.loads(json.loads(job.customHeaders)["gov.policy"])
        chain = verify_chain(blocks, RING)
        assert chain.subject.instance == str(job.processInstanceKey)


def test_killed_partitions_correlate_each_message_once(
    start_broker: Callable[..., Broker], tmp_path: Path
) -> None:
    luck = random.Random(11)
    model = Model("spread").start("s").end("e")
    model.catch("wait", model.message("paid", "=id")).path("s", "wait", "e")
    broker = start_broker("--partitions", "2")
    client = broker.client()
    client.deploy("spread.bpmn", model.xml())
    time.sleep(0.5)
    published = 0
    for number in range(ROUNDS):
        for inner in range(20):
            key = f"k-{number}-{inner}"
            _again(client, "CreateProcessInstance", bpmnProcessId="spread",
                   variables=json.dumps({"id": key}))  # fmt: skip
            _again(client, "PublishMessage", name="paid", correlationKey=key, messageId=key,
                   timeToLive=600_000)  # fmt: skip
            published += 1
            if inner == luck.randrange(20):
                _kill_a_partition(broker, luck)
    _kill_a_partition(broker, luck)
    correlated = _wait_for_correlations(tmp_path / "data", published)

    per_instance = [event.subscription.instance for event in correlated]
    assert len(per_instance) == len(set(per_instance))
    assert len({event.message for event in correlated}) == published


def _again(client: Client, method: str, **fields: object) -> None:
    """Call until it is taken: a partition that is being started again says UNAVAILABLE."""
    for _ in range(200):
        try:
            client.call(method, **fields)
        except grpc.RpcError as fault:
            if fault.code() is grpc.StatusCode.ALREADY_EXISTS:
                return
            time.sleep(0.1)
        else:
            return
    raise AssertionError(f"{method} was never taken")


def _kill_a_partition(broker: Broker, luck: random.Random) -> None:
    listed = subprocess.run(
        ["pgrep", "-f", f"remit.partition.process {broker.data}"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    pids = listed.stdout.split()
    if pids:
        subprocess.run(["kill", "-9", luck.choice(pids)], check=False)


def _wait_for_correlations(data: Path, wanted: int) -> list[ProcessSubscriptionCorrelated]:
    """The correlations in all logs; creations that were repeated may wait for ever."""
    deadline = time.monotonic() + 60
    while True:
        found = [
            event
            for partition in (1, 2)
            for turn in open_batches(read_log(data / f"partition-{partition}.db", 0))
            for event in turn.events
            if isinstance(event, ProcessSubscriptionCorrelated)
        ]
        if len({event.message for event in found}) >= wanted or time.monotonic() > deadline:
            return found
        time.sleep(0.5)


def test_the_older_of_two_brokers_on_one_folder_steps_down(
    start_broker: Callable[..., Broker],
) -> None:
    first = start_broker()
    first.client().deploy("one.bpmn", one_task().xml())
    second = start_broker()

    with pytest.raises(grpc.RpcError) as fault:
        first.client().call("CreateProcessInstance", bpmnProcessId="one")

    assert fault.value.code() is grpc.StatusCode.UNAVAILABLE  # type: ignore[attr-defined]
    assert second.client().call("CreateProcessInstance", bpmnProcessId="one").version == 1


@pytest.fixture
def small_disk(tmp_path: Path) -> Path:
    """A file system of 24 MB; skipped where mounting is not allowed."""
    folder = tmp_path / "small"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", str(folder)],
        capture_output=True, check=False,
    )  # fmt: skip
    if mounted.returncode:
        pytest.skip("a tmpfs can't be mounted here")
    yield folder  # type: ignore[misc]
    subprocess.run(["umount", "-l", str(folder)], check=False)


def test_a_full_disk_refuses_loses_nothing_and_goes_on(small_disk: Path) -> None:
    ballast = small_disk / "ballast"
    with Broker(small_disk / "data") as broker:
        client = broker.client()
        client.deploy("one.bpmn", one_task().xml())
        created, refused = 0, ""
        free = shutil.disk_usage(small_disk).free
        ballast.write_bytes(b"x" * (free - 3 * 1024 * 1024))
        for _ in range(500):
            try:
                client.call("CreateProcessInstance", bpmnProcessId="one",
                            variables=json.dumps({"x": os.urandom(20_000).hex()}))  # fmt: skip
                created += 1
            except grpc.RpcError as fault:
                refused = fault.code().name
                break
        ballast.unlink()
        time.sleep(3)
        after = client.call("CreateProcessInstance", bpmnProcessId="one")
        jobs: list[object] = []
        while found := client.activate("work", limit=50, wait_ms=500):
            jobs.extend(found)

    assert refused in ("RESOURCE_EXHAUSTED", "UNAVAILABLE")
    assert after.processInstanceKey > 0
    assert len(jobs) >= created + 1
