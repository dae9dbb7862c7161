"""Following the log: each position is told once, whoever else tells the same history."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import Engine as Database
from sqlalchemy import func, select

from remit import Engine
from remit.history.database import clear, open_database, prepare
from remit.history.following import Follower, followers, length
from remit.history.schema import INSTANCES, POSITIONS
from tests.support.model import one_task


@pytest.fixture
def database(tmp_path: Path) -> Database:
    found = open_database(f"sqlite:///{tmp_path / 'history.db'}")
    prepare(found)
    return found


def told(database: Database) -> tuple[int, int]:
    """How many instances there are, and how far the log was told."""
    with database.connect() as connection:
        count = connection.scalar(select(func.count()).select_from(INSTANCES))
        return count or 0, connection.scalar(select(POSITIONS.c.position)) or 0


def follow(follower: Follower) -> int:
    """All that there is."""
    turns = 0
    while found := follower.follow():
        turns += found
    return turns


def test_two_that_tell_one_history_tell_each_position_once(
    tmp_path: Path, database: Database
) -> None:
    with Engine(tmp_path) as engine:
        engine.deploy(("p.bpmn", one_task("p", "work").xml()))
        engine.create("p")
        one, other = (followers(database, tmp_path, 1)[0] for _ in range(2))
        for count in range(1, 6):
            assert follow(one) > 0
            assert follow(other) > 0  # it finds what was told, and goes on behind it
            assert one.position == other.position == length(tmp_path, 1)
            assert told(database) == (count, one.position)
            engine.create("p")
            one, other = other, one


def test_a_history_is_one_brokers(database: Database) -> None:
    prepare(database, "one")
    prepare(database, "one")
    prepare(database)  # asked before
    for forget in (prepare, clear):
        with pytest.raises(ValueError, match=r"another broker \(cluster one\)"):
            forget(database, "two")
    clear(database, "one")
    with pytest.raises(ValueError, match="another broker"):
        prepare(database, "two")


def test_who_is_made_anew_meanwhile_begins_again(tmp_path: Path, database: Database) -> None:
    with Engine(tmp_path) as engine:
        engine.deploy(("p.bpmn", one_task("p", "work").xml()))
        engine.create("p")
        (follower,) = followers(database, tmp_path, 1)
        follow(follower)
        clear(database)
        engine.create("p")
        follow(follower)
        assert told(database) == (2, length(tmp_path, 1))
