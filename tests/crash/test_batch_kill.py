"""`kill -9` in the middle of a batch operation: it goes on where it was, and does every item once."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from remit.partition.log import open_batches
from remit.partition.storage.sqlite import read_log
from remit.protocol.events.batch import BatchItemDone, BatchItemFailed
from tests.gateway.test_rest_commands import Rest
from tests.support.broker import Broker
from tests.support.model import one_task

COUNT = 600
KILLS = 2

pytestmark = [pytest.mark.crash, pytest.mark.timeout(240)]


def test_a_batch_goes_on_after_kills_and_does_every_item_once(
    start_broker: Callable[..., Broker], tmp_path: Path
) -> None:
    luck = random.Random(11)
    broker = start_broker("--history", "")
    client = broker.client()
    client.deploy("one.bpmn", one_task().xml())
    with ThreadPoolExecutor(8) as threads:
        made = threads.map(
            lambda _: client.call("CreateProcessInstance", bpmnProcessId="one"), range(COUNT)
        )
        keys = {each.processInstanceKey for each in made}
    body = {"filter": {"processDefinitionId": "one"}}
    status, answer = Rest(broker).ask("POST", "/process-instances/cancellation", body)
    assert status == 200
    batch = answer["batchOperationKey"]
    for _ in range(KILLS):
        time.sleep(luck.random() * 0.03)
        broker.kill()
        broker = start_broker("--history", "")
    rest = Rest(broker)
    deadline = time.monotonic() + 60
    found = rest.ask("GET", f"/batch-operations/{batch}")[1]
    while found["endDate"] is None and time.monotonic() < deadline:
        time.sleep(0.1)
        found = rest.ask("GET", f"/batch-operations/{batch}")[1]
    broker.stop()

    assert (found["state"], found["operationsCompletedCount"]) == ("COMPLETED", COUNT)
    turns = list(open_batches(read_log(tmp_path / "data" / "partition-1.db", 0)))
    events = [event for turn in turns for event in turn.events]
    done = Counter(event.item.key for event in events if isinstance(event, BatchItemDone))
    assert done == Counter(keys)
    assert not [event for event in events if isinstance(event, BatchItemFailed)]
