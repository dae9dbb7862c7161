"""What one client may use: bytes, headers, requests a second, streams. Each is told plainly."""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections.abc import Iterator
from typing import Any

import grpc
import pytest

from remit.gateway.faults import Status
from remit.gateway.limits import Limits
from remit.gateway.rest.frame import MAX_BODY_BYTES
from remit.protocol.wire.stubs import gateway_pb2 as pb
from tests.gateway.test_rest_commands import Rest
from tests.support.broker import Broker, code_of


@pytest.fixture(scope="module")
def limited(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    options = ("--max-requests-per-second", "20", "--max-streams", "3")
    with Broker(tmp_path_factory.mktemp("limits") / "data", *options) as broker:
        yield broker


def test_requests_are_counted_by_client_and_come_back_with_time() -> None:
    now = 0.0
    limits = Limits(requests=10, clock=lambda: now)
    for _ in range(20):
        limits.spend("ada")
    with pytest.raises(Status, match="'ada' sends more than 10 requests a second"):
        limits.spend("ada")
    limits.spend("bob")
    now = 0.5
    for _ in range(5):
        limits.spend("ada")
    with pytest.raises(Status):
        limits.spend("ada")


def test_what_has_ended_does_not_count() -> None:
    limits = Limits(streams=1)
    for _ in range(3):
        with limits.waiting("ada"), limits.waiting("bob"), pytest.raises(Status):
            limits.waiting("ada").__enter__()


def test_who_sends_too_much_is_told_at_both_doors(limited: Broker) -> None:
    rest, told = Rest(limited), []
    for number in range(60):
        status, answer = rest.ask("GET", "/topology", x_forwarded_for=f"10.0.0.{number}")
        if status != 200:
            told.append((status, answer["title"]))
    assert set(told) == {(429, "RESOURCE_EXHAUSTED")}
    with pytest.raises(grpc.RpcError) as fault:
        _ask_often(limited)
    assert code_of(fault) == "RESOURCE_EXHAUSTED"
    time.sleep(0.5)
    assert rest.ask("GET", "/topology")[0] == 200


def test_streams_and_long_polls_are_counted_together(limited: Broker) -> None:
    time.sleep(1)
    client = limited.client()
    open_ones = [
        client.stream("StreamActivatedJobs", pb.ActivatedJob, type="x", timeout=1000)
        for _ in range(2)
    ]
    readers = [threading.Thread(target=_read, args=(each,)) for each in open_ones]
    for reader in readers:
        reader.start()
    polling = threading.Thread(target=_poll, args=(limited,))
    polling.start()
    time.sleep(0.7)
    with pytest.raises(grpc.RpcError) as fault:
        next(client.stream("StreamActivatedJobs", pb.ActivatedJob, type="x", timeout=1000))
    assert code_of(fault) == "RESOURCE_EXHAUSTED"
    assert "holds 3 streams and long polls open" in (fault.value.details() or "")
    for each in open_ones:
        each.cancel()
    for thread in (*readers, polling):
        thread.join(10)
    assert Rest(limited).ask("POST", "/jobs/activation", _wanted(100))[0] == 200


def _ask_often(broker: Broker) -> None:
    client = broker.client()
    for _ in range(60):
        client.call("Topology")


def _wanted(milliseconds: int) -> dict[str, Any]:
    return {"type": "y", "timeout": 1000, "maxJobsToActivate": 1, "requestTimeout": milliseconds}


def _read(stream: Any) -> None:
    try:
        list(stream)
    except grpc.RpcError:
        return


def _poll(broker: Broker) -> None:
    Rest(broker).ask("POST", "/jobs/activation", _wanted(3000))


def test_a_body_that_is_too_large_is_refused_before_it_is_read(shared_broker: Broker) -> None:
    connection = http.client.HTTPConnection(shared_broker.http, timeout=10)
    connection.putrequest("POST", "/v2/process-instances")
    connection.putheader("content-type", "application/json")
    connection.putheader("content-length", str(10**12))
    connection.endheaders()
    answer = connection.getresponse()
    problem = json.loads(answer.read())
    connection.close()
    assert (answer.status, problem["title"]) == (413, "Content Too Large")
    assert str(MAX_BODY_BYTES) in problem["detail"]


def test_the_servers_own_door_does_nothing_for_anybody(shared_broker: Broker) -> None:
    known = {
        int(address.rpartition(":")[2]) for address in (shared_broker.grpc, shared_broker.http)
    }
    (door,) = shared_broker.listening() - known
    for method, path in (("POST", "/quitquitquit"), ("GET", "/config_dump"), ("GET", "/certs")):
        connection = http.client.HTTPConnection("127.0.0.1", door, timeout=10)
        connection.request(method, path)
        assert connection.getresponse().status == 403, path
        connection.close()
    assert Rest(shared_broker).ask("GET", "/topology")[0] == 200


@pytest.mark.parametrize("size", [70_000, 2_000_000])
def test_headers_that_are_too_large_are_a_problem_document(
    shared_broker: Broker, size: int
) -> None:
    connection = http.client.HTTPConnection(shared_broker.http, timeout=10)
    try:
        connection.request("GET", "/v2/topology", headers={"x-large": "a" * size})
        answer = connection.getresponse()
        problem = json.loads(answer.read())
    except ConnectionError:
        assert size > 1_000_000  # the server hung up while we were still sending
        return
    finally:
        connection.close()
    assert (answer.status, problem["status"]) == (431, 431)
    assert "64 KiB" in problem["detail"]
