"""CANCEL, SUSPEND and RESUME a batch operation; the end of its parts."""

from __future__ import annotations

from remit.base.errors import InvalidArgument, InvalidState
from remit.engine import batches
from remit.engine.run import Handler, Run
from remit.engine.state.entities import Batch, BatchPart
from remit.protocol.commands import ReportBatchPart, SteerBatch, SteerBatchPart
from remit.protocol.events.batch import (
    BatchCanceled,
    BatchCompleted,
    BatchPartCanceled,
    BatchPartReported,
    BatchPartResumed,
    BatchPartSuspended,
    BatchResumed,
    BatchSuspended,
)
from remit.protocol.replies import Done

_LED: dict[str, type[BatchCanceled | BatchSuspended | BatchResumed]] = {
    "cancel": BatchCanceled,
    "suspend": BatchSuspended,
    "resume": BatchResumed,
}


def steer_batch(run: Run, command: SteerBatch) -> None:
    """What was done stays done; the item that is being done is done."""
    if command.action not in _LED:
        raise InvalidArgument(
            f"Expected to cancel, suspend or resume a batch operation, not to '{command.action}' it"
        )
    row = batches.find(run, command.key, command.action)
    if row.is_suspended == (command.action == "suspend") and command.action != "cancel":
        state = "suspended already" if row.is_suspended else "not suspended"
        raise InvalidState(
            f"Expected to {command.action} batch operation with key '{row.key}', but it is {state}"
        )
    run.emit(_LED[command.action](row.key))
    for partition in row.parts:
        run.send(partition, SteerBatchPart(row.key, command.action))
    run.reply = Done(row.key)


def steer_part(run: Run, command: SteerBatchPart) -> None:
    """Nothing, when this partition is done already."""
    run.state.load_root(command.key)
    row = run.state.batch_parts.get(command.key)
    if row is None:
        return
    if command.action == "cancel":
        run.emit(BatchPartCanceled(row.key))
    elif row.is_suspended != (command.action == "suspend"):
        run.emit(_part_event(row)(row.key))


def _part_event(row: BatchPart) -> type[BatchPartResumed | BatchPartSuspended]:
    return BatchPartResumed if row.is_suspended else BatchPartSuspended


def report_part(run: Run, command: ReportBatchPart) -> None:
    """A batch operation that was canceled meanwhile is over."""
    run.state.load_root(command.key)
    row: Batch | None = run.state.batches.get(command.key)
    if row is None or command.partition not in row.parts:
        return
    run.emit(BatchPartReported(row.key, command.partition, command.completed, command.failed))
    if not run.state.batches[row.key].parts:
        run.emit(BatchCompleted(row.key))


HANDLES = {
    SteerBatch: Handler("STEER", steer_batch),
    SteerBatchPart: Handler("STEER", steer_part),
    ReportBatchPart: Handler("COMPLETE_PARTITION", report_part),
}
