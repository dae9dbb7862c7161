"""What REST answers today: topology, status, the clock, problems, operations."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any

from tests.support.broker import Broker
from tests.support.model import Model


def ask(broker: Broker, method: str, path: str, body: Any = None) -> tuple[int, Any]:
    """The status and the body of an answer."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"http://{broker.http}{path}", data=data, method=method)
    request.add_header("content-type", "application/json")
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as fault:
        return fault.code, fault.read().decode()


def test_topology_and_status(shared_broker: Broker) -> None:
    code, text = ask(shared_broker, "GET", "/v2/topology")
    topology = json.loads(text)

    assert code == 200
    assert topology["brokers"][0]["partitions"][0]["role"] == "leader"
    assert ask(shared_broker, "GET", "/v2/status") == (204, "")


def test_an_unknown_path_is_a_problem(shared_broker: Broker) -> None:
    code, text = ask(shared_broker, "POST", "/v2/nothing", {})
    problem = json.loads(text)

    assert code == 404
    assert set(problem) == {"type", "title", "status", "detail", "instance"}
    assert problem["instance"] == "/v2/nothing"


def test_the_clock_is_moved_and_timers_follow(start_broker: Callable[..., Broker]) -> None:
    broker = start_broker()
    client = broker.client()
    model = Model("timed").start("s").end("e").service("a", "timed-work")
    model.catch("wait", Model.timer("duration", "P1D")).path("s", "wait", "a", "e")
    client.deploy("timed.bpmn", model.xml())
    client.call("CreateProcessInstance", bpmnProcessId="timed")
    assert client.activate("timed-work", wait_ms=-1) == []

    far = 4_102_444_800_000
    assert ask(broker, "PUT", "/v2/clock", {"timestamp": far})[0] == 204
    assert len(client.activate("timed-work", wait_ms=3000)) == 1
    assert ask(broker, "POST", "/v2/clock/reset")[0] == 204


def test_a_wrong_clock_is_a_problem(shared_broker: Broker) -> None:
    code, text = ask(shared_broker, "PUT", "/v2/clock", {"time": 1})

    assert code == 400
    assert "time" in json.loads(text)["detail"]


def test_metrics_liveness_and_readiness(shared_broker: Broker) -> None:
    code, text = ask(shared_broker, "GET", "/metrics")

    assert code == 200
    assert 'remit_turns_total{partition="1"}' in text
    assert ask(shared_broker, "GET", "/live")[0] == 204
    assert ask(shared_broker, "GET", "/ready")[0] == 204
    assert json.loads(ask(shared_broker, "GET", "/actuator/health/status")[1]) == {"status": "UP"}
