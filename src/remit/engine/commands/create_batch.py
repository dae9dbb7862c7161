"""CREATE a batch operation, and its parts on the partitions that have items of it."""

from __future__ import annotations

from remit.base.errors import InvalidArgument
from remit.engine import batches
from remit.engine.run import Handler, Run
from remit.protocol.commands import CreateBatch, StartBatchPart
from remit.protocol.events.batch import BatchItemsAdded, BatchPartStarted
from remit.protocol.replies import Done


def create_batch(run: Run, command: CreateBatch) -> None:
    """Answered with its key; its items are done afterwards."""
    wrong = batches.problem(command.plan, command.items, run.state.partitions)
    if wrong:
        raise InvalidArgument(f"Expected to create a batch operation, but {wrong}")
    run.reply = Done(batches.begin(run, command.plan, command.items))


def start_part(run: Run, command: StartBatchPart) -> None:
    run.state.load_root(command.key)
    starts = range(0, len(command.items), batches.CHUNK)
    for number, start in enumerate(starts):
        portion = command.items[start : start + batches.CHUNK]
        run.emit(BatchItemsAdded(command.key, number, portion, command.plan.kind))
    run.emit(
        BatchPartStarted(
            command.key, command.plan, command.lead, len(starts), run.now, run.header,
            len(command.items),
        )
    )  # fmt: skip


HANDLES = {
    CreateBatch: Handler("CREATE", create_batch),
    StartBatchPart: Handler("INITIALIZE", start_part),
}
