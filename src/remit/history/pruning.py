"""What history forgets: instances by key with everything that belongs to them, and what has grown old.

The log keeps everything: a history that is rebuilt from it forgets again what is too old.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, delete, select

from remit.history import schema

OWNED: tuple[Table, ...] = (
    schema.ELEMENTS,
    schema.FLOWS,
    schema.VARIABLES,
    schema.JOBS,
    schema.INCIDENTS,
    schema.USER_TASKS,
    schema.EVALUATIONS,
    schema.SUBSCRIPTIONS,
    schema.CORRELATIONS,
    schema.WAITS,
)
"""Tables whose rows belong to the instance in their column `instance`."""


def forget(connection: Connection, roots: Sequence[int]) -> int:
    """Forget these instances and all that they have called; returns how many instances that were.

    What was done to them stays in the audit log, and in the batch operations that did it.
    """
    table = schema.INSTANCES.c
    which = table.key.in_(roots) | table.root.in_(roots)
    found = select(table.key).where(which)  # however many a root has called
    for owned in OWNED:
        connection.execute(delete(owned).where(owned.c.instance.in_(found)))
    return connection.execute(delete(schema.INSTANCES).where(which)).rowcount


# --- age -------------------------------------------------------------------------------------------

DAY = 86_400_000
STEP = 200
"""Instances, and rows of other kinds, that are forgotten in one transaction at most."""


@dataclass(frozen=True)
class Retention:
    """How many days something is kept after its end: of these processes, and of all others.

    None keeps it for ever.
    """

    days: float | None = None
    by_process: Mapping[str, float] = field(default_factory=dict)

    @classmethod
    def of(cls, given: Sequence[str]) -> Retention:
        """Of DAYS and PROCESS=DAYS; raises `ValueError` with a sentence.

        >>> Retention.of(["30", "order=90"])
        Retention(days=30.0, by_process={'order': 90.0})
        """
        days: float | None = None
        by_process: dict[str, float] = {}
        for each in given:
            process, _, number = each.rpartition("=")
            try:
                found = float(number)
            except ValueError:
                found = -1.0
            if not 0 <= found < 100_000:
                raise ValueError(
                    f"'{each}' is not DAYS or PROCESS=DAYS, for example 30 or order=90"
                )
            if process:
                by_process[process] = found
            else:
                days = found
        return cls(days, by_process)

    def __bool__(self) -> bool:
        return self.days is not None or bool(self.by_process)


def prune(connection: Connection, kept: Retention, now: int) -> bool:
    """Forget a little of what is too old at `now` (epoch ms); whether there is more of it."""
    full = False
    for process, days in kept.by_process.items():
        full |= _old_instances(connection, schema.INSTANCES.c.process_id == process, now, days)
    if kept.days is not None:
        others = schema.INSTANCES.c.process_id.not_in(list(kept.by_process))
        full |= _old_instances(connection, others, now, kept.days)
        full |= _old_batches(connection, now - round(kept.days * DAY))
        for table, key, when, alone in _ALONE:
            full |= _old_rows(connection, table, key, when < now - round(kept.days * DAY), *alone)
    return full


def _old_instances(
    connection: Connection, which: ColumnElement[bool], now: int, days: float
) -> bool:
    """Root instances; what they have called goes with them."""
    table = schema.INSTANCES.c
    found = connection.scalars(
        select(table.key)
        .where(table.end_date < now - round(days * DAY), table.parent_instance.is_(None), which)
        .order_by(table.end_date)
        .limit(STEP)
    ).all()
    if found:
        forget(connection, found)
    return len(found) == STEP


def _old_batches(connection: Connection, before: int) -> bool:
    table, items = schema.BATCHES.c, schema.BATCH_ITEMS.c
    found = connection.scalars(select(table.key).where(table.end_date < before).limit(STEP)).all()
    if found:
        connection.execute(delete(schema.BATCH_ITEMS).where(items.batch.in_(found)))
        connection.execute(delete(schema.BATCHES).where(table.key.in_(found)))
    return len(found) == STEP


def _old_rows(connection: Connection, table: Table, key: Any, *which: ColumnElement[bool]) -> bool:
    found = connection.scalars(select(key).where(*which).limit(STEP)).all()
    if found:
        connection.execute(delete(table).where(key.in_(found)))
    return len(found) == STEP


_ALONE: tuple[tuple[Table, Any, Any, tuple[ColumnElement[bool], ...]], ...] = (
    (
        schema.EVALUATIONS, schema.EVALUATIONS.c.id, schema.EVALUATIONS.c.date,
        (schema.EVALUATIONS.c.instance.is_(None),),
    ),
    (schema.AUDIT, schema.AUDIT.c.key, schema.AUDIT.c.date, ()),
    (schema.JOB_COUNTS, schema.JOB_COUNTS.c.minute, schema.JOB_COUNTS.c.minute, ()),
)  # fmt: skip
"""What belongs to no instance: its table, its key, its time, and which rows."""
