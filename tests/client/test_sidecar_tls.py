"""`remit sidecar` between workers and a broker that both speak TLS, with certificates on all sides."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc
import pytest

from remit.audit.reading import batches
from remit.authority import jws
from remit.authority.policy import Clause
from remit.partition.log import open_batches
from remit.protocol.events.governance import PolicyAttached, StepAdmitted, WorkerAdmitted
from tests.support.broker import Broker, Client, code_of
from tests.support.certificates import Authority, Pair
from tests.support.governed import WORK, governed_options, grant, policy
from tests.support.model import one_task

PYZEEBE = """
import asyncio, json, sys
from pyzeebe import ZeebeClient, ZeebeWorker, create_secure_channel
import grpc

async def main(address, authority, certificate, key, given):
    read = lambda path: open(path, "rb").read()
    credentials = grpc.ssl_channel_credentials(read(authority), read(key), read(certificate))
    channel = create_secure_channel(grpc_address=address, channel_credentials=credentials)
    worker = ZeebeWorker(channel)

    @worker.task(task_type="work")
    async def work(x: int) -> dict:
        return {"y": x + 1}

    working = asyncio.create_task(worker.work())
    result = await ZeebeClient(channel).run_process_with_result("one", json.loads(given))
    print(json.dumps(result.variables))
    await worker.stop()
    working.cancel()

asyncio.run(main(*sys.argv[1:]))
"""


class Place:
    """A broker to which one has to show a certificate, and what its sidecar is started with."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.brokers, self.workers = Authority(folder, "brokers"), Authority(folder, "workers")
        self.beside = self.brokers.issue("beside")
        own = self.brokers.issue("broker")
        self.broker = Broker(
            folder / "data", *governed_options(folder), "--tls-cert", own.certificate, "--tls-key",
            own.key, "--tls-client-ca", self.brokers.certificate,
        )  # fmt: skip

    @contextmanager
    def sidecar(self, way: Pair, door: Pair, *more: str) -> Iterator[str]:
        """Its address, while it runs."""
        command = [
            sys.executable, "-m", "remit.cli.main", "sidecar", "--broker", self.broker.grpc,
            "--listen", "127.0.0.1:0", "--keys", f"{self.folder}/keys.json", "--worker-key",
            f"worker={self.folder}/worker.key", "--tls-ca", self.brokers.certificate, "--tls-cert",
            way.certificate, "--tls-key", way.key, "--listen-tls-cert", door.certificate,
            "--listen-tls-key", door.key, "--listen-tls-client-ca", self.workers.certificate, *more,
        ]  # fmt: skip
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        try:
            assert process.stdout is not None
            yield process.stdout.readline().split("grpc=")[1].strip()
        finally:
            process.terminate()
            process.wait(10)

    def client(self, address: str, pair: Pair | None, authority: Authority | None = None) -> Client:
        ca = (authority or self.workers).certificate
        return Client(address, credentials=channel_credentials(ca, pair))


def channel_credentials(authority: str, pair: Pair | None) -> grpc.ChannelCredentials:
    return grpc.ssl_channel_credentials(
        Path(authority).read_bytes(),
        Path(pair.key).read_bytes() if pair else None,
        Path(pair.certificate).read_bytes() if pair else None,
    )


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    found = Place(tmp_path_factory.mktemp("sidecar"))
    with found.broker:
        direct = found.client(found.broker.grpc, found.beside, found.brokers)
        direct.deploy("one.bpmn", one_task().xml())
        yield found


def works(client: Client) -> bool:
    """Whether a call comes through."""
    try:
        client.call("Topology", seconds=5)
    except grpc.RpcError as fault:
        if fault.code() is grpc.StatusCode.UNAVAILABLE:
            return False
        raise
    return True


def until(happened: Callable[[], bool], seconds: float = 15) -> None:
    deadline = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def told(folder: Path, kind: type) -> list[Any]:
    log = open_batches(batches(folder / "data", 1))
    return [event for turn in log for event in turn.events if isinstance(event, kind)]


