"""Batch operations: one partition leads, every partition with items of its own plays its part.

`key` is that of the batch operation, on every partition.
"""

from __future__ import annotations

from remit.protocol.events.base import Event, event, number
from remit.protocol.numbers import ValueType
from remit.protocol.values import NONE_KEY, BatchItem, BatchPlan, Header


@event("CREATED")
class BatchCreated(Event, frozen=True, tag=number(ValueType.BATCH_OPERATION_CREATION, 1)):
    """Told by the partition that leads; `parts` are the partitions that have items."""

    key: int
    plan: BatchPlan
    total: int
    parts: tuple[int, ...]
    header: Header = Header()


@event("CANCELED")
class BatchCanceled(
    Event, frozen=True, tag=number(ValueType.BATCH_OPERATION_LIFECYCLE_MANAGEMENT, 9)
):
    key: int


@event("SUSPENDED")
class BatchSuspended(
    Event, frozen=True, tag=number(ValueType.BATCH_OPERATION_LIFECYCLE_MANAGEMENT, 11)
):
    key: int


@event("RESUMED")
class BatchResumed(
    Event, frozen=True, tag=number(ValueType.BATCH_OPERATION_LIFECYCLE_MANAGEMENT, 13)
):
    key: int


@event("COMPLETED")
class BatchCompleted(
    Event, frozen=True, tag=number(ValueType.BATCH_OPERATION_LIFECYCLE_MANAGEMENT, 15)
):
    """Every part has come to its end."""

    key: int


@event("PARTITION_COMPLETED")
class BatchPartReported(
    Event, frozen=True, tag=number(ValueType.BATCH_OPERATION_LIFECYCLE_MANAGEMENT, 17)
):
    """The leading partition has heard that `partition` is done: so many items completed and failed."""

    key: int
    partition: int
    completed: int = 0
    failed: int = 0


@event("CREATED")
class BatchItemsAdded(Event, frozen=True, tag=number(ValueType.BATCH_OPERATION_CHUNK, 1)):
    """Portion `number` (from 0) of what this partition has to do."""

    key: int
    number: int
    items: tuple[BatchItem, ...]
    kind: str = ""


@event("INITIALIZED")
class BatchPartStarted(
    Event, frozen=True, tag=number(ValueType.BATCH_OPERATION_PARTITION_LIFECYCLE, 5)
):
    """This partition has all its items, in `chunks` portions, and begins at `since` (epoch ms).

    `header` says who has asked for the batch: its items are done in that name.
    """

    key: int
    plan: BatchPlan
    lead: int
    chunks: int
    since: int
    header: Header = Header()
    total: int = 0


@event("SUSPENDED")
class BatchPartSuspended(
    Event, frozen=True, tag=number(ValueType.BATCH_OPERATION_PARTITION_LIFECYCLE, 11)
):
    key: int


@event("RESUMED")
class BatchPartResumed(
    Event, frozen=True, tag=number(ValueType.BATCH_OPERATION_PARTITION_LIFECYCLE, 13)
):
    key: int


@event("CANCELED")
class BatchPartCanceled(
    Event, frozen=True, tag=number(ValueType.BATCH_OPERATION_PARTITION_LIFECYCLE, 9)
):
    """What is left of its items is not done."""

    key: int


@event("COMPLETED")
class BatchPartCompleted(
    Event, frozen=True, tag=number(ValueType.BATCH_OPERATION_PARTITION_LIFECYCLE, 15)
):
    key: int


@event("EXECUTED")
class BatchItemDone(Event, frozen=True, tag=number(ValueType.BATCH_OPERATION_EXECUTION, 1)):
    """The next item was done."""

    key: int
    item: BatchItem


@event("FAILED")
class BatchItemFailed(Event, frozen=True, tag=number(ValueType.BATCH_OPERATION_EXECUTION, 203)):
    """The next item was refused: nothing of it took effect."""

    key: int
    item: BatchItem
    error_type: str
    reason: str


@event("DELETED")
class InstanceHistoryDeleted(Event, frozen=True, tag=number(ValueType.HISTORY_DELETION, 1)):
    """What is told of an ended process instance, and of all it has called, is forgotten in history."""

    key: int
    instance: int = NONE_KEY


@event("DECISION_DELETED")
class DecisionHistoryDeleted(Event, frozen=True, tag=number(ValueType.HISTORY_DELETION, 2)):
    """What is told of the decision evaluation `evaluation` is forgotten in history."""

    key: int
    evaluation: int = NONE_KEY
