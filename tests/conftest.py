"""Fixtures that every room may use."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from remit import Engine


@pytest.fixture
def engine() -> Iterator[Engine]:
    """An engine in memory whose clock stands still."""
    with Engine() as made:
        yield made
