"""Real workers in front of a real broker: pyzeebe with the decorator, the REST worker, the sidecar."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.error
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from remit.audit.reading import batches
from remit.authority.policy import Clause, Duty
from remit.client import Gate
from remit.client.rest_worker import BpmnError, RestWorker
from remit.partition.log import open_batches
from remit.protocol.events import Event
from remit.protocol.events.governance import (
    StepRejected,
    WorkerAdmitted,
    WorkerDeferred,
    WorkerRejected,
)
from tests.support.broker import Broker, Client, code_of
from tests.support.governed import FLOW, RING, WORK, governed_options, grant, policy, worker
from tests.support.model import Model, one_task

LIMIT = Clause(id="D1", do=("job.complete",), on={"varNames": {"any": ["payment"]}})
SIGNED = Duty(id="U1", do=("job.complete",), need=("receipt",))
ERROR = Clause(id="X", do=("job.error",))

PYZEEBE = """
import asyncio, json, sys
from pyzeebe import Job, ZeebeClient, ZeebeWorker, create_insecure_channel
from remit.authority import Signer, read_key_ring
from remit.client import Gate
from remit.client.pyzeebe_worker import governed, refusing

async def main(address, keys, seed, given, limited):
    channel = create_insecure_channel(grpc_address=address)
    client = ZeebeClient(channel)
    worker = ZeebeWorker(channel, exception_handler=refusing)
    gate = Gate(read_key_ring(open(keys, "rb").read()), Signer("worker", bytes.fromhex(seed)))
    seen = []

    @worker.task(task_type="named")
    @governed(gate)
    async def named(x: int) -> dict:
        seen.append(x)
        return {"y": x + 1}

    @worker.task(task_type="all")
    @governed(gate)
    def everything(**variables) -> dict:
        assert "_policy" not in variables, variables
        return {"z": len(variables)}

    @worker.task(task_type="with-job")
    @governed(gate)
    async def with_job(job: Job) -> dict:
        return {"payment": job.element_id}

    @worker.task(task_type="kept")
    @governed(gate)
    async def kept(job: Job) -> dict:
        assert "61843" not in f"{job.custom_headers} {job.variables}"
        return {"done": True}

    working = asyncio.create_task(worker.work())
    for process, expected in (("named", {"x": 4, "y": 5}), ("all", {"x": 4, "z": 1})):
        for policy in ({}, {"_policy": json.loads(given)}):
            result = await client.run_process_with_result(process, {"x": 4, **policy})
            assert result.variables == expected, result.variables
    await client.run_process("with-job", {"_policy": json.loads(given)})
    await client.run_process_with_result("kept", {"_policy": json.loads(limited), "total": 61843})
    await asyncio.sleep(0.5)
    await worker.stop()
    working.cancel()

asyncio.run(main(*sys.argv[1:]))
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Broker, Path]]:
    folder = tmp_path_factory.mktemp("governed")
    with Broker(folder / "data", *governed_options(folder)) as broker:
        client = broker.client()
        for name in (
            "named",
            "all",
            "with-job",
            "rest",
            "beside",
            "failing",
            "kept",
            "kept-rest",
            "kept-beside",
            "twice",
        ):
            client.deploy(f"{name}.bpmn", one_task(name, name).xml())
        yield broker, folder


def given() -> list[str]:
    """Work may be done, with a receipt, as long as it pays nothing."""
    return policy(grant(WORK, ERROR, deny=(LIMIT,), duty=(SIGNED,)))


def limited() -> list[str]:
    """A limit on a total that workers may not read."""
    read = Clause(id="R", do=("var.read",), on={"varNames": {"sub": ["x", "done"]}})
    limit = Clause(id="D2", do=("job.complete",), on={"var.total": {"min": 100_000}})
    write = Clause(id="WR", do=("var.write",))
    return policy(grant(allow=(FLOW, WORK, read, write), deny=(limit,)))


def start(client: Client, process: str, **variables: Any) -> int:
    key: int = client.call(
        "CreateProcessInstance", bpmnProcessId=process, version=-1, variables=json.dumps(variables)
    ).processInstanceKey
    return key


