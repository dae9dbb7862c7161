"""Workers that wait cost nothing, and get nothing once they have left."""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from remit.protocol.wire.stubs import gateway_pb2 as pb
from tests.gateway.test_rest_commands import Rest
from tests.support.broker import Broker
from tests.support.model import one_task

SHARE = 0.2
"""Of a core, for 40 clients that wait: a loop over one of them takes more than half."""


def cpu_seconds(pid: int) -> float:
    """Of a process and its children."""
    listed = subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True, check=False)
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    own = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return own + sum(cpu_seconds(int(child)) for child in listed.stdout.split())


def wait_for_jobs(broker: Broker, kind: str, milliseconds: int) -> http.client.HTTPConnection:
    connection = http.client.HTTPConnection(broker.http, timeout=30)
    body = {"type": kind, "timeout": 60_000, "maxJobsToActivate": 1, "requestTimeout": milliseconds}
    headers = {"content-type": "application/json"}
    connection.request("POST", "/v2/jobs/activation", json.dumps(body), headers)
    return connection


def stream(broker: Broker, kind: str) -> Any:
    return broker.client().stream(
        "StreamActivatedJobs", pb.ActivatedJob, type=kind, worker="idle", timeout=60_000
    )


def test_clients_that_wait_take_no_cpu(start_broker: Callable[..., Broker]) -> None:
    broker = start_broker()
    waiting = [wait_for_jobs(broker, "idle", 20_000) for _ in range(20)]
    streams = [stream(broker, "idle-too") for _ in range(20)]
    time.sleep(1.5)

    before, began = cpu_seconds(broker.pid), time.monotonic()
    time.sleep(2)
    share = (cpu_seconds(broker.pid) - before) / (time.monotonic() - began)

    assert share < SHARE
    for each in streams:
        each.cancel()
    for each in waiting:
        each.close()


def test_a_job_passes_by_those_who_have_left(start_broker: Callable[..., Broker]) -> None:
    broker = start_broker()
    rest = Rest(broker)
    rest.deploy(left_bpmn=one_task("left", "left-work").xml())
    gone = [wait_for_jobs(broker, "left-work", 30_000) for _ in range(3)]
    streams = [stream(broker, "left-work") for _ in range(3)]
    time.sleep(0.5)
    for each in gone:
        each.close()
    for each in streams:
        each.cancel()
    time.sleep(0.1)
    there = wait_for_jobs(broker, "left-work", 20_000)

    rest.ask("POST", "/process-instances", {"processDefinitionId": "left"})

    began = time.monotonic()
    jobs = json.loads(there.getresponse().read())["jobs"]
    assert len(jobs) == 1
    assert time.monotonic() - began < 10
    there.close()


def test_a_broker_that_closes_tells_those_who_wait(start_broker: Callable[..., Broker]) -> None:
    broker = start_broker()
    waiting = [wait_for_jobs(broker, "idle", 60_000) for _ in range(10)]
    time.sleep(0.5)

    began = time.monotonic()
    code = broker.stop()

    assert code == 0
    assert time.monotonic() - began < 20
    assert {each.getresponse().status for each in waiting} == {503}
