"""The logs of a real broker with two partitions: messages from one to the other, and shared work."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

from remit.audit.reading import partitions
from remit.audit.verifying import Report, verify
from remit.authority.policy import Clause
from tests.support.broker import Broker
from tests.support.governed import RING, WORK, governed_options, grant, policy
from tests.support.model import Model

SPEAKS = Clause(id="M", do=("message.*", "event.catch"))
KEYS = [f"order-{number}" for number in range(6)]


def waited(report: Callable[[], Report], decisions: int) -> Report:
    """The report, once everything is in the logs."""
    deadline = time.monotonic() + 20
    while True:
        found = report()
        if sum(part.decisions for part in found.partitions) >= decisions:
            return found
        assert time.monotonic() < deadline, found
        time.sleep(0.2)


def test_r24_r16_both_logs_hold_together_where_messages_cross(tmp_path: Path) -> None:
    model = Model("r").start("s").end("e")
    model.catch("c", model.message("go", "=key")).service("w", "work")
    with Broker(tmp_path / "data", "--partitions", "2", *governed_options(tmp_path)) as broker:
        client = broker.client()
        client.deploy("r.bpmn", model.path("s", "c", "w", "e").xml())
        time.sleep(0.5)  # until the other partition has it
        for key in KEYS:
            given = json.dumps({"_policy": policy(grant(WORK, SPEAKS)), "key": key})
            client.call("CreateProcessInstance", bpmnProcessId="r", version=-1, variables=given)
        for key in KEYS:
            client.call(
                "PublishMessage", name="go", correlationKey=key, timeToLive=60_000,
                variables='{"x": 1}',
            )  # fmt: skip
        done = 0
        while done < len(KEYS):
            for job in client.activate("work", len(KEYS)):
                client.call("CompleteJob", jobKey=job.key, variables="{}")
                done += 1

    folder = tmp_path / "data"
    assert partitions(folder) == [1, 2]
    report = waited(lambda: verify(folder, RING), 10 * len(KEYS))
    assert [part.findings for part in report.partitions] == [[], []]
    assert sum(part.instances for part in report.partitions) == len(KEYS)
    assert all(part.instances for part in report.partitions)
    assert verify(folder, RING, workers=4) == report
