"""Whether a partition's file has anything for a reader that has read all of it: told without reading it.

Readers in other processes look many times a second, and mostly there is nothing. SQLite counts the
commits that others make to a file; as long as that count stays as it is there is nothing new. The time
and size of the write-ahead log do not tell: a commit writes there first, and is seen only when the disk
has confirmed it, however long that takes.
"""

from __future__ import annotations

import os
from pathlib import Path

import apsw

Mark = int
"""How many commits one connection has seen others make; of no meaning to another connection."""


class Tail:
    """The end of one reader's reading: ask `is_there`, read, and say `reached` when nothing was left."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connection: apsw.Connection | None = None
        self._file = 0
        self._end: Mark | None = None
        self._seen: Mark | None = None

    def is_there(self) -> bool:
        """The reader has read everything, and nothing was committed since."""
        try:
            self._seen = self._commits()
        except (OSError, apsw.Error):  # who reads will say what is wrong with it
            self._connection = self._seen = None
        return self._seen is not None and self._seen == self._end

    def reached(self) -> None:
        """What was there when `is_there` was asked has been read."""
        self._end = self._seen

    def _commits(self) -> Mark:
        file = os.stat(self._path).st_ino
        if self._connection is None or self._file != file:  # another file was put in its place
            self._connection = apsw.Connection(str(self._path), flags=apsw.SQLITE_OPEN_READONLY)
            self._file, self._end = file, None
        found: Mark = self._connection.execute("PRAGMA data_version").get
        return found
