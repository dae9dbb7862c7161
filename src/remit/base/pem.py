"""PEM files that may be replaced while a program runs."""

from __future__ import annotations

import logging
import os
from typing import Protocol

Mark = tuple[tuple[int, int, int] | None, ...]


def marks(*paths: str) -> Mark:
    """What changes when one of the files is written or replaced; empty paths do not count."""
    return tuple(_mark(path) for path in paths if path)


def _mark(path: str) -> tuple[int, int, int] | None:
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


class Files(Protocol):
    """Some of them that belong together."""

    def marks(self) -> Mark:
        """`marks` of their paths."""

    def problem(self) -> str:
        """What is wrong with them, as a sentence; empty when nothing is."""


class Watched:
    """Tells when files are others, and good. Of bad ones `log` tells: the last good ones stay."""

    def __init__(self, files: Files, log: logging.Logger) -> None:
        self._files = files
        self._log = log
        self._marks = files.marks()

    def changed(self) -> bool:
        """There are new ones that can be used; asked again without another change, there are none."""
        marks = self._files.marks()
        if marks == self._marks:
            return False
        self._marks = marks
        problem = self._files.problem()
        if problem:
            self._log.error("TLS files changed and can't be used, the last ones stay: %s", problem)
            return False
        self._log.warning("TLS files changed and are in use", extra={"files": self._files})
        return True


def no_password() -> str:
    """For keys that are locked: nobody is there to be asked. Raises ValueError."""
    raise ValueError("the key is locked with a password; give one that is not")
