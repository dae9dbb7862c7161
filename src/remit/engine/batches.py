"""Batch operations: the same thing done to many instances, beside all other work.

    gateway ── CreateBatch ──▶ the leading partition: keeps what is not done
                                 │ StartBatchPart             ▲ ReportBatchPart
                                 ▼                            │
                               every partition with items: one item a turn, in the name of who asked

A part is due until it is done: each look at what is due does a few of its items, and the inbox is next.
An item is a command like any other: what it is refused for is kept as the item's error, and the batch
goes on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from remit.base.errors import NotFound
from remit.base.keys import partition_of
from remit.engine.run import Run
from remit.engine.state.entities import Batch
from remit.protocol.commands import (
    CancelInstance,
    Command,
    DeleteDecisionHistory,
    DeleteInstanceHistory,
    MigrateInstance,
    ModifyInstance,
    ResolveIncident,
    ResumeInstance,
    StartBatchPart,
    SuspendInstance,
    UpdateJobRetries,
    UpdateJobTimeout,
)
from remit.protocol.events.batch import BatchCompleted, BatchCreated
from remit.protocol.values import BATCH_KINDS, NONE_KEY, BatchItem, BatchPlan

LIMIT = 100_000
"""Items of one batch operation at most: about 2 MB in one command."""

CHUNK = 100
"""Items in one row."""

Steps = Iterable[Command]


def begin(run: Run, plan: BatchPlan, items: tuple[BatchItem, ...]) -> int:
    """Lead a batch operation; returns its key. Without items it is done at once."""
    key = run.new_key()
    by_partition: dict[int, list[BatchItem]] = {}
    for item in items:
        by_partition.setdefault(partition_of(item.key), []).append(item)
    run.emit(BatchCreated(key, plan, len(items), tuple(sorted(by_partition)), run.header))
    for partition, found in sorted(by_partition.items()):
        run.send(partition, StartBatchPart(key, plan, run.state.partition, tuple(found)))
    if not items:
        run.emit(BatchCompleted(key))
    return key


def find(run: Run, key: int, verb: str) -> Batch:
    """The batch operation that this partition leads, while it is not done."""
    if partition_of(key) == run.state.partition:
        run.state.load_root(key)
    row = run.state.batches.get(key)
    if row is None:
        raise NotFound(
            f"Expected to {verb} a batch operation with key '{key}', but no such batch operation is "
            f"running"
        )
    return row


def steps(run: Run, plan: BatchPlan, item: BatchItem) -> Steps:
    """The commands that do `plan` to an item."""
    return _STEPS[plan.kind](run, plan, item)


def _resolve(run: Run, plan: BatchPlan, item: BatchItem) -> Steps:
    """A job that has no retries left gets one: who resolves many has not looked into each."""
    incident = run.state.find_incident(item.key)
    job = None if incident is None else run.state.jobs.get(incident.job)
    if job is not None and job.retries <= 0:
        yield UpdateJobRetries(job.key, 1)
    yield ResolveIncident(item.key)


def _update_job(run: Run, plan: BatchPlan, item: BatchItem) -> Steps:
    if plan.retries >= 0:
        yield UpdateJobRetries(item.key, plan.retries)
    if plan.timeout >= 0:
        yield UpdateJobTimeout(item.key, plan.timeout)


def _suspend(run: Run, plan: BatchPlan, item: BatchItem) -> Steps:
    """Nothing when it is suspended, with its caller for example, which may have been an item, too."""
    if not _is_suspended(run, item.key):
        yield SuspendInstance(item.key)


def _resume(run: Run, plan: BatchPlan, item: BatchItem) -> Steps:
    if run.state.find_element(item.key) is None or _is_suspended(run, item.key):
        yield ResumeInstance(item.key)


def _is_suspended(run: Run, key: int) -> bool:
    return run.state.find_element(key) is not None and key in run.state.suspensions


_STEPS: dict[str, Callable[[Run, BatchPlan, BatchItem], Steps]] = {
    "CANCEL_PROCESS_INSTANCE": lambda run, plan, item: [CancelInstance(item.key)],
    "SUSPEND_PROCESS_INSTANCE": _suspend,
    "RESUME_PROCESS_INSTANCE": _resume,
    "MIGRATE_PROCESS_INSTANCE": lambda run, plan, item: [
        MigrateInstance(item.key, plan.target, plan.mapping)
    ],
    "MODIFY_PROCESS_INSTANCE": lambda run, plan, item: [ModifyInstance(item.key, move=plan.moves)],
    "RESOLVE_INCIDENT": _resolve,
    "DELETE_PROCESS_INSTANCE": lambda run, plan, item: [DeleteInstanceHistory(item.key, item.of)],
    "DELETE_DECISION_INSTANCE": lambda run, plan, item: [DeleteDecisionHistory(item.key, item.of)],
    "UPDATE_JOB": _update_job,
}
assert set(_STEPS) == set(BATCH_KINDS)


def problem(plan: BatchPlan, items: tuple[BatchItem, ...], partitions: int) -> str:
    """What is wrong with a batch operation, as a sentence; empty when nothing is."""
    if plan.kind not in BATCH_KINDS:
        return f"'{plan.kind}' is no kind of batch operation: choose among {', '.join(BATCH_KINDS)}"
    if plan.kind == "MIGRATE_PROCESS_INSTANCE" and plan.target == NONE_KEY:
        return "a migration needs a target process definition"
    if plan.kind == "MODIFY_PROCESS_INSTANCE" and not plan.moves:
        return "a modification needs at least one move instruction"
    if plan.kind == "UPDATE_JOB" and plan.retries < 0 and plan.timeout < 0:
        return "an update of jobs needs retries or a timeout"
    if len(items) > LIMIT:
        return (
            f"it has {len(items)} items, and at most {LIMIT} are taken at once: narrow its filter"
        )
    for item in items:
        if not 1 <= partition_of(item.key) <= partitions:
            return f"'{item.key}' is the key of nothing in this cluster"
    if len({item.key for item in items}) < len(items):
        return "an item is there more than once"
    return ""