def test_a_worker_by_tls_is_asked_for_by_a_sidecar_with_a_certificate(place: Place) -> None:
    door, worker = place.workers.issue("door"), place.workers.issue("worker")
    given = json.dumps({"x": 4, "_policy": policy(grant(WORK))})
    with place.sidecar(place.beside, door) as address:
        done = subprocess.run(
            [
                sys.executable, "-c", PYZEEBE, address, place.workers.certificate,
                worker.certificate, worker.key, given,
            ],
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr[-2000:]
        assert json.loads(done.stdout) == {"x": 4, "y": 5}

        assert not works(place.client(address, None))  # a worker without a certificate
        assert not works(place.client(address, place.brokers.issue("foreign")))
        assert not works(Client(address))  # plain text

    assert told(place.folder, WorkerAdmitted)[-1].action == "job.complete"
    acted = [event for event in told(place.folder, StepAdmitted) if event.action == "job.complete"]
    assert (acted[-1].actor, acted[-1].method) == ("beside", "mtls")


def test_what_the_policy_denies_is_denied_over_tls_as_well(place: Place) -> None:
    door, worker = place.workers.issue("door"), place.workers.issue("worker")
    limit = Clause(id="D1", do=("job.complete",), on={"varNames": {"any": ["payment"]}})
    with place.sidecar(place.beside, door) as address:
        client = place.client(address, worker)
        variables = json.dumps({"_policy": policy(grant(WORK, deny=(limit,)))})
        client.call("CreateProcessInstance", bpmnProcessId="one", version=-1, variables=variables)
        (job,) = client.activate("work")
        with pytest.raises(grpc.RpcError) as fault:
            client.call("CompleteJob", jobKey=job.key, variables='{"payment": 1}')
        assert code_of(fault) == "PERMISSION_DENIED"


def test_files_that_are_replaced_are_in_use_for_what_is_opened_next(
    place: Place, tmp_path: Path
) -> None:
    """Both ways: what workers are shown, and what the broker is shown."""
    worker, other = place.workers.issue("worker"), Authority(tmp_path, "other")
    door = Pair(str(tmp_path / "door.pem"), str(tmp_path / "door.key"))
    way = Pair(str(tmp_path / "way.pem"), str(tmp_path / "way.key"))

    def put(new: Pair, to: Pair) -> None:
        for source, target in zip(new, to, strict=True):
            shutil.copy(source, f"{target}.new")
            Path(f"{target}.new").rename(target)

    put(place.workers.issue("door"), door)
    put(place.beside, way)
    with place.sidecar(way, door) as address:
        held = place.client(address, worker)
        assert works(held)
        put(other.issue("door"), door)
        until(lambda: works(place.client(address, worker, other)))
        assert not works(place.client(address, worker))
        Path(door.certificate).write_text("half a file")
        assert works(place.client(address, worker, other))  # the last good ones stay

        put(place.brokers.issue("renewed"), way)
        time.sleep(1.5)
        name = {"bpmnProcessId": "one", "version": -1}
        variables = json.dumps({"_policy": policy(grant(WORK))})
        held.call("CreateProcessInstance", **name, variables=variables)
    binding = jws.read(told(place.folder, PolicyAttached)[-1].tokens[-1], "bind")
    assert binding.claims["initiator"] == {"actor": "renewed", "method": "mtls"}


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--listen", "0.0.0.0:0"], "could work in this sidecar's name"),
        (["--tls-cert", "{pair.certificate}"], "a certificate and its key go together"),
        (["--listen-tls-key", "{pair.key}"], "a certificate and its key go together"),
        (
            ["--listen-tls-cert", "{pair.certificate}", "--listen-tls-key", "{pair.certificate}"],
            "can't be used",
        ),
        (["--listen", "192.0.2.1:5", "--allow-anonymous-network"], "can't listen on 192.0.2.1:5"),
    ],
)
def test_what_can_not_be_is_said_at_the_start(
    tmp_path: Path, options: list[str], said: str
) -> None:
    (tmp_path / "keys.json").write_bytes(b'{"keys": []}')
    pair = Authority(tmp_path).issue("x")
    words = [each.format(pair=pair) for each in options]
    done = subprocess.run(
        [sys.executable, "-m", "remit.cli.main", "sidecar", "--keys", f"{tmp_path}/keys.json", *words],
        capture_output=True, text=True, timeout=30, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert said in done.stderr
