"""Opening a history: an SQLite file beside the data, or any database by its URL."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Engine, create_engine, event, insert, inspect, select
from sqlalchemy.engine import make_url

from remit.history import driver
from remit.history.schema import META, POSITIONS, VERSION, metadata


def open_database(url: str) -> Engine:
    """An engine for `url`; raises `ValueError` with a sentence when it can't be one."""
    try:
        parsed = make_url(url)
        is_file = parsed.get_backend_name() == "sqlite"
        more: dict[str, Any] = {"module": driver} if is_file else {}
        engine = create_engine(parsed, pool_pre_ping=True, **more)
    except Exception as fault:
        raise ValueError(f"'{url}' is no database URL that can be opened: {fault}") from fault
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _tune)
    return engine


def _tune(connection: Any, _: object) -> None:
    """Readers and the writer do not wait for each other; what a crash takes is made from the log.

    Larger pages than SQLite's own make writing no cheaper, and a search that looks up rows all over a
    table twice as dear.
    """
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "busy_timeout=10000",
                   "cache_size=-65536", "wal_autocheckpoint=4000", "temp_store=MEMORY",
                   "case_sensitive_like=ON"):  # fmt: skip
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def prepare(engine: Engine, owner: str = "") -> None:
    """Make the tables; a history of another version is dropped, and made anew from the log.

    `owner` is the cluster id of the broker whose history this is to be, empty where that was asked
    before. Raises `ValueError` when it is another one's: two logs would be told into one history.
    """
    found = _known(engine)
    other = found.get(OWNER, owner)
    if owner and other != owner:
        raise ValueError(
            f"the database holds the history of another broker (cluster {other}): give each a database "
            f"or a schema of its own"
        )
    if found.get("version") != str(VERSION):
        metadata.drop_all(engine)
        metadata.create_all(engine)
        found = {}
        _note(engine, "version", str(VERSION))
    if owner and OWNER not in found:
        _note(engine, OWNER, owner)


OWNER = "cluster"
"""The name of the row that says whose history it is."""


def _known(engine: Engine) -> dict[str, str]:
    """What the history says of itself; nothing where there is none."""
    if not inspect(engine).has_table(META.name):
        return {}
    with engine.connect() as connection:
        return {row.name: row.value for row in connection.execute(select(META))}


def _note(engine: Engine, name: str, value: str) -> None:
    with engine.begin() as connection:
        connection.execute(insert(META).values(name=name, value=value))


def clear(engine: Engine, owner: str = "") -> None:
    """Forget everything: the next run tells the whole log again. Raises what `prepare` does."""
    prepare(engine, owner)
    metadata.drop_all(engine)
    prepare(engine, owner)


def positions(engine: Engine) -> Mapping[int, int]:
    """How far each partition's log has been told."""
    with engine.connect() as connection:
        return {row.partition: row.position for row in connection.execute(select(POSITIONS))}
