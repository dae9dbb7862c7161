"""Fixtures that every room may use."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from xdist.scheduler import LoadGroupScheduling

from remit import Engine
from tests.support.broker import Broker

TOGETHER = {
    "tests/authority/test_threats_by_wire": "threats by wire",
    "tests/authority/test_threats_on_disk": "threats on disk",
    "tests/authority/test_threats_over_time": "threats over time",
    "tests/clients/test_node": "node",
    "tests/history/test_history_postgresql": "postgresql",
}
"""Modules whose tests share something that takes long to start, and are run by one process each."""


class Together(LoadGroupScheduling):
    """For `--dist loadgroup`: with pytest 9 the marks of xdist 3.8 do nothing."""

    def _split_scope(self, nodeid: str) -> str:
        return TOGETHER.get(nodeid.partition(".py")[0], nodeid)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> Together | None:
    return Together(config, log) if config.getvalue("dist") == "loadgroup" else None


@pytest.fixture
def engine() -> Iterator[Engine]:
    """An engine in memory whose clock stands still."""
    with Engine() as made:
        yield made


@pytest.fixture(scope="session")
def shared_broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """A real broker process that many tests use side by side: use names of your own."""
    with Broker(tmp_path_factory.mktemp("broker")) as broker:
        yield broker


@pytest.fixture
def start_broker(tmp_path: Path) -> Iterator[Callable[..., Broker]]:
    """Start brokers of your own, on one data folder; they are stopped afterwards."""
    started: list[Broker] = []

    def start(*options: str) -> Broker:
        broker = Broker(tmp_path / "data", *options)
        broker.start()
        started.append(broker)
        return broker

    yield start
    for broker in started:
        broker.stop()
