"""A table: rows by key, in memory, with an undo journal and a note of what changed.

Rows are immutable; a change replaces the row. Every change appends the old row to the journal of the
turn, so that a turn can be undone; the first old row of each batch is kept, so that a row that was
made and removed between two drains is never written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Generic, TypeVar

import msgspec

K = TypeVar("K")
V = TypeVar("V")

Journal = list[tuple[Any, Any, Any]]
"""(table, key, old row or None), oldest first. `table.restore(key, old)` undoes an entry."""

encode = msgspec.msgpack.Encoder().encode


class Table(Generic[K, V]):
    """`index_of` groups rows by an owner (None: no one's): `of(owner)` gives the keys of its rows.

    `address` gives the row's place on disk; `number` is the table's byte in it. `is_located`: the
    row's key is given to clients, so the disk also keeps which aggregate it belongs to.
    """

    __slots__ = (
        "_decode",
        "address",
        "changed",
        "index",
        "index_of",
        "is_located",
        "journal",
        "key_of",
        "number",
        "rows",
    )

    def __init__(
        self,
        number: int,
        row: type[V],
        journal: Journal,
        *,
        key_of: Callable[[V], K],
        address: Callable[[int, V], bytes],
        index_of: Callable[[V], Any] | None = None,
        is_located: bool = False,
    ) -> None:
        self.number = number
        self.rows: dict[K, V] = {}
        self.journal = journal
        self.key_of = key_of
        self.address = address
        self.index_of = index_of
        self.index: dict[Any, dict[K, None]] = {}
        self.changed: dict[K, V | None] = {}
        self.is_located = is_located
        self._decode = msgspec.msgpack.Decoder(row).decode

    def get(self, key: K) -> V | None:
        return self.rows.get(key)

    def __getitem__(self, key: K) -> V:
        return self.rows[key]

    def __contains__(self, key: K) -> bool:
        return key in self.rows

    def of(self, owner: Any) -> tuple[K, ...]:
        """The keys of the rows that belong to `owner`, oldest first; a copy, safe to change under."""
        keys = self.index.get(owner)
        return tuple(keys) if keys else ()

    def values_of(self, owner: Any) -> Iterator[V]:
        rows = self.rows
        return (rows[key] for key in self.of(owner))

    def put(self, key: K, row: V) -> None:
        old = self.rows.get(key)
        self.journal.append((self, key, old))
        self.rows[key] = row
        if key not in self.changed:
            self.changed[key] = old
        if old is None and self.index_of is not None:
            self._link(key, row)

    def delete(self, key: K) -> None:
        old = self.rows.pop(key)
        self.journal.append((self, key, old))
        if key not in self.changed:
            self.changed[key] = old
        if self.index_of is not None:
            self._unlink(key, old)

    def delete_of(self, owner: Any) -> None:
        """Delete every row that belongs to `owner`."""
        for key in self.index.pop(owner, ()):
            old = self.rows.pop(key)
            self.journal.append((self, key, old))
            if key not in self.changed:
                self.changed[key] = old

    def restore(self, key: K, old: V | None) -> None:
        """Undo one change. What `changed` says stays: at worst an unchanged row is written again."""
        current = self.rows.get(key)
        if old is None:
            if current is not None:
                del self.rows[key]
                if self.index_of is not None:
                    self._unlink(key, current)
            return
        self.rows[key] = old
        if current is None and self.index_of is not None:
            self._link(key, old)

    def load(self, row: bytes) -> V:
        """Take in a row from disk; it counts as unchanged."""
        value = self._decode(row)
        key = self.key_of(value)
        self.rows[key] = value
        if self.index_of is not None:
            self._link(key, value)
        return value

    def decode(self, row: bytes) -> V:
        return self._decode(row)

    def forget(self, key: K) -> None:
        """Drop a clean row from memory; it stays on disk."""
        old = self.rows.pop(key, None)
        if old is not None and self.index_of is not None:
            self._unlink(key, old)

    def drain(
        self,
        puts: list[tuple[bytes, bytes]],
        deletes: list[bytes],
        locate: Callable[[K, V], tuple[bytes, bytes]],
    ) -> None:
        """Append what changed since the last drain, encoded."""
        for key, old in self.changed.items():
            row = self.rows.get(key)
            if row is not None:
                puts.append((self.address(self.number, row), encode(row)))
                if old is None and self.is_located:
                    puts.append(locate(key, row))
            elif old is not None:
                deletes.append(self.address(self.number, old))
                if self.is_located:
                    deletes.append(locate(key, old)[0])
        self.changed.clear()

    def _link(self, key: K, row: V) -> None:
        assert self.index_of is not None
        owner = self.index_of(row)
        if owner is not None:
            self.index.setdefault(owner, {})[key] = None

    def _unlink(self, key: K, row: V) -> None:
        assert self.index_of is not None
        owner = self.index_of(row)
        keys = self.index.get(owner)
        if keys is not None:
            keys.pop(key, None)
            if not keys:
                del self.index[owner]
