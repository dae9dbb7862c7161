"""Sealed segments of the log: SQLite files of their own, written once and never changed.

Named by the positions they hold: `partition-1.000000000001-000000004711.log`. Nothing deletes them.
A crash while one is written leaves a draft, which the next one replaces. Segments may overlap; readers
go by position.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from functools import cached_property
from pathlib import Path

import apsw

from remit.partition.storage.contract import LogBatch

_NAME = re.compile(r"\.(\d+)-(\d+)\.log$")
_COLUMNS = "first_position, last_position, previous, hash, body"


class Archive:
    def __init__(self, folder: Path, stem: str) -> None:
        self.folder = folder
        self.stem = stem

    @cached_property
    def last_position(self) -> int:
        """Up to where the log is archived; 0 before the first segment."""
        return max((last for _, last, _ in self._segments()), default=0)

    def write(self, batches: Iterable[LogBatch]) -> int:
        """Seal these batches into a segment; returns the bytes of their bodies.

        A crash leaves none of it or all of it.
        """
        new = not self.folder.exists()
        self.folder.mkdir(parents=True, exist_ok=True)
        draft = self.folder / f"{self.stem}.draft"
        draft.unlink(missing_ok=True)
        first, last, size = _write(draft, batches)
        if not last:
            draft.unlink()
            return 0
        draft.rename(self.folder / f"{self.stem}.{first:012}-{last:012}.log")
        _sync(self.folder)
        if new:
            _sync(self.folder.parent)
        self.last_position = last
        return size

    def read(self, after: int) -> Iterator[LogBatch]:
        """Batches with a last position beyond `after`, in order, each once."""
        for _, last, path in self._segments():
            if last > after:
                yield from self._batches(path, after)
                after = last

    def last(self) -> LogBatch | None:
        segments = self._segments()
        if not segments:
            return None
        return list(self._batches(segments[-1][2], self.last_position - 1))[-1]

    def _batches(self, path: Path, after: int) -> Iterator[LogBatch]:
        connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
        try:
            rows = connection.execute(
                f"SELECT {_COLUMNS} FROM log WHERE last_position > ? ORDER BY last_position",
                (after,),
            )
            for row in rows:
                yield LogBatch(*row)
        finally:
            connection.close()

    def _segments(self) -> list[tuple[int, int, Path]]:
        found = []
        for path in self.folder.glob(f"{self.stem}.*.log") if self.folder.is_dir() else ():
            match = _NAME.search(path.name)
            if match is not None:
                found.append((int(match.group(1)), int(match.group(2)), path))
        return sorted(found)


def _write(path: Path, batches: Iterable[LogBatch]) -> tuple[int, int, int]:
    """A new file of these batches, written through: its first and last position, and their bytes."""
    first = last = size = 0
    connection = apsw.Connection(str(path))
    try:
        connection.execute("PRAGMA synchronous = FULL")
        with connection:
            connection.execute(
                "CREATE TABLE log (last_position INTEGER PRIMARY KEY, first_position INTEGER, "
                "previous BLOB, hash BLOB, body BLOB)"
            )
            for b in batches:
                connection.execute(
                    f"INSERT INTO log ({_COLUMNS}) VALUES (?, ?, ?, ?, ?)",
                    (b.first_position, b.last_position, b.previous, b.hash, b.body),
                )
                first, last = first or b.first_position, b.last_position
                size += len(b.body)
    finally:
        connection.close()
    return first, last, size


def _sync(folder: Path) -> None:
    """What names are in the folder is durable."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
