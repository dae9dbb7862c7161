"""What history forgets: instances by key, with everything that belongs to them."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, Table, delete, select

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
    found = connection.scalars(
        select(table.key).where(table.key.in_(roots) | table.root.in_(roots))
    ).all()
    for owned in OWNED:
        connection.execute(delete(owned).where(owned.c.instance.in_(found)))
    connection.execute(delete(schema.INSTANCES).where(table.key.in_(found)))
    return len(found)
