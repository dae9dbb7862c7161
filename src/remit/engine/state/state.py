"""The state of a partition: its tables, and beside them its queues, scalars and time.

An instance is one aggregate: all its rows come in together when something touches one of them, and
go out together when nothing did for long. `find_…` brings the owner in first; after that plain table
reads are complete for this aggregate. Only folds write.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from enum import IntEnum
from typing import Any, cast

import msgspec

from remit.authority import base64url
from remit.base.keys import first_key, partition_of
from remit.engine.state import layout
from remit.engine.state.entities import (
    Beginning,
    ElementInstance,
    Governed,
    Scalars,
)
from remit.engine.state.ordered import Ordered
from remit.engine.state.rows import Nothing, Rows
from remit.engine.state.table import encode
from remit.engine.state.tables import Correlation, Tables
from remit.identity.principal import Access, Principal
from remit.protocol.commands import (
    Command,
    Continue,
    ExpireMessage,
    RecurJob,
    RunBatch,
    TimeOutJob,
    TriggerTimer,
)
from remit.protocol.values import (
    NONE_KEY,
    Incident,
    Job,
    ProcessDefinition,
    ProcessSubscription,
    Timer,
    UserTask,
)

SHARED_ROOT = 0
"""The root of rows that no instance owns, e.g. the timers of start events."""


class Due(IntEnum):
    """What can be due."""

    JOB_TIMEOUT = 1
    JOB_BACKOFF = 2
    TIMER = 3
    MESSAGE = 4
    BATCH = 5


BATCH_PORTION = 50
"""Items of batch operations done between two looks at the inbox, all batches together."""


DueEntry = tuple[int, int, int, Any]
"""(epoch ms, Due, key, owner): the owner is a root, or for messages their correlation."""

_decode_scalars = msgspec.msgpack.Decoder(Scalars).decode
_decode_owner = msgspec.msgpack.Decoder(int | Correlation).decode


class State(Tables):
    """`partition` is this one's id, `partitions` how many there are.

    `collections` keeps what parallel multi-instance bodies have read while they open their instances,
    portion by portion; nothing of theirs happens in between, and what is lost is read again.
    `access` says whether tenants and authorizations count, None for neither; `principals` is what was
    worked out of it for callers. `governor` is what governance trusts and signs with
    (`engine.governance`), None for nothing.
    """

    def __init__(self, partition: int, partitions: int, rows: Rows | None = None) -> None:
        super().__init__()
        self.partition = partition
        self.partitions = partitions
        self.rows: Rows = rows if rows is not None else Nothing()
        self.position = 0
        self.next_key = first_key(partition)
        self.timestamp = 0
        self.pinned = NONE_KEY
        self._make_queues()
        self.resident: OrderedDict[int, None] = OrderedDict()
        self.resident_correlations: OrderedDict[Correlation, None] = OrderedDict()
        self.definition_cache: dict[int, Any] = {}
        self.collections: dict[int, list[Any]] = {}
        self.governor: Any = None
        self.authority_cache: dict[Any, Any] = {}
        self.precedents: dict[Any, Any] = {}
        self.access: Access | None = None
        self.principals: dict[Any, Principal] = {}

    def _make_queues(self) -> None:
        self.due_queue: Ordered[DueEntry] = Ordered(self.journal, self._read_due)
        self.ready: dict[tuple[str, str], Ordered[tuple[int, int]]] = {}
        self.listening: dict[tuple[str, str], Ordered[tuple[int, int]]] = {}
        self.locks: dict[tuple[str, str, str], int | None] = {}
        self.changed_locks: set[tuple[str, str, str]] = set()

    # --- reading -----------------------------------------------------------------------------------

    def find_element(self, key: int) -> ElementInstance | None:
        return self.elements.get(key) or (self.elements.get(key) if self._bring(key) else None)

    def find_job(self, key: int) -> Job | None:
        return self.jobs.get(key) or (self.jobs.get(key) if self._bring(key) else None)

    def find_user_task(self, key: int) -> UserTask | None:
        return self.user_tasks.get(key) or (self.user_tasks.get(key) if self._bring(key) else None)

    def find_incident(self, key: int) -> Incident | None:
        return self.incidents.get(key) or (self.incidents.get(key) if self._bring(key) else None)

    def find_subscription(self, key: int) -> ProcessSubscription | None:
        return self.subscriptions.get(key) or (
            self.subscriptions.get(key) if self._bring(key) else None
        )

    def find_timer(self, key: int, root: int) -> Timer | None:
        self.load_root(root)
        return self.timers.get(key)

    def inside(self, key: int) -> Iterator[ElementInstance]:
        """An element instance in memory and all in it, called processes too; outer ones first."""
        waiting = [key]
        for each in waiting:
            if each in self.elements:
                yield self.elements[each]
                waiting.extend(self.elements.of(each))

    def of_instance(self, key: int) -> Iterator[ElementInstance]:
        """The same of a process instance, without the processes that it has called."""
        waiting = [key]
        for each in waiting:
            element = self.elements.get(each)
            if element is not None and element.instance == key:
                yield element
                waiting.extend(self.elements.of(each))

    def lock(self, tenant: str, process_id: str, correlation_key: str) -> int | None:
        """The active instance that a message with this correlation key started, or None."""
        name = (tenant, process_id, correlation_key)
        if name not in self.locks:
            row = self.rows.get(layout.lock(*name))
            self.locks[name] = None if row is None else layout.unpack_key(row)
        return self.locks[name]

    def ready_jobs(self, tenant: str, job_type: str) -> Ordered[tuple[int, int]]:
        """(job key, root) of the jobs that wait for a worker, in order."""
        queue = self.ready.get((tenant, job_type))
        if queue is None:
            queue = self._owners(layout.ready_prefix(tenant, job_type))
            self.ready[(tenant, job_type)] = queue
        return queue

    def listeners(self, tenant: str, signal: str) -> Ordered[tuple[int, int]]:
        """(subscription key, root) of those who listen to a signal, in order."""
        queue = self.listening.get((tenant, signal))
        if queue is None:
            queue = self._owners(layout.listening_prefix(tenant, signal))
            self.listening[(tenant, signal)] = queue
        return queue

    def _owners(self, prefix: bytes) -> Ordered[tuple[int, int]]:
        """A queue of (key, root) on disk under `prefix`."""

        def read(after: tuple[int, int] | None, limit: int) -> list[tuple[int, int]]:
            beyond = None if after is None else prefix + layout.pack_key(after[0])
            found = self.rows.scan(prefix, after=beyond, limit=limit)
            return [
                (layout.unpack_key(address[-8:]), layout.unpack_key(row)) for address, row in found
            ]

        queue = Ordered[tuple[int, int]](self.journal, read)
        queue.recover()
        return queue

    def has_jobs(self, job_type: str, tenant: str) -> bool:
        return bool(self.ready_jobs(tenant, job_type))

    def beginning(self, key: int) -> Beginning | None:
        """A row that instances share: read when one of them needs it and it is not in memory."""
        found = self.beginnings.get(key)
        if found is None:
            row = self.rows.get(layout.beginning(key))
            found = None if row is None else self.beginnings.load(row)
        return found

    def blocks_of(self, row: Governed) -> tuple[str, ...]:
        """The blocks that an instance carries; the last has no signature yet where it is `unsigned`."""
        if row.begins == NONE_KEY:
            return row.tokens
        shared = self.beginning(row.begins)
        assert shared is not None, f"the policy of {row.key} begins like none that is stored"
        *grants, stem = shared.blocks
        last = stem + row.tokens[0]
        return (*grants, f"{last}.{base64url.encode(row.signature)}" if row.signature else last)

    def latest_process(self, tenant: str, process_id: str) -> ProcessDefinition | None:
        versions = self.processes.values_of((tenant, process_id))
        found = [row for row in versions if not row.is_deleted]
        return max(found, key=lambda row: row.version) if found else None

    def tagged_process(self, tenant: str, process_id: str, tag: str) -> ProcessDefinition | None:
        """The latest of the versions that have this tag; none has an empty one."""
        versions = self.processes.values_of((tenant, process_id))
        found = [row for row in versions if row.version_tag == tag != "" and not row.is_deleted]
        return max(found, key=lambda row: row.version) if found else None

    def load_root(self, root: int) -> None:
        """Bring an instance into memory; costs nothing when it is there."""
        if root in self.resident:
            self.resident.move_to_end(root)
            return
        tables = self.owned_tables
        for address, row in self.rows.scan(layout.root_prefix(root)):
            tables[layout.table_of_owned(address)].load(row)
        self.resident[root] = None

    def load_correlation(self, tenant: str, name: str, correlation_key: str) -> Correlation:
        """Bring the messages and subscriptions of one name and correlation key into memory."""
        correlation = (tenant, name, correlation_key)
        if correlation in self.resident_correlations:
            self.resident_correlations.move_to_end(correlation)
            return correlation
        prefix = layout.correlation_prefix(*correlation)
        for address, row in self.rows.scan(prefix):
            self.correlation_tables[address[len(prefix)]].load(row)
        self.resident_correlations[correlation] = None
        return correlation

    def _bring(self, key: int) -> bool:
        if partition_of(key) != self.partition:
            return False
        root = self.rows.get(layout.locator(key))
        if root is None:
            return False
        self.load_root(layout.unpack_key(root))
        return True

    # --- time --------------------------------------------------------------------------------------

    def now(self, system_ms: int) -> int:
        """The partition's time: pinned, or the system's, but never before what was logged.

        Where policies are in force, whose time can be over, a clock that was pinned before counts not.
        """
        if self.pinned != NONE_KEY and self.governor is None:
            return self.pinned
        return max(system_ms, self.timestamp)

    def pin(self, timestamp: int) -> None:
        """Let time stand still at `timestamp`, or run again at NONE_KEY."""
        self.journal.append((_Pin(self), None, self.pinned))
        self.pinned = timestamp

    def rests_to_play(self) -> list[Command]:
        """The commands that go on with turns which had grown too long."""
        return [Continue(root) for root in self.rests.rows]

    def due(self, now: int, limit: int) -> list[tuple[DueEntry, Command]]:
        """What is due, with the command that does it, in order of time."""
        found: list[tuple[DueEntry, Command]] = []
        batches: list[DueEntry] = []
        for entry in self.due_queue.take(limit):
            at, kind, key, owner = entry
            if at > now:
                break
            if kind == Due.BATCH:
                batches.append(entry)
            else:
                found.append((entry, self._due_command(kind, key, owner)))
        return [*found, *self._next_items(batches)]

    def _next_items(self, batches: list[DueEntry]) -> Iterator[tuple[DueEntry, Command]]:
        """Some items of each batch operation: they share a portion."""
        for entry in batches:
            for _ in range(self._items_left(entry[2], max(1, BATCH_PORTION // len(batches)))):
                yield entry, RunBatch(entry[2])

    def _items_left(self, key: int, most: int) -> int:
        """Of a batch operation on this partition; `most` when there are as many, or more."""
        self.load_root(key)
        part = self.batch_parts[key]
        left = -part.offset
        for number in range(part.chunk, part.chunks):
            left += len(self.batch_chunks[(key, number)].items)
            if left >= most:
                return most
        return left

    def next_due(self) -> int | None:
        if self.rests.rows:
            return 0
        entry = self.due_queue.first()
        return None if entry is None else entry[0]

    def _due_command(self, kind: int, key: int, owner: Any) -> Command:
        if kind == Due.JOB_TIMEOUT:
            return TimeOutJob(key)
        if kind == Due.JOB_BACKOFF:
            return RecurJob(key)
        if kind == Due.TIMER:
            return TriggerTimer(key, owner)
        return ExpireMessage(key, owner)

    def _read_due(self, after: DueEntry | None, limit: int) -> list[DueEntry]:
        beyond = None if after is None else layout.due(*after[:3])
        found = self.rows.scan(layout.DUE, after=beyond, limit=limit)
        return [(*layout.due_parts(address), _decode_owner(row)) for address, row in found]

    # --- turns -------------------------------------------------------------------------------------

    def undo(self, mark: int) -> None:
        """Take back every change since the journal had `mark` entries."""
        journal = self.journal
        while len(journal) > mark:
            table, key, old = journal.pop()
            table.restore(key, old)

    def set_lock(self, tenant: str, process_id: str, key: str, instance: int | None) -> None:
        name = (tenant, process_id, key)
        self.journal.append((_Locks(self), name, self.lock(*name)))
        self.locks[name] = instance
        self.changed_locks.add(name)

    # --- disk --------------------------------------------------------------------------------------

    def recover(self) -> None:
        """Read what is always in memory: scalars, definitions, and the heads of the queues."""
        row = self.rows.get(layout.SCALARS)
        if row is not None:
            scalars = _decode_scalars(row)
            self.position = scalars.position
            self.next_key = scalars.next_key
            self.timestamp = scalars.timestamp
            self.pinned = scalars.pinned
        for address, row in self.rows.scan(layout.PARTITION):
            self.shared_tables[address[1]].load(row)
        self.load_root(SHARED_ROOT)
        self.due_queue.recover()

    def drain(self) -> tuple[list[tuple[bytes, bytes]], list[bytes]]:
        """What changed since the last drain, as rows to put and keys to delete."""
        assert not self.unsigned.rows, "a binding is signed before it is stored"
        puts: list[tuple[bytes, bytes]] = []
        deletes: list[bytes] = []
        for table in self.all_tables():
            if table.changed:
                table.drain(puts, deletes, _locate)
        self._drain_queues(puts, deletes)
        scalars = Scalars(self.position, self.next_key, self.timestamp, self.pinned)
        puts.append((layout.SCALARS, encode(scalars)))
        return puts, deletes

    def evict(self, limit: int) -> None:
        """Drop the instances that were not touched for longest, down to `limit`. Right after drain."""
        while len(self.resident) > limit:
            root, _ = self.resident.popitem(last=False)
            if root == SHARED_ROOT:
                self.resident[root] = None
                continue
            self._forget(root)
        while len(self.resident_correlations) > limit:
            correlation, _ = self.resident_correlations.popitem(last=False)
            for message in self.messages.of(correlation):
                for name in self.taken.of(message):
                    self.taken.forget(name)
                self.messages.forget(message)
            for key in self.message_subscriptions.of(correlation):
                self.message_subscriptions.forget(key)
        if len(self.locks) > limit:
            self.locks.clear()
        while len(self.beginnings.rows) > limit:
            self.beginnings.forget(next(iter(self.beginnings.rows)))

    def table_rows(self) -> Iterator[tuple[int, Any, Any]]:
        """Every row in memory as (table, key, row): what the replay law compares."""
        for table in self.all_tables():
            for key, row in table.rows.items():
                yield table.number, key, row

    def _forget(self, root: int) -> None:
        """Drop all rows of an instance: each hangs on an element instance, the root first."""
        waiting = [root]
        while waiting:
            key = waiting.pop()
            waiting.extend(self.elements.of(key))
            for table in self.owned_tables.values():
                if table is not self.elements:
                    for row_key in table.of(key):
                        table.forget(row_key)
            self.instances.forget(key)
            self.elements.forget(key)

    def _drain_queues(self, puts: list[tuple[bytes, bytes]], deletes: list[bytes]) -> None:
        if self.due_queue.changed:
            self.due_queue.drain(
                lambda entry: puts.append((layout.due(*entry[:3]), encode(entry[3]))),
                lambda entry: deletes.append(layout.due(*entry[:3])),
            )
        prefixes = ((self.ready, layout.ready_prefix), (self.listening, layout.listening_prefix))
        for queues, prefix_of in prefixes:
            for (tenant, named), queue in queues.items():
                if not queue.changed:
                    continue
                prefix = prefix_of(tenant, named)
                queue.drain(
                    lambda entry, prefix=prefix: puts.append(  # type: ignore[misc]
                        (prefix + layout.pack_key(entry[0]), layout.pack_key(entry[1]))
                    ),
                    lambda entry, prefix=prefix: deletes.append(  # type: ignore[misc]
                        prefix + layout.pack_key(entry[0])
                    ),
                )
        for name in self.changed_locks:
            instance = self.locks[name]
            if instance is None:
                deletes.append(layout.lock(*name))
            else:
                puts.append((layout.lock(*name), layout.pack_key(instance)))
        self.changed_locks.clear()


class _Locks:
    """How the journal undoes a lock."""

    __slots__ = ("state",)

    def __init__(self, state: State) -> None:
        self.state = state

    def restore(self, name: tuple[str, str, str], old: int | None) -> None:
        self.state.locks[name] = old


class _Pin:
    """How the journal undoes a pinned clock."""

    __slots__ = ("state",)

    def __init__(self, state: State) -> None:
        self.state = state

    def restore(self, _: None, old: int) -> None:
        self.state.pinned = old


def _locate(key: Any, row: Any) -> tuple[bytes, bytes]:
    return layout.locator(cast(int, key)), layout.pack_key(row.root)
