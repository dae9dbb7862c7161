"""PEM files that may be replaced while a program runs."""

from __future__ import annotations

import os

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


def no_password() -> str:
    """For keys that are locked: nobody is there to be asked. Raises ValueError."""
    raise ValueError("the key is locked with a password; give one that is not")
