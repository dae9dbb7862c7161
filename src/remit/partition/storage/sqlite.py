"""A partition in one SQLite file: rows, the log, and the epoch that fences stale writers.

    rows(key, value)                                  the tables of the engine
    log(last_position, first_position, previous, hash, body)
    meta(name, value)                                 epoch, owner

WAL with synchronous=FULL: a commit is durable when it returns. Reads of the loop and writes of its
commit thread use a connection each. Sealed segments of the log move to files in `archive/`, beside the
commits: a thread makes the segment durable, then its rows leave this file, a few with each commit. What
can't be read or written is `Unavailable`, with the file's name in the sentence.
"""

from __future__ import annotations

import errno
import logging
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import apsw

from remit.base.errors import Unavailable
from remit.partition.storage.archive import Archive
from remit.partition.storage.contract import (
    Batch,
    Fenced,
    LogBatch,
    Recovered,
    StoreFull,
)

SEGMENT_BYTES = 64 * 1024 * 1024
"""Log bytes in the file before they move to the archive."""

LEAVING = 8
"""Archived batches that leave the file with one commit."""

log = logging.getLogger("remit.partition")

_SCHEMA = """
CREATE TABLE IF NOT EXISTS rows (key BLOB PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS log (
    last_position INTEGER PRIMARY KEY,
    first_position INTEGER NOT NULL,
    previous BLOB NOT NULL,
    hash BLOB NOT NULL,
    body BLOB NOT NULL
);
CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value) WITHOUT ROWID;
INSERT OR IGNORE INTO meta VALUES ('epoch', 0), ('owner', '');
"""
_LOG_COLUMNS = "first_position, last_position, previous, hash, body"
_AS_BYTES = (
    "CAST(first_position AS INTEGER), last_position, CAST(previous AS BLOB), CAST(hash AS BLOB), "
    "CAST(body AS BLOB)"
)


