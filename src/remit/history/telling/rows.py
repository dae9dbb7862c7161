"""Rows as a batch of turns leaves them, and how they get into the tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from operator import itemgetter
from typing import Any

import msgspec
from sqlalchemy import Connection, Dialect, Table, bindparam, delete, insert, update

Row = dict[str, Any]
json = msgspec.json.Encoder().encode


def write_rows(
    connection: Connection, table: Table, rows: list[Row], *, known: bool = False
) -> None:
    """New rows, given to the driver as tuples: a third of the time that SQLAlchemy takes for them.

    `known`: some may be there already, and stay as they are.
    """
    statement = _insertion(table, connection.dialect)
    values = [*map(itemgetter(*table.c.keys()), rows)]
    connection.exec_driver_sql(statement + " ON CONFLICT DO NOTHING" * known, values)


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
        self.new: dict[Any, Row] = {}
        self.changes: dict[Any, Row] = {}
        self.gone: list[Any] = []

    def add(self, key: Any, row: Row) -> None:
        self.new[key] = row

    def change(self, key: Any, **columns: Any) -> None:
        row = self.new.get(key)
        if row is None:
            row = self.changes.setdefault(key, {})
        row.update(columns)

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
            write_rows(connection, self.table, list(self.new.values()))
        shapes: dict[tuple[str, ...], list[tuple[Any, ...]]] = {}
        for key, columns in self.changes.items():
            shapes.setdefault(tuple(columns), []).append((*columns.values(), key))
        for names, rows in shapes.items():
            change_rows(connection, self.table, self.key, names, rows)
        self.new, self.changes, self.gone = {}, {}, []
