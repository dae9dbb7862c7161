"""Whether a partition's file has anything for a reader that has read all of it: told without opening it.

Readers in other processes look many times a second, and mostly there is nothing. Every commit writes to
the file's write-ahead log, so as long as that one stays as it is there is nothing new.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

SETTLED_NS = 100_000_000
"""A file that was written this lately may be written again within the same tick of its clock."""

Mark = tuple[int, int]


class Tail:
    """The end of one reader's reading: ask `is_there`, read, and say `reached` when nothing was left."""

    def __init__(self, path: Path) -> None:
        self._log = path.with_name(path.name + "-wal")
        self._end: Mark | None = None
        self._seen: Mark | None = None

    def is_there(self) -> bool:
        """The reader has read everything, and nothing was written since."""
        self._seen = self._look()
        return self._seen is not None and self._seen == self._end

    def reached(self) -> None:
        """What was there when `is_there` was asked has been read."""
        self._end = self._seen

    def _look(self) -> Mark | None:
        try:
            found = os.stat(self._log)
        except FileNotFoundError:  # nobody has the file open
            return None
        if time.time_ns() - found.st_mtime_ns < SETTLED_NS:
            return None
        return found.st_mtime_ns, found.st_size