class SqliteStore:
    def __init__(self, path: Path) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._writer = _connect(path)
            self._writer.execute(_SCHEMA)
            self._reader = _connect(path)
            self._archive = Archive(path.parent / "archive", path.stem)
            self._log_bytes: int = self._writer.execute(
                "SELECT coalesce(sum(length(body)), 0) FROM log WHERE last_position > ?",
                (self._archive.last_position,),
            ).get
        except apsw.Error as fault:
            raise Unavailable(f"the partition file {path} can't be opened: {fault}") from fault
        self._seal_at = SEGMENT_BYTES
        self._sealer = ThreadPoolExecutor(1, "remit-archive")
        self._sealing: Future[int] | None = None
        self._leaving = self._archive.last_position
        self._epoch = 0

    @classmethod
    def open(cls, folder: Path, partition: int) -> SqliteStore:
        """The file of a partition in a data folder; made when it is not there."""
        return cls(folder / f"partition-{partition}.db")

    def acquire(self, owner: str) -> int:
        try:
            with self._writer:
                self._writer.execute("UPDATE meta SET value = value + 1 WHERE name = 'epoch'")
                self._writer.execute("UPDATE meta SET value = ? WHERE name = 'owner'", (owner,))
                epoch = self._writer.execute("SELECT value FROM meta WHERE name = 'epoch'").get
        except apsw.Error as fault:
            raise self._fault(fault) from fault
        self._epoch = int(epoch)
        return self._epoch

    def recover(self) -> Recovered:
        try:
            row = self._reader.execute(
                "SELECT last_position, hash FROM log ORDER BY last_position DESC LIMIT 1"
            ).get
        except apsw.Error as fault:
            raise self._unreadable(fault) from fault
        if row is None:
            last = self._archive.last()
            return Recovered(0, b"") if last is None else Recovered(last.last_position, last.hash)
        return Recovered(*row)

    def get(self, key: bytes) -> bytes | None:
        try:
            found = self._reader.execute("SELECT value FROM rows WHERE key = ?", (key,)).get
        except apsw.Error as fault:
            raise self._unreadable(fault) from fault
        return None if found is None else bytes(found)

    def scan(
        self, prefix: bytes, *, after: bytes | None = None, limit: int = 1 << 30
    ) -> Sequence[tuple[bytes, bytes]]:
        end = _end_of(prefix)
        if after is None:
            sql = "SELECT key, value FROM rows WHERE key >= ? AND key < ? ORDER BY key LIMIT ?"
            bounds: tuple[bytes | int, ...] = (prefix, end, limit)
        else:
            sql = "SELECT key, value FROM rows WHERE key > ? AND key < ? ORDER BY key LIMIT ?"
            bounds = (after, end, limit)
        try:
            rows: Sequence[tuple[bytes, bytes]] = self._reader.execute(sql, bounds).fetchall()  # type: ignore[assignment]
        except apsw.Error as fault:
            raise self._unreadable(fault) from fault
        return rows

    def stage(self, batch: Batch) -> None:
        """The rows go into the page cache here, so that `sync` is one call without Python in it."""
        try:
            self._writer.execute("BEGIN IMMEDIATE")
            self._write(batch)
        except Fenced:
            self._abandon()
            raise
        except apsw.Error as fault:
            raise self._fault(fault) from fault

    def sync(self) -> None:
        try:
            if self._leaving:
                self._let_leave()
            self._writer.execute("COMMIT")
        except apsw.Error as fault:
            raise self._fault(fault) from fault
        if self._sealing is not None:
            self._sealed(self._sealing)
        elif self._log_bytes > self._seal_at:
            self._sealing = self._sealer.submit(self._copy)

    def read_log(self, after: int) -> Iterator[LogBatch]:
        return read_log(self.path, after)

    def archive_log(self) -> None:
        """Move the whole log to a segment at once; `sync` does the same beside the commits."""
        try:
            self._writer.execute("BEGIN IMMEDIATE")
            self._check_epoch(self._epoch)
            self._writer.execute("COMMIT")
            self._log_bytes -= self._copy()
            with self._writer:
                self._writer.execute(
                    "DELETE FROM log WHERE last_position <= ?", (self._archive.last_position,)
                )
        except (apsw.Error, OSError) as fault:
            raise self._fault(fault) from fault
        except Fenced:
            self._abandon()
            raise

    def _copy(self) -> int:
        """What is durable here and not archived yet becomes a segment; returns the log bytes in it."""
        with _reading(self.path) as connection:
            return self._archive.write(_batches(connection, self._archive.last_position))

    def _sealed(self, sealing: Future[int]) -> None:
        """After a commit, which stands whatever happened there: what fails is tried again later."""
        if not sealing.done():
            return
        self._sealing = None
        fault = sealing.exception()
        if fault is None:
            self._log_bytes -= sealing.result()
            self._leaving, self._seal_at = self._archive.last_position, SEGMENT_BYTES
        else:
            self._seal_at = self._log_bytes + SEGMENT_BYTES // 4
            log.warning("the log is not sealed yet", extra={"reason": str(fault)})

    def _let_leave(self) -> None:
        """The oldest batches that are archived leave the file with this commit."""
        self._writer.execute(
            "DELETE FROM log WHERE last_position IN (SELECT last_position FROM log "
            "WHERE last_position <= ? ORDER BY last_position LIMIT ?)",
            (self._leaving, LEAVING),
        )
        if not self._writer.changes():
            self._leaving = 0

    def close(self) -> None:
        """The file holds all of it then, without its write-ahead log, even when readers have it open."""
        self._sealer.shutdown()
        with suppress(apsw.Error):  # what is not moved over stays durable where it is
            self._writer.execute("PRAGMA wal_checkpoint(PASSIVE)")
        self._reader.close()
        self._writer.close()

    def _write(self, batch: Batch) -> None:
        self._check_epoch(batch.epoch)
        if batch.puts:
            self._writer.executemany("INSERT OR REPLACE INTO rows VALUES (?, ?)", batch.puts)
        if batch.deletes:
            self._writer.executemany(
                "DELETE FROM rows WHERE key = ?", [(key,) for key in batch.deletes]
            )
        if batch.log is not None:
            log = batch.log
            self._log_bytes += len(log.body)
            self._writer.execute(
                f"INSERT INTO log ({_LOG_COLUMNS}) VALUES (?, ?, ?, ?, ?)",
                (log.first_position, log.last_position, log.previous, log.hash, log.body),
            )

    def _check_epoch(self, mine: int) -> None:
        epoch = self._writer.execute("SELECT value FROM meta WHERE name = 'epoch'").get
        if epoch != mine:
            raise Fenced(f"epoch {mine} is over: another broker took the partition with {epoch}")

    def _unreadable(self, fault: apsw.Error) -> Unavailable:
        return Unavailable(f"the partition file {self.path} can't be read: {fault}")

    def _fault(self, fault: apsw.Error | OSError) -> Unavailable:
        """What went wrong, with the transaction rolled back."""
        self._abandon()
        if isinstance(fault, apsw.FullError) or _is_full(fault):
            return StoreFull(f"no room left on the device of {self.path}")
        return Unavailable(f"the commit to {self.path} failed: {fault}")

    def _abandon(self) -> None:
        if self._writer.in_transaction:
            self._writer.execute("ROLLBACK")


