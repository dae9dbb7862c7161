"""`remit.Engine`: a whole partition in your own process, with a clock that you move.

Commands are played one at a time, each durable (in memory, or on a file) before it returns. What is
due is played when the clock moves past it, or when `run_due` is called.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

from remit.base.errors import Fault
from remit.embedded.finding import running_roots
from remit.engine.governance import Governor
from remit.engine.state.state import State
from remit.engine.step import step
from remit.engine.turn import Answer, Request, Turn
from remit.identity.principal import Access
from remit.partition.log import Chain, Logged, read_turns
from remit.partition.storage.contract import Batch, Store
from remit.partition.storage.memory import MemoryStore
from remit.partition.storage.sqlite import SqliteStore
from remit.protocol import commands as c
from remit.protocol.events import Event
from remit.protocol.replies import (
    Deployed,
    Done,
    InstanceCompleted,
    InstanceCreated,
    InstancesStarted,
    JobsActivated,
    MessagePublished,
    PolicyShown,
    Rejected,
    Reply,
    RevocationsShown,
    SignalBroadcast,
)
from remit.protocol.values import (
    NONE_KEY,
    ActivatedJob,
    ActivateInstruction,
    Actor,
    AdHocActivation,
    BatchItem,
    BatchPlan,
    Document,
    Header,
    MappingInstruction,
    MoveInstruction,
    StartInstruction,
    TerminateAfter,
    TerminateInstruction,
)

R = TypeVar("R", bound=Reply)

RESIDENT_INSTANCES = 10_000
"""Instances kept in memory; the others are on disk and come back when something touches them."""


class Refused(Fault):
    """A command was refused. `reply` is what a client would have got."""

    def __init__(self, reply: Rejected) -> None:
        super().__init__(reply.text)
        self.reply = reply


class Engine:
    """An embedded engine. Not thread-safe: one thread at a time.

    `path` None keeps everything in memory; otherwise a folder that holds the partition's file.
    `clock` gives epoch milliseconds; by default time stands still at the start of the engine until
    `advance` moves it. `actor` is who asks; `governor` is what policies are checked and bound with;
    `access` says whether tenants and authorizations count.
    """

    def __init__(
        self,
        path: str | Path | None = None,
        *,
        clock: Callable[[], int] | None = None,
        actor: Actor = Actor(),  # noqa: B008  (immutable)
        governor: Governor | None = None,
        access: Access | None = None,
    ) -> None:
        self._store: Store = MemoryStore() if path is None else SqliteStore.open(Path(path), 1)
        self._epoch = self._store.acquire("embedded")
        self._chain = Chain.of(self._store.recover())
        self.state = State(1, 1, self._store)
        self.state.recover()
        self.state.governor = governor
        self.state.access = access
        self._offset = 0
        self._start = int(time.time() * 1000)
        self._clock = clock
        self._actor = actor
        self._broken_glass = ""
        self._requests = 0
        self._answers: dict[str, Reply] = {}

    @contextmanager
    def acting_as(self, actor: Actor) -> Iterator[None]:
        """Somebody else asks, for a while."""
        before, self._actor = self._actor, actor
        try:
            yield
        finally:
            self._actor = before

    @contextmanager
    def breaking_glass(self, reason: str) -> Iterator[None]:
        """Whoever asks says why this is an emergency, for a while; refused without the right to."""
        before, self._broken_glass = self._broken_glass, reason
        try:
            yield
        finally:
            self._broken_glass = before

    # --- time --------------------------------------------------------------------------------------

    @property
    def now(self) -> int:
        """Epoch milliseconds, as the engine sees it."""
        base = self._start if self._clock is None else self._clock()
        return self.state.now(base + self._offset)

    def advance(self, *, milliseconds: int = 0, seconds: float = 0) -> None:
        """Move the clock forward, playing everything due on the way in order of time."""
        target = self.now + milliseconds + round(seconds * 1000)
        while True:
            due = self.state.next_due()
            if due is None or due > target:
                break
            self._offset += max(0, due - self.now)
            self.run_due()
        self._offset += max(0, target - self.now)

    def run_due(self) -> int:
        """Play what is due now; returns how many commands that took."""
        played = 0
        while due := self.state.due(self.now, 100):
            for entry, command in due:
                turn = self._play(command)
                played += 1
                if isinstance(turn.reply, Rejected) and not turn.events:
                    self.state.due_queue.set_aside(entry)
        return played

    # --- definitions -------------------------------------------------------------------------------

    def deploy(self, *resources: str | Path | tuple[str, bytes]) -> Deployed:
        """Deploy files, or (name, content) pairs: all of them or none."""
        pairs = tuple(
            each if isinstance(each, tuple) else (Path(each).name, Path(each).read_bytes())
            for each in resources
        )
        return self.execute(c.DeployResources(pairs), Deployed)

    # --- instances ---------------------------------------------------------------------------------

    def create(
        self,
        process_id: str,
        variables: Mapping[str, Any] | None = None,
        *,
        version: int = -1,
        start: Sequence[str] = (),
        end_after: Sequence[str] = (),
    ) -> InstanceCreated:
        """`start` are elements to begin at instead of the start event, `end_after` ends it early."""
        command = c.CreateInstance(
            process_id=process_id, version=version, variables=dict(variables or {}),
            start=tuple(StartInstruction(each) for each in start),
            terminate_after=tuple(TerminateAfter(each) for each in end_after),
        )  # fmt: skip
        return self.execute(command, InstanceCreated)

    def create_with_result(
        self, process_id: str, variables: Mapping[str, Any] | None = None
    ) -> Document:
        """The variables of an instance that completes without waiting for anybody."""
        command = c.CreateInstance(
            process_id=process_id, variables=dict(variables or {}), await_result=True
        )
        return self.execute(command, InstanceCompleted).variables

    def cancel(self, key: int) -> Done:
        return self.execute(c.CancelInstance(key), Done)

    def suspend(self, key: int) -> Done:
        """Hold an instance, with all it has called: nothing goes on in it until `resume`."""
        return self.execute(c.SuspendInstance(key), Done)

    def resume(self, key: int) -> Done:
        """Let a suspended instance go on; what came due meanwhile happens with the next `run_due`."""
        return self.execute(c.ResumeInstance(key), Done)

    def modify(
        self,
        key: int,
        *,
        activate: Sequence[ActivateInstruction | str] = (),
        terminate: Sequence[TerminateInstruction | int] = (),
        move: Sequence[MoveInstruction] = (),
    ) -> Done:
        """Place tokens at elements, end element instances by key, move tokens; all or nothing."""
        command = c.ModifyInstance(
            key,
            tuple(
                ActivateInstruction(each) if isinstance(each, str) else each for each in activate
            ),
            tuple(
                TerminateInstruction(each) if isinstance(each, int) else each for each in terminate
            ),
            tuple(move),
        )
        return self.execute(command, Done)

    def activate_ad_hoc(
        self,
        key: int,
        *elements: AdHocActivation | str,
        cancel_remaining: bool = False,
    ) -> Done:
        """Begin elements of the ad-hoc sub-process instance with this key; all of them or none."""
        wanted = (AdHocActivation(each) if isinstance(each, str) else each for each in elements)
        return self.execute(c.ActivateAdHoc(key, tuple(wanted), cancel_remaining), Done)

    def instances(
        self,
        process_id: str = "",
        *,
        has_incident: bool | None = None,
        is_suspended: bool | None = None,
    ) -> tuple[int, ...]:
        """Keys of the root process instances that run, oldest first: all, or those that are such."""
        found = running_roots(self._store, self.state, process_id, has_incident, is_suspended)
        return tuple(found)

    def batch(self, plan: BatchPlan, items: Sequence[BatchItem | int]) -> Done:
        """Do `plan` to many: to instances by key, or to incidents. It is done as what is due is."""
        every = tuple(
            each if isinstance(each, BatchItem) else BatchItem(each, each) for each in items
        )
        return self.execute(c.CreateBatch(plan, every), Done)

    def steer_batch(self, key: int, action: str) -> Done:
        """`action`: "cancel", "suspend" or "resume"."""
        return self.execute(c.SteerBatch(key, action), Done)

    def delete_history(self, key: int) -> Done:
        """Forget an ended instance, in everything that can be searched."""
        return self.execute(c.DeleteInstanceHistory(key), Done)

    def set_variables(
        self, element_key: int, variables: Mapping[str, Any], *, local: bool = False
    ) -> Done:
        return self.execute(c.SetVariables(element_key, dict(variables), local), Done)

    def resolve_incident(self, key: int) -> Done:
        return self.execute(c.ResolveIncident(key), Done)

    # --- work --------------------------------------------------------------------------------------

    def activate(
        self,
        job_type: str,
        *,
        limit: int = 1,
        timeout_ms: int = 60_000,
        worker: str = "embedded",
        fetch_variables: Sequence[str] = (),
    ) -> tuple[ActivatedJob, ...]:
        command = c.ActivateJobs(job_type, worker, timeout_ms, limit, tuple(fetch_variables))
        return self.execute(command, JobsActivated).jobs

    def complete(
        self,
        job_key: int,
        variables: Mapping[str, Any] | None = None,
        *,
        result: Mapping[str, Any] | None = None,
    ) -> Done:
        """`result` is what a listener or an ad-hoc worker says, by the names of the REST API."""
        said = None if result is None else dict(result)
        return self.execute(c.CompleteJob(job_key, dict(variables or {}), said), Done)

    def fail(self, job_key: int, *, retries: int, message: str = "", backoff_ms: int = 0) -> Done:
        return self.execute(c.FailJob(job_key, retries, message, backoff_ms), Done)

    def throw_error(
        self,
        job_key: int,
        code: str,
        message: str = "",
        variables: Mapping[str, Any] | None = None,
    ) -> Done:
        return self.execute(c.ThrowError(job_key, code, message, dict(variables or {})), Done)

    def assign_user_task(
        self, key: int, assignee: str, *, allow_override: bool = True, action: str = ""
    ) -> Done | None:
        """Give a task to somebody, or with "" take it back. None: its listeners are asked first."""
        asked = c.AssignUserTask if allow_override else c.ClaimUserTask
        return self._attempt(asked(key, assignee, action))

    def update_user_task(self, key: int, changes: Mapping[str, Any]) -> Done | None:
        """Change attributes by the names of the REST API. None: its listeners are asked first."""
        return self._attempt(c.UpdateUserTask(key, dict(changes)))

    def complete_user_task(
        self, key: int, variables: Mapping[str, Any] | None = None, *, action: str = ""
    ) -> Done | None:
        """A person is done with the task. None: its listeners are asked first."""
        return self._attempt(c.CompleteUserTask(key, dict(variables or {}), action))

    def publish(
        self,
        name: str,
        correlation_key: str = "",
        variables: Mapping[str, Any] | None = None,
        *,
        time_to_live_ms: int = 0,
        message_id: str = "",
    ) -> MessagePublished:
        command = c.PublishMessage(
            name, correlation_key, time_to_live_ms, message_id, dict(variables or {})
        )
        return self.execute(command, MessagePublished)

    def evaluate_conditional(
        self, variables: Mapping[str, Any], *, definition: int = NONE_KEY
    ) -> InstancesStarted:
        """Start an instance for each conditional start event that holds over these variables."""
        return self.execute(c.EvaluateConditional(definition, dict(variables)), InstancesStarted)

    # --- policies ----------------------------------------------------------------------------------

    def renew_policy(self, key: int, successor: str) -> Done:
        """The signed successor of a grant takes its place in an instance."""
        return self.execute(c.RenewPolicy(key, successor), Done)

    def reanchor(self, key: int, statement: str) -> Done:
        """Lift the trust in an instance's data, by a signed statement."""
        return self.execute(c.ReanchorTrust(key, statement), Done)

    def show_policy(self, key: int) -> PolicyShown:
        return self.execute(c.ShowPolicy(key), PolicyShown)

    def revocations(self) -> tuple[str, ...]:
        """The signed lists that are in force."""
        return self.execute(c.ShowRevocations(), RevocationsShown).lists

    def revoke(self, token: str) -> Done:
        """Take a signed list of revocations."""
        return self.execute(c.ChangeRevocations(token), Done)

    # --- any command -------------------------------------------------------------------------------

    def broadcast(self, name: str, variables: Mapping[str, Any] | None = None) -> SignalBroadcast:
        """Tell everybody who listens to this signal now."""
        return self.execute(c.BroadcastSignal(name, dict(variables or {})), SignalBroadcast)

    def migrate(self, key: int, target: int, mapping: Mapping[str, str]) -> Done:
        """Let an instance go on in another definition; `mapping` says where each active element goes."""
        instructions = tuple(MappingInstruction(*each) for each in mapping.items())
        return self.execute(c.MigrateInstance(key, target, instructions), Done)

    def delete_resource(self, key: int) -> Done:
        """Nothing new is made of this definition; what runs goes on."""
        return self.execute(c.DeleteResource(key), Done)

    def execute(self, command: c.Command, expected: type[R]) -> R:
        """Play any command and return its reply; raises `Refused` when it is rejected."""
        self._requests += 1
        request_id = str(self._requests)
        reply = self._play(command, request_id).reply or self._answers.pop(request_id, None)
        if isinstance(reply, Rejected):
            raise Refused(reply)
        if not isinstance(reply, expected):
            raise Fault(f"the command was taken, but it is not answered yet: {reply!r}")
        return reply

    def _attempt(self, command: c.Command) -> Done | None:
        """Like `execute`, but the answer may come later, when others have been asked."""
        self._requests += 1
        request_id = str(self._requests)
        reply = self._play(command, request_id).reply
        if isinstance(reply, Rejected):
            raise Refused(reply)
        assert reply is None or isinstance(reply, Done)
        return reply

    def turns(self) -> Iterator[Logged]:
        """The whole log, turn by turn."""
        return read_turns(self._store)

    def events(self) -> Iterator[Event]:
        for turn in self.turns():
            yield from turn.events

    def close(self) -> None:
        self._store.close()

    def __enter__(self) -> Engine:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _play(self, command: c.Command, request_id: str = "") -> Turn:
        header = Header(actor=self._actor, request_id=request_id, broken_glass=self._broken_glass)
        turn = step(self.state, Request(command, header), self.now)
        turns = [turn]
        while rests := self.state.rests_to_play():
            for rest in rests:
                turns.append(step(self.state, Request(rest), self.now))
        if self.state.unsigned.rows:
            turns.append(step(self.state, Request(c.SignPolicies()), self.now))
        for each in turns:
            for effect in each.effects:
                if isinstance(effect, Answer):
                    self._answers[effect.request_id] = effect.reply
        self._keep(turns)
        return turn

    def _keep(self, turns: Sequence[Turn]) -> None:
        """Store these turns as one batch."""
        puts, deletes = self.state.drain()
        self._store.stage(Batch(puts, deletes, self._chain.seal(turns), self._epoch))
        self._store.sync()
        self.state.evict(RESIDENT_INSTANCES)
