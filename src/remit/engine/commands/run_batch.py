"""EXECUTE the next item of a batch operation: a turn of its own, undone when the item is refused.

An item that meets a bug bans its instance, as any command does; the next try is refused for that, and
the batch goes on.
"""

from __future__ import annotations

from remit.base.errors import InvalidState, Rejection
from remit.engine import access, batches
from remit.engine.governance import StepDenied, tell
from remit.engine.playing import play_agenda
from remit.engine.run import Handler, Run
from remit.engine.state.entities import BatchPart
from remit.protocol.commands import ReportBatchPart, RunBatch
from remit.protocol.events.batch import BatchItemDone, BatchItemFailed, BatchPartCompleted
from remit.protocol.replies import Done
from remit.protocol.values import BatchItem


def run_batch(run: Run, command: RunBatch) -> None:
    """Nothing, when it is done, suspended or canceled since it came due."""
    if command.key in run.state.banned:
        raise InvalidState(f"Expected to go on with batch operation '{command.key}': it met a bug")
    run.root = command.key
    run.state.load_root(command.key)
    part = run.state.batch_parts.get(command.key)
    if part is not None and not part.is_suspended:
        chunk = run.state.batch_chunks[(part.key, part.chunk)]
        _do(run, part, chunk.items[part.offset])
        _end(run, run.state.batch_parts[part.key])
    run.reply = Done(command.key)


def _do(run: Run, part: BatchPart, item: BatchItem) -> None:
    """In the name of who asked for the batch, who needs the permission for every item."""
    mark = run.mark()
    own, run.header = run.header, part.header
    try:
        for step in batches.steps(run, part.plan, item):
            access.check(run, step)
            if run.header.broken_glass:
                access.check_glass(run, step)
            run.handle(step)
        play_agenda(run)
    except Rejection as fault:
        run.undo(mark)
        if isinstance(fault, StepDenied):
            for event in fault.events:
                tell(run, event)
        run.emit(BatchItemFailed(part.key, item, fault.type.value, str(fault)))
    else:
        run.emit(BatchItemDone(part.key, item))
    run.header, run.viewer = own, None


def _end(run: Run, part: BatchPart) -> None:
    if part.chunk == part.chunks:
        run.emit(BatchPartCompleted(part.key))
        done = part.total - part.failed
        run.send(part.lead, ReportBatchPart(part.key, run.state.partition, done, part.failed))


HANDLES = {RunBatch: Handler("EXECUTE", run_batch)}