def read_log(path: Path, after: int) -> Iterator[LogBatch]:
    """The log of a partition file, archived segments first; for readers in any process.

    The archive is opened only for what the file no longer has, and the file is held only while its own
    rows are read. What moves from one to the other meanwhile is seen in both, and told once. Bodies and
    hashes are bytes, whatever somebody has put into the columns.
    """
    archive = Archive(path.parent / "archive", path.stem)
    reached = after
    with _reading(path) as connection:
        for opening in ("", "BEGIN"):  # segments never change; the second look is at one moment
            connection.execute(opening)
            if not _follows(connection, reached):
                for batch in archive.read(reached):
                    reached = batch.last_position
                    yield batch
        yield from _batches(connection, reached)


def _follows(connection: apsw.Connection, position: int) -> bool:
    """Whether what comes after a position is in the file itself, as far as there is anything."""
    first: Any = connection.execute(
        "SELECT CAST(first_position AS INTEGER) FROM log ORDER BY last_position LIMIT 1"
    ).get
    return first is not None and first <= position + 1


def _batches(connection: apsw.Connection, after: int) -> Iterator[LogBatch]:
    rows = connection.execute(
        f"SELECT {_AS_BYTES} FROM log WHERE last_position > ? ORDER BY last_position", (after,)
    )
    for row in rows:
        yield LogBatch(*row)


def end_of_log(path: Path) -> int:
    """The last position in the log of a partition file; 0 for an empty one."""
    with _reading(path) as connection:
        found: Any = connection.execute("SELECT max(last_position) FROM log").fetchall()[0][0]
    return found or Archive(path.parent / "archive", path.stem).last_position


def read_rows(path: Path, prefix: bytes) -> list[tuple[bytes, bytes]]:
    """The rows of a partition file whose key begins with `prefix`, as they are durable now."""
    with _reading(path) as connection:
        found: list[tuple[bytes, bytes]] = connection.execute(
            "SELECT key, value FROM rows WHERE key >= ? AND key < ? ORDER BY key",
            (prefix, _end_of(prefix)),
        ).fetchall()  # type: ignore[assignment]
        return found


@contextmanager
def _reading(path: Path) -> Iterator[apsw.Connection]:
    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    connection.set_busy_timeout(5000)
    try:
        yield connection
    finally:
        connection.close()


def _connect(path: Path) -> apsw.Connection:
    connection = apsw.Connection(str(path))
    connection.set_busy_timeout(5000)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA cache_size = -65536")
    connection.execute("PRAGMA wal_autocheckpoint = 4000")
    return connection


def _end_of(prefix: bytes) -> bytes:
    """The smallest key beyond every key with this prefix."""
    stripped = prefix.rstrip(b"\xff")
    return stripped[:-1] + bytes((stripped[-1] + 1,)) if stripped else b"\xff" * 64


def _is_full(fault: apsw.Error | OSError) -> bool:
    if isinstance(fault, OSError):
        return fault.errno in (errno.ENOSPC, errno.EDQUOT)
    return isinstance(fault, apsw.IOError) and "space" in str(fault).lower()
