"""Sealed segments of the log: SQLite files of their own, written once and never changed.

Named by the positions they hold: `partition-1.000000000001-000000004711.log`. Nothing deletes them.
A crash before the sealed rows left the partition's file may seal them again: segments can overlap, and
readers go by position.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import apsw

from remit.partition.storage.contract import LogBatch

_NAME = re.compile(r"\.(\d+)-(\d+)\.log$")
_COLUMNS = "first_position, last_position, previous, hash, body"


class Archive:
    def __init__(self, folder: Path, stem: str) -> None:
        self.folder = folder
        self.stem = stem
        self.last_position = max((last for _, last, _ in self._segments()), default=0)

    def write(self, batches: Sequence[LogBatch]) -> None:
        """Seal these batches into a segment; a crash leaves none of it or all of it."""
        self.folder.mkdir(parents=True, exist_ok=True)
        first, last = batches[0].first_position, batches[-1].last_position
        target = self.folder / f"{self.stem}.{first:012}-{last:012}.log"
        draft = target.with_suffix(".draft")
        draft.unlink(missing_ok=True)
        connection = apsw.Connection(str(draft))
        connection.execute("PRAGMA synchronous = FULL")
        with connection:
            connection.execute(
                "CREATE TABLE log (last_position INTEGER PRIMARY KEY, first_position INTEGER, "
                "previous BLOB, hash BLOB, body BLOB)"
            )
            connection.executemany(
                f"INSERT INTO log ({_COLUMNS}) VALUES (?, ?, ?, ?, ?)",
                [(b.first_position, b.last_position, b.previous, b.hash, b.body) for b in batches],
            )
        connection.close()
        draft.rename(target)
        descriptor = os.open(self.folder, os.O_RDONLY)
        os.fsync(descriptor)
        os.close(descriptor)
        self.last_position = last

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
