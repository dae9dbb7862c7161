"""The driver of the SQLite file keeps to what SQLAlchemy expects of one (PEP 249)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import IntegrityError, OperationalError

from remit.history.database import open_database

ROWS = [{"k": number, "v": f"v-{number}"} for number in range(1, 8)]


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    opened = open_database(f"sqlite:///{tmp_path / 'history.db'}")
    with opened.begin() as connection:
        connection.execute(text("CREATE TABLE t (k INTEGER PRIMARY KEY, v TEXT)"))
        connection.execute(text("INSERT INTO t VALUES (:k, :v)"), ROWS)
    yield opened
    opened.dispose()


def values(engine: Engine) -> list[str]:
    with engine.connect() as connection:
        return list(connection.scalars(text("SELECT v FROM t ORDER BY k")))


def test_rows_come_in_their_order_one_by_one_or_together(engine: Engine) -> None:
    with engine.connect() as connection:
        found = connection.execute(text("SELECT k, v FROM t ORDER BY k"))
        assert list(found.keys()) == ["k", "v"]
        assert found.fetchone() == (1, "v-1")
        assert found.fetchmany(2) == [(2, "v-2"), (3, "v-3")]
        assert [row.k for row in found] == [4, 5, 6, 7]


def test_what_finds_nothing_says_what_it_would_have_found(engine: Engine) -> None:
    with engine.connect() as connection:
        found = connection.execute(text("SELECT k, v FROM t WHERE k = 99"))
        assert (list(found.keys()), found.fetchall()) == (["k", "v"], [])


def test_what_is_not_committed_is_taken_back(engine: Engine) -> None:
    before = values(engine)
    with engine.connect() as connection:
        connection.execute(text("DELETE FROM t WHERE k < 4"))
        connection.rollback()
    assert values(engine) == before


def test_others_see_changes_when_they_are_committed_and_all_of_them(engine: Engine) -> None:
    with engine.begin() as connection:
        changed = connection.execute(text("UPDATE t SET v = 'new' WHERE k < 4"))
        assert changed.rowcount == 3
        assert "new" not in values(engine)
    assert values(engine)[:3] == ["new"] * 3


def test_a_row_that_contradicts_another_and_a_statement_that_makes_no_sense_are_told_apart(
    engine: Engine,
) -> None:
    with engine.connect() as connection:
        with pytest.raises(IntegrityError, match="UNIQUE"):
            connection.execute(text("INSERT INTO t VALUES (1, 'again')"))
        connection.rollback()
        with pytest.raises(OperationalError, match="no such table"):
            connection.execute(text("SELECT * FROM nowhere"))


def test_a_file_that_can_not_be_opened_is_an_operational_error(tmp_path: Path) -> None:
    engine = open_database(f"sqlite:///{tmp_path / 'no' / 'folder' / 'history.db'}")
    with pytest.raises(OperationalError, match="unable to open"):
        engine.connect()
