"""Rows as a batch of turns leaves them, and how they get into the tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from operator import itemgetter
from typing import Any

import msgspec
from msgspec import Struct
from msgspec.structs import astuple
from sqlalchemy import Connection, Dialect, Table, bindparam, delete, insert, update

Row = dict[str, Any]
json = msgspec.json.Encoder().encode


def write_rows(
    connection: Connection, table: Table, rows: list[tuple[Any, ...]], *, known: bool = False
) -> None:
    """New rows, their values in the order of the columns: a third of the time SQLAlchemy takes for them.

    `known`: some may be there already, and stay as they are.
    """
    statement = _insertion(table, connection.dialect)
    connection.exec_driver_sql(statement + " ON CONFLICT DO NOTHING" * known, rows)


def change_rows(
    connection: Connection,
    table: Table,
    key: str,
    names: tuple[str, ...],
    rows: list[tuple[Any, ...]],
) -> None:
    """The columns `names` of rows: in each their values, and then its key."""
    connection.exec_driver_sql(_change(table, key, names, connection.dialect), rows)


def add_to_rows(
    connection: Connection,
    table: Table,
    names: tuple[str, ...],
    amounts: Mapping[int, Sequence[int]],
) -> None:
    """Add to the columns `names` of rows, by their keys."""
    connection.execute(
        update(table)
        .where(table.c.key == bindparam("b_key"))
        .values({name: table.c[name] + bindparam(f"b_{name}") for name in names}),
        [
            {"b_key": key} | {f"b_{name}": more for name, more in zip(names, each, strict=True)}
            for key, each in amounts.items()
        ],
    )


@cache
def _insertion(table: Table, dialect: Dialect) -> str:
    """For SQLite as short as can be: its driver reads the words again for each row."""
    if dialect.name == "sqlite":
        return f"INSERT INTO {table.name} VALUES ({','.join('?' * len(table.c))})"
    return str(insert(table).compile(dialect=_by_place(dialect)))


@cache
def _change(table: Table, key: str, names: tuple[str, ...], dialect: Dialect) -> str:
    statement = (
        update(table)
        .where(table.c[key] == bindparam("b_key"))
        .ordered_values(*((table.c[name], bindparam(name)) for name in names))
    )
    return str(statement.compile(dialect=_by_place(dialect)))


def _by_place(dialect: Dialect) -> Dialect:
    """The same dialect with parameters that have no names."""
    kind: Any = type(dialect)
    placed: Dialect = kind(paramstyle="qmark" if dialect.name == "sqlite" else "format")
    return placed


class Tellings:
    """What a batch changes in one table."""

    def __init__(self, table: Table, key: str = "key") -> None:
        self.table = table
        self.key = key
        self.new: dict[Any, Any] = {}
        self.changes: dict[Any, Row] = {}
        self.gone: list[Any] = []

    def add(self, key: Any, row: Any) -> None:
        self.new[key] = row

    def change(self, key: Any, **columns: Any) -> None:
        row = self.new.get(key)
        if row is not None:
            self._put(row, columns)
        elif key in self.changes:
            self.changes[key].update(columns)
        else:
            self.changes[key] = columns

    def drop(self, key: Any) -> None:
        if self.new.pop(key, None) is None:
            self.gone.append(key)

    def write(self, connection: Connection) -> None:
        if self.gone:
            connection.execute(
                delete(self.table).where(self.table.c[self.key] == bindparam("b_key")),
                [{"b_key": key} for key in self.gone],
            )
        if self.new:
            write_rows(connection, self.table, self._values())
        shapes: dict[tuple[str, ...], list[tuple[Any, ...]]] = {}
        for key, columns in self.changes.items():
            shapes.setdefault(tuple(columns), []).append((*columns.values(), key))
        for names, rows in shapes.items():
            change_rows(connection, self.table, self.key, names, rows)
        self.new, self.changes, self.gone = {}, {}, []

    def _put(self, row: Any, columns: Row) -> None:
        row.update(columns)

    def _values(self) -> list[tuple[Any, ...]]:
        """The new rows, each in the order of the columns."""
        return [*map(itemgetter(*self.table.c.keys()), self.new.values())]


class FrequentTellings(Tellings):
    """The same of a table that every instance writes into: its rows are structs of a `kind`.

    Making a struct by place, and giving it away as a tuple, takes a third of the time of a dict. Its
    fields are the columns, in their order.
    """

    def __init__(self, table: Table, kind: type[Struct], key: str = "key") -> None:
        super().__init__(table, key)
        assert kind.__struct_fields__ == tuple(table.c.keys()), f"{kind.__name__}: {table.name}"

    def _put(self, row: Any, columns: Row) -> None:
        for name, value in columns.items():
            setattr(row, name, value)

    def _values(self) -> list[tuple[Any, ...]]:
        return [*map(astuple, self.new.values())]
