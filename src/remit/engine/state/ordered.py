"""An ordered queue whose head is in memory and whose rest is on disk.

Entries up to the horizon are in memory, sorted; what lies beyond is read when the head runs dry.
So a million waiting entries cost the memory of a few thousand.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable
from typing import Any, Generic, Protocol, TypeVar

from remit.engine.state.table import Journal


class Comparable(Protocol):
    def __lt__(self, other: Any, /) -> bool: ...


E = TypeVar("E", bound=Comparable)

WINDOW = 20_000
"""Entries kept in memory at most when more wait on disk."""


class Ordered(Generic[E]):
    """Entries are unique and comparable. `read(after, limit)` brings entries from disk in order.

    `changed` maps each entry touched since the last drain to whether it was there before.
    """

    __slots__ = ("changed", "entries", "head", "horizon", "journal", "read")

    def __init__(self, journal: Journal, read: Callable[[E | None, int], list[E]]) -> None:
        self.entries: list[E] = []
        self.head = 0
        self.horizon: E | None = None  # None: all entries are in memory
        self.journal = journal
        self.read = read
        self.changed: dict[E, bool] = {}

    def recover(self) -> None:
        self.entries = self.read(None, WINDOW)
        self.head = 0
        self.horizon = self.entries[-1] if len(self.entries) == WINDOW else None

    def add(self, entry: E) -> None:
        self.journal.append((self, entry, None))
        self.changed.setdefault(entry, False)
        self._insert(entry)

    def remove(self, entry: E) -> None:
        """Take an entry out; it must be there, in memory or on disk."""
        self.journal.append((self, entry, entry))
        self.changed.setdefault(entry, True)
        self._discard(entry)

    def set_aside(self, entry: E) -> None:
        """Out of the way until the queue is read from disk again; not a change of the state."""
        self._discard(entry)

    def restore(self, entry: E, old: E | None) -> None:
        if old is None:
            self._discard(entry)
        else:
            self._insert(entry)

    def first(self) -> E | None:
        """The smallest entry, or None."""
        if self.head >= len(self.entries) and self.horizon is not None:
            self._refill()
        return self.entries[self.head] if self.head < len(self.entries) else None

    def take(self, limit: int) -> list[E]:
        """The first `limit` entries, in order; they stay where they are."""
        while len(self.entries) - self.head < limit and self.horizon is not None:
            self._refill()
        return self.entries[self.head : self.head + limit]

    def after(self, entry: E, limit: int) -> list[E]:
        """Up to `limit` entries above this one, in order; they stay where they are."""
        at = bisect_right(self.entries, entry, self.head)
        found = self.entries[at : at + limit]
        while len(found) < limit and self.horizon is not None:
            self._refill()
            at = bisect_right(self.entries, entry, self.head)
            found = self.entries[at : at + limit]
        return found

    def __bool__(self) -> bool:
        return self.first() is not None

    def drain(self, put: Callable[[E], None], delete: Callable[[E], None]) -> None:
        """Hand out what changed since the last drain."""
        for entry, was_there in self.changed.items():
            is_there = self._knows(entry)
            if is_there and not was_there:
                put(entry)
            elif was_there and not is_there:
                delete(entry)
        self.changed.clear()
        self._trim()

    def _knows(self, entry: E) -> bool:
        at = bisect_left(self.entries, entry, self.head)
        return at < len(self.entries) and self.entries[at] == entry

    def _insert(self, entry: E) -> None:
        if not self.entries or self.entries[-1] < entry:
            self.entries.append(entry)
        else:
            insort(self.entries, entry, self.head)

    def _discard(self, entry: E) -> None:
        at = bisect_left(self.entries, entry, self.head)
        if at < len(self.entries) and self.entries[at] == entry:
            if at == self.head:
                self.head += 1
                if self.head > 1024 and self.head * 2 > len(self.entries):
                    del self.entries[: self.head]
                    self.head = 0
            else:
                del self.entries[at]

    def _trim(self) -> None:
        """Give memory back: entries far beyond the head are on disk as well (all are drained)."""
        keep = self.head + WINDOW
        if len(self.entries) > 2 * WINDOW + self.head:
            del self.entries[keep:]
            self.horizon = self.entries[-1]
        elif self.horizon is not None:
            cut = bisect_left(self.entries, self.horizon, self.head) + 1
            del self.entries[cut:]

    def _refill(self) -> None:
        """Read what lies beyond the horizon. Entries added since the last drain may lie there too."""
        assert self.horizon is not None
        beyond = self.read(self.horizon, WINDOW)
        fresh = set(self.entries[self.head :])
        gone = {entry for entry, was_there in self.changed.items() if was_there} - fresh
        merged = sorted((set(beyond) | fresh) - gone)
        self.entries = merged
        self.head = 0
        self.horizon = beyond[-1] if len(beyond) == WINDOW else None
