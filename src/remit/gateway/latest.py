"""What a file says, as it is by now: it may be written anew while the broker runs."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

from remit.base import pem
from remit.base.errors import Fault

LOOK_SECONDS = 1.0

T = TypeVar("T")
log = logging.getLogger("remit.gateway")


class Latest(Generic[T]):
    """What `read` makes of the file at `path`; looked at once a second, when asked.

    What can't be read then is told in the log, and what was read last stays. The first reading raises
    what `read` raises: `OSError`, `ValueError` or `Fault`.
    """

    def __init__(
        self, path: Path, read: Callable[[Path], T], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._path = path
        self._read = read
        self._clock = clock
        self._looked = clock()
        self._marks = pem.marks(str(path))
        self._found = read(path)

    def now(self) -> T:
        if self._clock() - self._looked >= LOOK_SECONDS:
            self._looked = self._clock()
            self._look()
        return self._found

    def _look(self) -> None:
        marks = pem.marks(str(self._path))
        if marks == self._marks:
            return
        self._marks = marks
        try:
            self._found = self._read(self._path)
            log.warning("credentials changed and are in use", extra={"file": str(self._path)})
        except (OSError, ValueError, Fault) as fault:
            log.error("credentials can't be read, the last ones stay: %s", fault)
