"""The turn loop of one partition.

    ask ─▶ inbox ─▶ tick: step each ─▶ stage the batch ─▶ sync (a thread) ─▶ release
                      ▲                                        │
                      └──── the next batch is stepped while ◀──┘

Everything but `sync` runs on one event loop. Turns of the next batch are played on state that is not
yet durable; their batch is staged when the one before is. Nobody sees an effect before it is durable.
When a commit fails everything since the last durable one is thrown away, answered with `Unavailable`,
and once the store takes writes again memory is read from it; until then the partition is blocked.
"""

from __future__ import annotations

import asyncio
import logging
import time
import uuid
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from msgspec.structs import replace

from remit.base.errors import Overloaded, Unavailable
from remit.engine.faults import Busy
from remit.engine.governance import Governor
from remit.engine.identity import snapshot
from remit.engine.state.state import State
from remit.engine.step import step
from remit.engine.turn import Answer, IdentityChanged, JobsAvailable, Request, Send, Turn
from remit.identity.directory import Snapshot
from remit.identity.principal import Access
from remit.partition import overlay as overlays
from remit.partition.client import Asker, JobStream, PartitionStatus, may_be_answered_late
from remit.partition.log import Chain
from remit.partition.metrics import Metrics
from remit.partition.outbox import Outbox, Parcel
from remit.partition.pressure import Pressure
from remit.partition.storage.contract import Batch, Fenced, Store, StoreFull
from remit.partition.streams import REST_SECONDS, Open, Streams
from remit.protocol.commands import ActivateJobs, Command, RunBatch, SignPolicies, YieldJob
from remit.protocol.replies import JobsActivated, Rejected, Reply
from remit.protocol.values import ActivatedJob, Header

log = logging.getLogger("remit.partition")

BATCH_SECONDS = 0.010
"""A batch is closed after this much work, so that the first of it does not wait for the last."""

LONGEST_BATCH_SECONDS = 0.020
"""And after this long: where partitions share processors, work takes longer than its own time."""

BATCH_COMMANDS = 1000
RESIDENT = 20_000
"""Instances kept in memory; what waits longer than these is on disk."""

GATHER_SECONDS = 0.006
"""How long requests gather while the batch before them is on its way to the disk: a commit costs the
same for one as for a hundred. Where nothing is on its way the first one does not wait."""

DUE_AT_ONCE = 200
SLOW_TURN_SECONDS = 0.020
"""A turn that takes longer holds up everybody: it is counted and logged."""

RETRY_SECONDS = 1.0
"""How long to wait before a store that failed is tried again."""

STOPPING = "this broker is stopping"
NO_ROOM = "no room is left on the disk: nothing can be stored until there is"

Deliver = Callable[[int, int, Sequence[Parcel]], None]
"""(destination, source, parcels): hands parcels to another partition."""

Acknowledge = Callable[[int, int, int], None]
"""(source, by, sequence): tells a source what has been applied."""


@dataclass(slots=True)
class _Waiting:
    """A request in the inbox. `asker` None: nobody waits for the answer."""

    request: Request
    asker: Asker | None
    since: float


@dataclass(slots=True)
class _InFlight:
    """A batch that was stepped: what to store, and what to let go when that is durable.

    `since` is when its stepping began, `oldest` when the first of its requests came; `asked` are all
    who sent one, those included whose answer comes with a later batch.
    """

    since: float
    oldest: float
    asked: list[Asker] = field(default_factory=list)
    turns: list[Turn] = field(default_factory=list)
    answers: list[tuple[Asker, Reply]] = field(default_factory=list)
    late: list[Answer] = field(default_factory=list)
    pushes: list[tuple[Open, ActivatedJob]] = field(default_factory=list)
    available: set[tuple[str, str]] = field(default_factory=set)
    identity: Snapshot | None = None
    parcels: dict[int, list[Parcel]] = field(default_factory=dict)
    acknowledge: dict[int, int] = field(default_factory=dict)
    puts: list[tuple[bytes, bytes]] = field(default_factory=list)
    deletes: list[bytes] = field(default_factory=list)
    laid: overlays.Batch = field(default_factory=dict)


