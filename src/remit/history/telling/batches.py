"""Batch operations and their items; what is to be forgotten."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection, delete, update

from remit.history import pruning, schema
from remit.history.telling.rows import add_to_rows
from remit.history.telling.told import Tells, Told
from remit.protocol.events import batch as b


def batch_created(told: Told, event: b.BatchCreated) -> None:
    actor = event.header.actor
    told.tables["batch_operations"].add(
        event.key,
        {
            "key": event.key, "kind": event.plan.kind, "state": "ACTIVE",
            "start_date": told.now, "end_date": None, "actor": actor.id,
            "method": actor.method, "total": event.total,
            "completed": 0, "failed": 0,
        },
    )  # fmt: skip


def batch_changed(told: Told, key: int, state: str, *, ends: bool = False) -> None:
    more = {"end_date": told.now} if ends else {}
    told.tables["batch_operations"].change(key, state=state, **more)


def batch_reported(told: Told, event: b.BatchPartReported) -> None:
    completed, failed = told.reported.get(event.key, (0, 0))
    told.reported[event.key] = (completed + event.completed, failed + event.failed)


def write_reported(told: Told, connection: Connection) -> None:
    if not told.reported:
        return
    add_to_rows(connection, schema.BATCHES, ("completed", "failed"), told.reported)
    told.reported = {}


def items_added(told: Told, event: b.BatchItemsAdded) -> None:
    for item in event.items:
        name = f"{event.key}-{item.key}"
        told.tables["batch_items"].add(
            name,
            {
                "id": name, "batch": event.key, "item": item.key,
                "instance": item.instance if item.instance > 0 else None,
                "root": item.root if item.root > 0 else None, "kind": event.kind,
                "state": "ACTIVE", "date": None, "error": None, "partition": told.partition,
            },
        )  # fmt: skip


def item_done(told: Told, event: b.BatchItemDone) -> None:
    _item(told, event, "COMPLETED", None)


def item_failed(told: Told, event: b.BatchItemFailed) -> None:
    _item(told, event, "FAILED", f"{event.error_type}: {event.reason}")


def _item(told: Told, event: b.BatchItemDone | b.BatchItemFailed, state: str, error: Any) -> None:
    name = f"{event.key}-{event.item.key}"
    told.tables["batch_items"].change(name, state=state, date=told.now, error=error)


def part_cancelled(told: Told, event: b.BatchPartCanceled) -> None:
    told.cancelled.append(event.key)


def write_cancelled(told: Told, connection: Connection) -> None:
    """What was left of a batch operation on this partition."""
    if not told.cancelled:
        return
    table = schema.BATCH_ITEMS
    connection.execute(
        update(table)
        .where(table.c.batch.in_(told.cancelled))
        .where(table.c.partition == told.partition, table.c.state == "ACTIVE")
        .values(state="CANCELED")
    )
    told.cancelled = []


def history_deleted(told: Told, event: b.InstanceHistoryDeleted) -> None:
    told.forgotten.append(event.instance)


def decision_deleted(told: Told, event: b.DecisionHistoryDeleted) -> None:
    told.undecided.append(event.evaluation)


def write_forgotten(told: Told, connection: Connection) -> None:
    if told.forgotten:
        pruning.forget(connection, told.forgotten)
        told.forgotten = []
    if told.undecided:
        table = schema.EVALUATIONS
        connection.execute(delete(table).where(table.c.key.in_(told.undecided)))
        told.undecided = []


def _batch_state(state: str, *, ends: bool = False) -> Callable[[Told, Any], None]:
    return lambda told, event: batch_changed(told, event.key, state, ends=ends)


TELLS: Tells = {
    b.BatchCreated: batch_created,
    b.BatchSuspended: _batch_state("SUSPENDED"),
    b.BatchResumed: _batch_state("ACTIVE"),
    b.BatchCompleted: _batch_state("COMPLETED", ends=True),
    b.BatchCanceled: _batch_state("CANCELED", ends=True),
    b.BatchPartReported: batch_reported,
    b.BatchItemsAdded: items_added,
    b.BatchItemDone: item_done,
    b.BatchItemFailed: item_failed,
    b.BatchPartCanceled: part_cancelled,
    b.InstanceHistoryDeleted: history_deleted,
    b.DecisionHistoryDeleted: decision_deleted,
}
