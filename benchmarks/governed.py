"""What governance costs an engine: the same one-task process without and with a policy, in turn.

Rates are of the engine alone, in memory and on one core, the best of several rounds each, so that what
else runs on the machine weighs on all alike.
"""

from __future__ import annotations

import gc
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from benchmarks.brokers import tasks
from remit import Engine
from remit.audit.verifying import verify
from remit.authority import KeyRing, Signer
from remit.authority.derive import mint_grant
from remit.authority.policy import Clause, Grant, Holder, Subject
from remit.base.garbage import AFTER
from remit.engine.governance import POLICY, Governor
from remit.engine.state.state import State
from remit.engine.step import step
from remit.engine.turn import Request, Turn
from remit.partition.log import Chain
from remit.partition.storage.contract import Recovered
from remit.protocol import commands as c
from remit.protocol.events import Event
from remit.protocol.events.governance import Admission
from remit.protocol.replies import JobsActivated
from remit.protocol.values import Actor, Document, Header

INSTANCES, ROUNDS = 2_000, 5
BATCH = 100
ISSUER = "https://policy.example"
broker_key = b"b" * 32
office, broker = Signer("office", b"o" * 32), Signer("broker", broker_key)
RING = KeyRing([office.public("authority", iss=ISSUER), broker.public("holder")])
GOVERNOR = Governor(RING, broker)
HEADER = Header(actor=Actor("alice", "jwt"))


def order_policy(*variables: str) -> str:
    """A grant for a process of tasks of the type `work`, which may read and write these variables."""
    return mint_grant(
        Grant(
            v=1, typ="grant", jti="order", iss=ISSUER, rev=1, iat=0, nbf=0, exp=4_000_000_000,
            sub=Subject(tenant="<default>"), cnf=Holder(kids=("broker",)),
            allow=(
                Clause(id="A1", do=("instance.create", "element.enter", "flow.take", "job.create")),
                Clause(id="A2", do=("job.activate", "job.complete"), on={"jobType": {"eq": "work"}}),
                Clause(id="A3", do=("var.read", "var.write"), on={"varNames": {"sub": [*variables]}}),
            ),
            deny=(Clause(id="D1", do=("job.complete",), on={"retries": {"min": 10_000}}),),
        ),
        office,
    )  # fmt: skip


POLICY_OF_ALL = order_policy("x", "y")


class Cost(NamedTuple):
    """Per instance: µs of the engine, admissions, bytes of the sealed log and µs of sealing it."""

    microseconds: float
    admissions: float
    log_bytes: float
    sealing: float


class Share(NamedTuple):
    """What a policy adds, in µs of the engine and of sealing its log: to each step, to each instance."""

    per_step: float
    per_instance: float


def batch(
    state: State, now: int, given: Document, count: int, work: Document, tasks: int = 1
) -> list[Turn]:
    """The turns of one batch of a partition: so many instances, from beginning to end."""
    create = Request(c.CreateInstance(process_id="one", variables=given), HEADER)
    activate = Request(c.ActivateJobs("work", "w", 60_000, count), HEADER)
    turns = [step(state, create, now) for _ in range(count)]
    for _ in range(tasks):
        taken = step(state, activate, now)
        assert isinstance(taken.reply, JobsActivated)
        turns.append(taken)
        for job in taken.reply.jobs:
            turns.append(step(state, Request(c.CompleteJob(job.job.key, work), HEADER), now))
    if state.unsigned.rows:
        turns.append(step(state, Request(c.SignPolicies()), now))
    return turns


def play(engine: Engine, given: Document, count: int, work: Document, tasks: int = 1) -> Cost:
    """Batch after batch; what one instance costs."""
    state, now, chain = engine.state, engine.now, Chain.of(Recovered(0, b""))
    seconds, sealing, size, admissions = 0.0, 0.0, 0, 0
    for _ in range(count // BATCH):
        began = time.process_time()
        turns = batch(state, now, given, BATCH, work, tasks)
        state.drain()
        stepped = time.process_time()
        size += len(chain.seal(turns).body)
        seconds += stepped - began
        sealing += time.process_time() - stepped
        admissions += sum(_admissions(event) for turn in turns for event in turn.events)
    return Cost(seconds / count * 1e6, admissions / count, size / count, sealing / count * 1e6)


def _admissions(event: Event) -> int:
    """A worker's step has with it what it reads or brings."""
    return isinstance(event, Admission) + len(getattr(event, "also", ()))


def engine(governor: Governor | None, count: int = 1) -> Engine:
    """With a process `one` of so many tasks."""
    made = Engine(governor=governor)
    made.deploy(("one.bpmn", tasks("one", count)))
    return made


def costs(variables: Document, work: Document) -> dict[str, Cost]:
    """By name: without governance, beside a governed instance, and under a policy."""
    plain, beside, governed = engine(None), engine(GOVERNOR), engine(GOVERNOR)
    policed = {POLICY: [POLICY_OF_ALL], **variables}
    beside.create("one", policed)
    beside.activate("work")  # it stays, so that the table of governed instances is not empty
    cases = {
        "no governance": (plain, variables),
        "ungoverned, beside governed ones": (beside, variables),
        "governed": (governed, policed),
    }
    best: dict[str, Cost] = {}
    with as_in_a_broker():
        for _ in range(ROUNDS):
            for name, (made, given) in cases.items():
                found = play(made, given, INSTANCES, work)
                best[name] = min(best.get(name, found), found)
    return best


def share(variables: Document, work: Document) -> Share:
    """From one-task and ten-task instances, without and with a policy: both lines have one slope."""
    policed = {POLICY: [POLICY_OF_ALL], **variables}
    best: dict[tuple[int, bool], Cost] = {}
    engines = {
        (count, governed): engine(GOVERNOR if governed else None, count)
        for count in (1, 10)
        for governed in (False, True)
    }
    with as_in_a_broker():
        for _ in range(ROUNDS):
            for (count, governed), made in engines.items():
                given = policed if governed else variables
                found = play(made, given, INSTANCES // count, work, count)
                best[count, governed] = min(best.get((count, governed), found), found)
    more = {count: _sealed(best[count, True]) - _sealed(best[count, False]) for count in (1, 10)}
    steps = {count: best[count, True].admissions for count in (1, 10)}
    per_step = (more[10] - more[1]) / (steps[10] - steps[1])
    return Share(per_step, more[1] - per_step * steps[1])


def _sealed(cost: Cost) -> float:
    return cost.microseconds + cost.sealing


@contextmanager
def as_in_a_broker() -> Iterator[None]:
    """The garbage collector looks as rarely as there."""
    before = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(AFTER, 20, 100)
    yield
    gc.set_threshold(*before)


def audited(count: int = 3_000) -> tuple[int, float]:
    """Decisions in a log on disk, and how many `audit verify` asks again per second."""
    with tempfile.TemporaryDirectory() as folder:
        with Engine(folder, governor=GOVERNOR, actor=Actor("alice", "jwt")) as made:
            made.deploy(("one.bpmn", tasks("one", 1)))
            for _ in range(count // BATCH):
                for _ in range(BATCH):
                    made.create("one", {POLICY: [POLICY_OF_ALL]})
                for job in made.activate("work", limit=BATCH):
                    made.complete(job.job.key)
        began = time.process_time()
        (report,) = verify(Path(folder), GOVERNOR.ring).partitions
        seconds = time.process_time() - began
    assert not report.findings, report.findings[:3]
    return report.decisions, report.decisions / seconds