class PartitionLoop:
    """One partition, led by this process. Implements `PartitionClient`."""

    def __init__(
        self,
        partition: int,
        partitions: int,
        store: Store,
        *,
        deliver: Deliver | None = None,
        acknowledge: Acknowledge | None = None,
        clock: Callable[[], float] = time.time,
        governor: Governor | None = None,
        access: Access | None = None,
    ) -> None:
        self.id = partition
        self._governor = governor
        self._access = access
        self.partitions = partitions
        self.metrics = Metrics()
        self._store = store
        self._clock = clock
        self._deliver = deliver
        self._acknowledge = acknowledge
        self._epoch = store.acquire(str(uuid.uuid4()))
        self._pressure = Pressure()
        self._streams = Streams()
        self._watchers: list[Callable[[str, str], None]] = []
        self._identity_watchers: list[Callable[[Snapshot], None]] = []
        self._inbox: deque[_Waiting] = deque()
        self._mail: deque[tuple[int, Sequence[Parcel]]] = deque()
        self._gone: list[tuple[int, int]] = []
        self._late: dict[str, Asker] = {}
        self._run = uuid.uuid4().hex[:12]
        self._requests = 0
        self._current: _InFlight | None = None  # being made durable
        self._next: _InFlight | None = None  # stepped, waits for its turn
        self._is_scheduled = False
        self._gathering: asyncio.TimerHandle | None = None
        self._alarm: asyncio.TimerHandle | None = None
        self._is_leader = True
        self._blocked: Unavailable | None = None  # why nothing can be stored now
        self._is_stopping = False
        self._is_closed = False
        self._busy: list[_Waiting] = []
        self._syncer = ThreadPoolExecutor(1, thread_name_prefix=f"sync-{partition}")
        self._loop = asyncio.get_running_loop()
        self._reload()
        self._schedule()

    # --- the client's side -------------------------------------------------------------------------

    def ask(self, command: Command, header: Header) -> asyncio.Future[Reply]:
        future: asyncio.Future[Reply] = self._loop.create_future()
        request_id = self.take(command, header, future)
        if request_id in self._late:
            future.add_done_callback(lambda _: self._late.pop(request_id, None))
        return future

    def take(self, command: Command, header: Header, asker: Asker) -> str:
        """Name the request; `asker` is told the reply once it is durable. Raises as `ask` does."""
        self._refuse_if_unfit(command)
        self._requests += 1
        request_id = f"{self._run}-{self._requests}"
        request = Request(command, replace(header, request_id=request_id))
        if may_be_answered_late(command):
            self._late[request_id] = asker
        self._pressure.in_flight += 1
        self._inbox.append(_Waiting(request, asker, time.perf_counter()))
        self._schedule()
        return request_id

    def open_stream(
        self, stream: JobStream, push: Callable[[ActivatedJob], None]
    ) -> Callable[[], None]:
        close = self._streams.open(stream, push)
        self._schedule()
        return close

    def watch_jobs(self, notify: Callable[[str, str], None]) -> Callable[[], None]:
        self._watchers.append(notify)
        return lambda: self._watchers.remove(notify)

    def watch_identity(self, notify: Callable[[Snapshot], None]) -> Callable[[], None]:
        self._identity_watchers.append(notify)
        notify(snapshot(self.state))
        return lambda: self._identity_watchers.remove(notify)

    def status(self) -> PartitionStatus:
        return PartitionStatus(
            self.id, self._is_leader, self._blocked is None, self.state.position,
            self._pressure.in_flight,
        )  # fmt: skip

    def counters(self) -> Mapping[str, float]:
        return self.metrics.snapshot()

    async def stop(self) -> None:
        """Refuse what comes, finish what is there, and close the store."""
        self._is_stopping = True
        while self._inbox or self._next is not None or self._current is not None:
            if not self._may_play():
                break
            await asyncio.sleep(0.005)
        self._is_closed = True
        self._refuse_inbox(Unavailable(STOPPING))
        self._refuse_late(Unavailable(STOPPING))
        if self._alarm is not None:
            self._alarm.cancel()
        await self._loop.run_in_executor(None, self._syncer.shutdown)
        self._store.close()

    # --- other partitions --------------------------------------------------------------------------

    def receive(self, source: int, parcels: Sequence[Parcel]) -> None:
        """Parcels of another partition: applied in order, each once, and then acknowledged."""
        self._mail.append((source, parcels))
        self._schedule()

    def acknowledged(self, destination: int, sequence: int) -> None:
        """`destination` has applied everything up to `sequence`."""
        self._gone.append((destination, sequence))
        self._schedule()

    def resend(self) -> None:
        """Offer everything again that is durable and that nobody has acknowledged."""
        if self._deliver is not None and self._may_play():
            for destination in self._outbox.destinations:
                self._deliver(destination, self.id, self._outbox.pending(destination))

    # --- the loop ----------------------------------------------------------------------------------

    def _schedule(self) -> None:
        if not self._is_scheduled:
            self._is_scheduled = True
            if self._current is None:
                self._loop.call_soon(self._tick)
            else:
                self._gathering = self._loop.call_later(GATHER_SECONDS, self._tick)

    def _gathered(self) -> None:
        """The disk is free: what has come meanwhile is played now."""
        if self._gathering is not None:
            self._gathering.cancel()
            self._gathering = None
            self._is_scheduled = False
        self._schedule()

    def _tick(self) -> None:
        self._is_scheduled = False
        self._gathering = None
        if not self._may_play():
            return
        if self._next is not None:
            return  # one batch is on its way, one is stepped: the disk sets the pace
        began = time.perf_counter()
        batch = _InFlight(began, began)
        try:
            self._step_batch(batch)
            if batch.turns or batch.puts or batch.deletes or batch.acknowledge:
                self._drain(batch)
        except Exception as fault:
            self._spoiled(batch, fault)
            return
        if batch.turns or batch.puts or batch.deletes or batch.acknowledge:
            if self._current is None:
                self._write(batch)
            else:
                self._next = batch
        self._set_alarm()
        if self._inbox and self._next is None:
            self._schedule()

    def _may_play(self) -> bool:
        return self._is_leader and self._blocked is None and not self._is_closed

    def _step_batch(self, batch: _InFlight) -> None:
        """Play what waits: mail first, then what is due, then requests, until the batch is full.

        Policies that were bound are signed before streams take jobs.
        """
        began, worked = batch.since, time.thread_time()
        now = self.state.now(int(self._clock() * 1000))
        self._forget_acknowledged(batch)
        self._step_mail(batch, now)
        self._step_due(batch, now)
        inbox = self._inbox
        while inbox and len(batch.turns) < BATCH_COMMANDS:
            waiting = inbox.popleft()
            self._play_request(batch, waiting, now)
            if _is_over(began, worked):
                break
        if self.state.unsigned.rows:
            self._play(batch, Request(SignPolicies()), now)
        self._feed_streams(batch, now)
        inbox.extend(self._busy)
        self._busy.clear()
        self.metrics.stepped(len(batch.turns), time.perf_counter() - began)

    def _play_request(self, batch: _InFlight, waiting: _Waiting, now: int) -> None:
        """One turn for somebody; when its root is busy it waits for the next batch."""
        asker = waiting.asker
        if asker is not None:
            batch.asked.append(asker)
        try:
            turn = self._play(batch, waiting.request, now)
        except Busy:
            if asker is not None:
                batch.asked.pop()
            waiting.since = time.perf_counter()  # its root keeps it waiting, not the partition
            self._busy.append(waiting)
            return
        batch.oldest = min(batch.oldest, waiting.since)
        if asker is not None and turn.reply is not None:
            batch.answers.append((asker, turn.reply))
            self._late.pop(waiting.request.header.request_id, None)

    def _play(self, batch: _InFlight, request: Request, now: int) -> Turn:
        """One turn; raises `Busy` when its root has a rest to play first."""
        began = time.perf_counter()
        turn = step(self.state, request, now)
        seconds = time.perf_counter() - began
        if seconds > SLOW_TURN_SECONDS:
            self.metrics.slow_turns += 1
            name = type(request.command).__name__
            log.warning("slow turn", extra={"command": name, "milliseconds": round(seconds * 1000)})
        self._collect(batch, turn)
        return turn

    def _collect(self, batch: _InFlight, turn: Turn) -> None:
        batch.turns.append(turn)
        if isinstance(turn.reply, Rejected):
            self.metrics.rejected += 1
        for effect in turn.effects:
            if isinstance(effect, JobsAvailable):
                batch.available.add((effect.type, effect.tenant))
                self._streams.wake(effect.type, effect.tenant)
            elif isinstance(effect, IdentityChanged):
                batch.identity = snapshot(self.state)
            elif isinstance(effect, Answer):
                batch.late.append(effect)
            elif isinstance(effect, Send):
                parcel, rows = self._outbox.post(effect.partition, effect.request)
                batch.puts.extend(rows)
                batch.parcels.setdefault(effect.partition, []).append(parcel)

    def _step_mail(self, batch: _InFlight, now: int) -> None:
        while self._mail and len(batch.turns) < BATCH_COMMANDS:
            source, parcels = self._mail.popleft()
            for request in self._outbox.accept(source, parcels):
                self._play_mail(batch, request, now)
            batch.puts.append(self._outbox.heard_row(source))
            batch.acknowledge[source] = self._outbox.heard(source)

    def _play_mail(self, batch: _InFlight, request: Request, now: int) -> None:
        """Mail counts as heard from here on, so a busy root's rest is played before it."""
        while True:
            try:
                self._play(batch, request, now)
            except Busy:
                for rest in self.state.rests_to_play():
                    self._play(batch, Request(rest), now)
            else:
                return

    def _step_due(self, batch: _InFlight, now: int) -> None:
        """Rests first, one turn of each: a long step shares the partition with everybody else."""
        for rest in self.state.rests_to_play():
            self._play(batch, Request(rest), now)
        until: float | None = None
        for entry, command in self.state.due(now, DUE_AT_ONCE):
            if isinstance(command, RunBatch):  # they are last, and take no longer than the inbox
                until = until or time.perf_counter() + BATCH_SECONDS
                if time.perf_counter() > until:
                    return
            try:
                turn = self._play(batch, Request(command), now)
            except Busy:
                continue
            if isinstance(turn.reply, Rejected) and not turn.events:
                self.state.due_queue.set_aside(entry)
                log.error("due command is refused and set aside", extra={"reason": turn.reply.text})

    def _feed_streams(self, batch: _InFlight, now: int) -> None:
        """Jobs go to the streams that want them, in the same batch that made them."""
        deadline = time.perf_counter() + BATCH_SECONDS
        for job_type, tenant in self._streams.wanted():
            while self.state.has_jobs(job_type, tenant):
                if time.perf_counter() > deadline:
                    return  # the tick after this batch goes on
                chosen = self._streams.next(job_type, tenant, time.perf_counter())
                if chosen is None:
                    break
                stream = chosen.stream
                command = ActivateJobs(
                    job_type, stream.worker, stream.timeout, self._streams.share(job_type, tenant),
                    stream.fetch_variables, (tenant,),
                )  # fmt: skip
                header = Header(actor=stream.actor)
                turn = self._play(batch, Request(command, header), now)
                if not isinstance(turn.reply, JobsActivated) or not turn.reply.jobs:
                    chosen.rests_until = time.perf_counter() + REST_SECONDS
                    self._loop.call_later(REST_SECONDS, self._schedule)
                    continue
                batch.pushes.extend((chosen, job) for job in turn.reply.jobs)

    def _forget_acknowledged(self, batch: _InFlight) -> None:
        for destination, sequence in self._gone:
            batch.deletes.extend(self._outbox.acknowledged(destination, sequence))
        self._gone.clear()

    # --- durability --------------------------------------------------------------------------------

    def _drain(self, batch: _InFlight) -> None:
        began = time.perf_counter()
        puts, deletes = self.state.drain()
        batch.puts.extend(puts)
        batch.deletes.extend(deletes)
        batch.laid = self._overlay.add(batch.puts, batch.deletes)
        self.state.evict(RESIDENT)
        self.metrics.encode_seconds += time.perf_counter() - began

    def _write(self, batch: _InFlight) -> None:
        """Stage the batch here, make it durable on the other thread."""
        self._current = batch
        began = time.perf_counter()
        sealed = self._chain.seal(batch.turns) if batch.turns else None
        staging = time.perf_counter()
        try:
            self._store.stage(Batch(batch.puts, batch.deletes, sealed, self._epoch))
        except Unavailable as fault:
            self._failed(fault)
            return
        self.metrics.encode_seconds += staging - began
        self.metrics.store_seconds += time.perf_counter() - staging
        future = self._syncer.submit(self._store.sync)
        future.add_done_callback(
            lambda done: self._loop.call_soon_threadsafe(self._synced, done.exception())
        )

    def _synced(self, fault: BaseException | None) -> None:
        batch = self._current
        if batch is None:
            return
        if fault is not None:
            self._failed(fault)
            return
        self._current = None
        self._overlay.drop(batch.laid)
        following, self._next = self._next, None
        if following is not None:
            self._write(following)
        self._release(batch)
        self._gathered()

    def _release(self, batch: _InFlight) -> None:
        """The batch is durable: now everybody may know."""
        self._pressure.in_flight -= len(batch.asked)
        if batch.identity is not None:
            self._tell_identity(batch.identity)
        for asker, reply in batch.answers:
            if not asker.done():
                asker.set_result(reply)
        for answer in batch.late:
            late = self._late.pop(answer.request_id, None)
            if late is not None and not late.done():
                late.set_result(answer.reply)
        for entry, job in batch.pushes:
            self._push(entry, job)
        for job_type, tenant in batch.available:
            for notify in tuple(self._watchers):
                notify(job_type, tenant)
        self._release_mail(batch)
        released = time.perf_counter()
        self._pressure.observe(released - batch.oldest)
        self.metrics.released(len(batch.turns), released - batch.since)

    def _tell_identity(self, told: Snapshot) -> None:
        for notify in tuple(self._identity_watchers):
            notify(told)

    def _release_mail(self, batch: _InFlight) -> None:
        for destination, parcels in batch.parcels.items():
            self._outbox.stored(destination, parcels[-1][0])
            if self._deliver is not None:
                self._deliver(destination, self.id, parcels)
        if self._acknowledge is not None:
            for source, sequence in batch.acknowledge.items():
                self._acknowledge(source, self.id, sequence)

    def _push(self, entry: Open, job: ActivatedJob) -> None:
        """To the worker; a job whose stream has closed, or breaks, is made activatable again."""
        if entry.is_open:
            try:
                entry.push(job)
            except Exception:
                log.exception("a job stream broke", extra={"partition": self.id})
                self._streams.forget(entry)
            else:
                return
        self.metrics.yielded += 1
        self._inbox.append(_Waiting(Request(YieldJob(job.job.key)), None, time.perf_counter()))

    # --- failure -----------------------------------------------------------------------------------

    def _failed(self, fault: BaseException) -> None:
        """A commit failed, or its outcome is unknown: nothing since the last durable one counts."""
        lost = [batch for batch in (self._current, self._next) if batch is not None]
        self._current = self._next = None
        said = fault if isinstance(fault, Unavailable) else Unavailable(str(fault))
        for batch in lost:
            self._disown(batch, said)
        log.error("commit failed", extra={"partition": self.id, "reason": str(fault)})
        if isinstance(fault, Fenced):
            self._step_down(said)
        else:
            self._block(said)

    def _spoiled(self, batch: _InFlight, fault: Exception) -> None:
        """A batch can't be finished: a row can't be read, or there is a bug. Memory is not trusted."""
        log.error("batch dropped", exc_info=fault, extra={"partition": self.id})
        said = fault if isinstance(fault, Unavailable) else Unavailable(f"internal error: {fault}")
        self._disown(batch, said)
        self._block(said)

    def _disown(self, batch: _InFlight, fault: Unavailable) -> None:
        """It never happened: everybody who asked for a part of it is told."""
        self._pressure.in_flight -= len(batch.asked)
        for asker in batch.asked:
            if not asker.done():
                asker.set_exception(fault)
        self._late = {key: asker for key, asker in self._late.items() if not asker.done()}

    def _block(self, fault: Unavailable) -> None:
        """Take nothing until the store can be written and read."""
        self._blocked = Overloaded(NO_ROOM) if isinstance(fault, StoreFull) else fault
        self._refuse_inbox(self._blocked)
        self._loop.call_later(RETRY_SECONDS, self._probe)

    def _probe(self) -> None:
        """Does the store take writes again? Then memory is read from it, and the partition goes on."""
        if self._is_closed or not self._is_leader:
            return
        if self._current is not None:  # its outcome decides what memory has to be
            self._loop.call_later(RETRY_SECONDS, self._probe)
            return
        try:
            self._store.stage(Batch(((b"?", bytes(4096)),), (), None, self._epoch))
            self._store.sync()
            self._store.stage(Batch((), (b"?",), None, self._epoch))
            self._store.sync()
            self._reload()
        except Fenced as fault:
            self._step_down(fault)
        except Unavailable as fault:
            self._block(fault)
        else:
            self._blocked = None
            log.info("the store takes writes again", extra={"partition": self.id})
            self._schedule()

    def _step_down(self, fault: Unavailable) -> None:
        self._is_leader = False
        self._refuse_inbox(fault)
        self._refuse_late(fault)

    def _refuse_late(self, fault: Unavailable) -> None:
        for asker in self._late.values():
            if not asker.done():
                asker.set_exception(fault)

    def _refuse_inbox(self, fault: Unavailable) -> None:
        for waiting in (*self._busy, *self._inbox):
            if waiting.asker is None:
                continue
            self._pressure.in_flight -= 1
            if not waiting.asker.done():
                waiting.asker.set_exception(fault)
        self._busy.clear()
        self._inbox.clear()

    def _refuse_if_unfit(self, command: Command) -> None:
        if self._is_stopping:
            raise Unavailable(STOPPING)
        if not self._is_leader:
            raise Unavailable(f"partition {self.id} is led by another broker")
        if self._blocked is not None:
            raise type(self._blocked)(str(self._blocked))
        if not self._pressure.admits(command):
            self.metrics.dropped += 1
            raise Overloaded(
                f"partition {self.id} has {self._pressure.in_flight} commands in flight, as many as "
                f"it can take: try again in a moment"
            )

    def _reload(self) -> None:
        """Memory as the store has it."""
        self._overlay = overlays.Overlay(self._store)
        self._chain = Chain.of(self._store.recover())
        self.state = State(self.id, self.partitions, self._overlay)
        self.state.governor = self._governor
        self.state.access = self._access
        self.state.recover()
        self._tell_identity(snapshot(self.state))
        self._outbox = Outbox(self._store)

    def _set_alarm(self) -> None:
        """Wake when the next thing is due."""
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        due = self.state.next_due()
        if due is not None:
            now = self.state.now(int(self._clock() * 1000))
            wait = max(0.0, (due - now) / 1000)
            self._alarm = self._loop.call_later(min(wait, 60.0), self._schedule)


def _is_over(began: float, worked: float) -> bool:
    """A batch has its time behind it that began at `began`, its thread having worked for `worked`."""
    passed = time.perf_counter() - began
    if passed < BATCH_SECONDS:
        return False
    return passed > LONGEST_BATCH_SECONDS or time.thread_time() - worked > BATCH_SECONDS
