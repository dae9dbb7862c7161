"""Batch operations: the leading row, the part of this partition with its portions, and when it is due.

A part stands in the queue of what is due from its start to its end, unless it is suspended.
"""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from remit.engine.state.entities import Batch, BatchChunk, BatchPart
from remit.engine.state.state import Due, DueEntry, State
from remit.protocol.events.batch import (
    BatchCanceled,
    BatchCompleted,
    BatchCreated,
    BatchItemDone,
    BatchItemFailed,
    BatchItemsAdded,
    BatchPartCanceled,
    BatchPartCompleted,
    BatchPartReported,
    BatchPartResumed,
    BatchPartStarted,
    BatchPartSuspended,
    BatchResumed,
    BatchSuspended,
    DecisionHistoryDeleted,
    InstanceHistoryDeleted,
)

# --- the partition that leads ----------------------------------------------------------------------


def created(state: State, event: BatchCreated) -> None:
    state.resident[event.key] = None
    state.batches.put(event.key, Batch(event.key, event.key, event.parts))


def suspended(state: State, event: BatchSuspended) -> None:
    state.batches.put(event.key, replace(state.batches[event.key], is_suspended=True))


def resumed(state: State, event: BatchResumed) -> None:
    state.batches.put(event.key, replace(state.batches[event.key], is_suspended=False))


def reported(state: State, event: BatchPartReported) -> None:
    row = state.batches[event.key]
    left = tuple(each for each in row.parts if each != event.partition)
    state.batches.put(event.key, replace(row, parts=left))


def ended(state: State, event: BatchCanceled | BatchCompleted) -> None:
    state.batches.delete(event.key)


# --- every partition with items --------------------------------------------------------------------


def items_added(state: State, event: BatchItemsAdded) -> None:
    chunk = BatchChunk(event.key, event.number, event.items)
    state.batch_chunks.put((event.key, event.number), chunk)


def part_started(state: State, event: BatchPartStarted) -> None:
    state.resident[event.key] = None
    row = BatchPart(
        event.key, event.key, event.plan, event.lead, event.chunks, event.since, event.header,
        total=event.total,
    )  # fmt: skip
    state.batch_parts.put(event.key, row)
    state.due_queue.add(_due(row))


def item_done(state: State, event: BatchItemDone | BatchItemFailed) -> None:
    row = state.batch_parts[event.key]
    if isinstance(event, BatchItemFailed):
        row = replace(row, failed=row.failed + 1)
    chunk = state.batch_chunks[(row.key, row.chunk)]
    if row.offset + 1 < len(chunk.items):
        state.batch_parts.put(row.key, replace(row, offset=row.offset + 1))
    else:
        state.batch_chunks.delete((row.key, row.chunk))
        state.batch_parts.put(row.key, replace(row, chunk=row.chunk + 1, offset=0))


def part_suspended(state: State, event: BatchPartSuspended) -> None:
    row = state.batch_parts[event.key]
    state.due_queue.remove(_due(row))
    state.batch_parts.put(event.key, replace(row, is_suspended=True))


def part_resumed(state: State, event: BatchPartResumed) -> None:
    row = state.batch_parts[event.key]
    state.due_queue.add(_due(row))
    state.batch_parts.put(event.key, replace(row, is_suspended=False))


def part_ended(state: State, event: BatchPartCanceled | BatchPartCompleted) -> None:
    row = state.batch_parts[event.key]
    if not row.is_suspended:
        state.due_queue.remove(_due(row))
    for number in state.batch_chunks.of(event.key):
        state.batch_chunks.delete(number)
    state.batch_parts.delete(event.key)


def _due(row: BatchPart) -> DueEntry:
    return (row.since, Due.BATCH, row.key, row.root)


# --- history ---------------------------------------------------------------------------------------


def history_deleted(state: State, event: InstanceHistoryDeleted | DecisionHistoryDeleted) -> None:
    """What has ended, or was evaluated: nothing of it is here any more."""


FOLDS: dict[Any, Any] = {
    BatchCreated: created,
    BatchSuspended: suspended,
    BatchResumed: resumed,
    BatchPartReported: reported,
    BatchCanceled: ended,
    BatchCompleted: ended,
    BatchItemsAdded: items_added,
    BatchPartStarted: part_started,
    BatchItemDone: item_done,
    BatchItemFailed: item_done,
    BatchPartSuspended: part_suspended,
    BatchPartResumed: part_resumed,
    BatchPartCanceled: part_ended,
    BatchPartCompleted: part_ended,
    InstanceHistoryDeleted: history_deleted,
    DecisionHistoryDeleted: history_deleted,
}
