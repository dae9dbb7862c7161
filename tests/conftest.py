"""Fixtures that every room may use."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from remit import Engine
from tests.support.broker import Broker


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
