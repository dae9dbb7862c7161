"""On two processors, what works beside a broker's loop shares the second one."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.support.broker import Broker

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or os.cpu_count() == 1, reason="nobody can be told, or has to be"
)
HISTORY, WORKER, BROKER = "remit.history.following", "wrk:worker_0", "envoy"
SECONDS = 20.0


@pytest.fixture
def two() -> Iterator[set[int]]:
    """This process, and whatever it starts, may use two processors."""
    before = os.sched_getaffinity(0)
    allowed = set(sorted(before)[:2])
    os.sched_setaffinity(0, allowed)
    yield allowed
    os.sched_setaffinity(0, before)


def where(broker: Broker) -> dict[str, set[int]]:
    """The processors of the history's process, of Envoy's worker, and of the broker's first thread."""
    found: dict[str, set[int]] = {}
    tasks = Path(f"/proc/{broker.pid}/task/{broker.pid}/children").read_text().split()
    for child in map(Path, (f"/proc/{each}" for each in tasks)):
        with suppress(OSError):  # it has ended meanwhile
            if HISTORY in (child / "cmdline").read_text():
                found[HISTORY] = os.sched_getaffinity(int(child.name))
            for task in (child / "task").iterdir():
                name = (task / "comm").read_text().strip()
                if name in (WORKER, BROKER):
                    found.setdefault(name, os.sched_getaffinity(int(task.name)))
    return found


def settles(broker: Broker, expected: dict[str, set[int]]) -> bool:
    until = time.monotonic() + SECONDS
    while where(broker) != expected and time.monotonic() < until:
        time.sleep(0.05)
    return where(broker) == expected


def test_with_history_envoy_and_history_share_the_second(tmp_path: Path, two: set[int]) -> None:
    broker = Broker(tmp_path / "data", "--history", f"sqlite:///{tmp_path}/history.db")
    broker.start()
    try:
        second = {max(two)}
        assert settles(broker, {HISTORY: second, WORKER: second, BROKER: two}), where(broker)
    finally:
        broker.stop()


def test_without_readers_nobody_stands_aside(tmp_path: Path, two: set[int]) -> None:
    broker = Broker(tmp_path / "data")
    broker.start()
    try:
        assert settles(broker, {WORKER: two, BROKER: two}), where(broker)
    finally:
        broker.stop()