def told(folder: Path, kind: type[Event]) -> list[Any]:
    log = open_batches(batches(folder / "data", 1))
    return [event for turn in log for event in turn.events if isinstance(event, kind)]


def test_r9_r10_pyzeebe_with_the_decorator(place: tuple[Broker, Path]) -> None:
    broker, folder = place
    seed = (folder / "worker.key").read_text()
    done = subprocess.run(
        [
            sys.executable, "-c", PYZEEBE, broker.grpc, str(folder / "keys.json"), seed,
            json.dumps(given()), json.dumps(limited()),
        ],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip

    assert done.returncode == 0, done.stderr[-3000:]
    assert {event.element for event in told(folder, WorkerAdmitted)} == {"a"}
    assert "D1" in [event.clause for event in told(folder, WorkerRejected)]
    assert "D2" in [event.clause for event in told(folder, WorkerDeferred)]


def test_a_plain_rest_worker_asks_before_it_works(place: tuple[Broker, Path]) -> None:
    broker, folder = place
    client = broker.client()
    seen: list[dict[str, Any]] = []

    def handler(variables: dict[str, Any]) -> dict[str, Any]:
        seen.append(variables)
        if variables.get("mood") == "bad":
            raise BpmnError("MOODY", "not today")
        return {"payment" if variables.get("pays") else "proposal": 1}

    rest = RestWorker(f"http://{broker.http}", "rest", handler, Gate(RING, worker), poll=1000)
    before = len(told(folder, WorkerRejected))
    keys = [
        start(client, "rest", x=1),
        start(client, "rest", x=1, _policy=given()),
        start(client, "rest", pays=True, _policy=given()),
        start(client, "rest", mood="bad", _policy=given()),
    ]
    assert keys
    while len(seen) < 4:
        rest.run_once()

    assert all("_policy" not in variables for variables in seen)
    assert len(told(folder, WorkerRejected)) == before + 1
    assert told(folder, WorkerAdmitted)[-1].action == "job.error"


def test_t29_a_rest_worker_leaves_to_the_broker_what_it_may_not_read(
    place: tuple[Broker, Path],
) -> None:
    broker, folder = place
    client = broker.client()
    seen: list[dict[str, Any]] = []
    rest = RestWorker(
        f"http://{broker.http}", "kept-rest", lambda found: seen.append(found), Gate(RING, worker),
        poll=1000,
    )  # fmt: skip
    before = len(told(folder, WorkerDeferred))
    start(client, "kept-rest", x=1, total=61_843, _policy=limited())
    assert rest.run_once() == 1
    start(client, "kept-rest", x=1, total=200_000, _policy=limited())
    with pytest.raises(urllib.error.HTTPError) as fault:
        rest.run_once()

    assert seen == [{"x": 1}, {"x": 1}]
    assert fault.value.code == 403
    assert "clause 'D2'" in json.loads(fault.value.read())["detail"]
    assert [event.clause for event in told(folder, WorkerDeferred)][before:] == ["D2", "D2"]
    assert told(folder, StepRejected)[-1].facts["var.total"] == 200_000


@contextmanager
def sidecar(broker: Broker, folder: Path) -> Iterator[Client]:
    """A client of a sidecar in front of the broker."""
    command = [
        sys.executable, "-m", "remit.cli.main", "sidecar", "--broker", broker.grpc, "--listen",
        "127.0.0.1:0", "--keys", f"{folder}/keys.json", "--worker-key",
        f"worker={folder}/worker.key",
    ]  # fmt: skip
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield Client(process.stdout.readline().split("grpc=")[1].strip())
    finally:
        process.terminate()
        process.wait(10)


@pytest.mark.parametrize("refused", ["no json", "[1]", '"text"', '{"n": NaN}'])
def test_an_answer_that_was_not_taken_can_be_given_again_by_the_sidecar(
    place: tuple[Broker, Path], refused: str
) -> None:
    broker, folder = place
    with sidecar(broker, folder) as beside:
        start(beside, "twice", _policy=given())
        (job,) = beside.activate("twice")
        with pytest.raises(Exception) as fault:
            beside.call("CompleteJob", jobKey=job.key, variables=refused)
        assert code_of(fault) == "INVALID_ARGUMENT"
        beside.call("CompleteJob", jobKey=job.key, variables='{"ok": true}')


def test_a_header_that_a_model_holds_stops_no_other_job(place: tuple[Broker, Path]) -> None:
    broker, folder = place
    odd = Model("odd").start("s").service("a", "shared", headers={"gov.policy": "x"}).end("e")
    client = broker.client()
    client.deploy("odd.bpmn", odd.path("s", "a", "e").xml())
    client.deploy("even.bpmn", one_task("even", "shared").xml())
    with sidecar(broker, folder) as beside:
        start(beside, "odd")
        start(beside, "even")
        (job,) = beside.activate("shared", limit=2)
        assert job.bpmnProcessId == "even"


def test_the_sidecar_asks_for_a_worker_that_knows_nothing_of_it(
    place: tuple[Broker, Path],
) -> None:
    broker, folder = place
    with sidecar(broker, folder) as beside:
        admitted, rejected = (len(told(folder, k)) for k in (WorkerAdmitted, WorkerRejected))
        for policy_given in (None, given(), given()):
            variables = {} if policy_given is None else {"_policy": policy_given}
            start(beside, "beside", **variables)
        first, second, third = beside.activate("beside", limit=3)
        beside.call("CompleteJob", jobKey=first.key, variables="{}")
        beside.call("CompleteJob", jobKey=second.key, variables='{"ok": true}')
        with pytest.raises(Exception) as fault:
            beside.call("CompleteJob", jobKey=third.key, variables='{"payment": 1}')
        assert code_of(fault) == "PERMISSION_DENIED"
        with pytest.raises(Exception) as fault:
            beside.call("CompleteJob", jobKey=1, variables="{}")
        assert code_of(fault) == "NOT_FOUND"
        start(beside, "kept-beside", x=1, total=61_843, _policy=limited())
        (kept,) = beside.activate("kept-beside")
        assert "61843" not in kept.customHeaders + kept.variables
        beside.call("CompleteJob", jobKey=kept.key, variables='{"done": true}')

    assert len(told(folder, WorkerAdmitted)) == admitted + 1
    assert len(told(folder, WorkerRejected)) == rejected + 1
    assert told(folder, WorkerDeferred)[-1].job == kept.key


def test_the_sidecar_hands_no_job_on_that_its_keys_do_not_cover(
    place: tuple[Broker, Path], tmp_path: Path
) -> None:
    broker, _ = place
    (tmp_path / "keys.json").write_bytes(b'{"keys": []}')
    command = [
        sys.executable, "-m", "remit.cli.main", "sidecar", "--broker", broker.grpc, "--listen",
        "127.0.0.1:0", "--keys", f"{tmp_path}/keys.json",
    ]  # fmt: skip
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        beside = Client(process.stdout.readline().split("grpc=")[1].strip())
        start(beside, "failing", _policy=given())
        assert beside.activate("failing", wait_ms=500) == []
    finally:
        process.terminate()
        process.wait(10)


def test_a_key_that_is_none_is_said_at_the_start(tmp_path: Path) -> None:
    (tmp_path / "keys.json").write_text("nonsense")
    done = subprocess.run(
        [sys.executable, "-m", "remit.cli.main", "sidecar", "--keys", f"{tmp_path}/keys.json"],
        capture_output=True, text=True, timeout=30, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert "not a set of public keys" in done.stderr


def test_what_a_sidecar_can_not_do_is_said_at_the_start(
    place: tuple[Broker, Path],
) -> None:
    broker, folder = place
    command = [
        sys.executable, "-m", "remit.cli.main", "sidecar", "--keys", f"{folder}/keys.json",
        "--listen", "127.0.0.1:0",
    ]  # fmt: skip
    for options, code, said in (
        (("--broker", ""), 2, "'' is no address: write HOST:PORT"),
        (("--listen", broker.grpc), 1, f"can't listen on {broker.grpc}: is the port in use"),
        (("--worker-key", "worker"), 1, "a key is given as NAME=FILE"),
    ):
        done = subprocess.run(
            [*command, *options], capture_output=True, text=True, timeout=30, check=False
        )
        assert (done.returncode, said in done.stderr) == (code, True), done.stderr
