"""Laws that hold whatever operators do to a process on its way: it ends, it leaves nothing, the log is
the state, and the queues hold what the tables say.

The processes are those of `test_laws`; between two steps of theirs somebody suspends, resumes, moves a
token, or does one of these by a batch operation.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from remit import Engine, Refused
from remit.engine.state.state import Due, State
from remit.protocol.values import BatchPlan, JobState, MoveInstruction
from tests.engine.test_laws import CALLED, Block, Writer, _advance, blocks, law, rows
from tests.support.story import leftovers, replayed, story

NOW = 1_700_000_000_000

Operation = Callable[[Engine, random.Random, int], None]


def suspend(engine: Engine, luck: random.Random, key: int) -> None:
    """Nothing goes on meanwhile, whatever happens outside."""
    engine.suspend(key)
    before = story(engine, "ELEMENT_")
    for _ in range(luck.randrange(3)):
        _advance(engine, luck, faults=True)
    if luck.random() < 0.3:
        engine.set_variables(key, {"choice": luck.randrange(6)})
    assert story(engine, "ELEMENT_") == before
    if luck.random() < 0.1:
        engine.cancel(key)
    else:
        engine.resume(key)
    engine.run_due()


def suspend_by_batch(engine: Engine, luck: random.Random, key: int) -> None:
    batch = engine.batch(BatchPlan("SUSPEND_PROCESS_INSTANCE"), [key]).key
    if luck.random() < 0.3:
        engine.steer_batch(batch, "suspend")
        _advance(engine, luck, faults=True)
        engine.steer_batch(batch, "resume" if luck.random() < 0.5 else "cancel")
    engine.run_due()
    engine.batch(BatchPlan("RESUME_PROCESS_INSTANCE"), [key])
    engine.run_due()


def move(engine: Engine, luck: random.Random, key: int) -> None:
    """Begin an element again, if it can be."""
    inside = [each for each in engine.state.inside(key) if each.instance == key != each.key]
    if not inside:
        return
    chosen = luck.choice(inside)
    again = MoveInstruction(chosen.element, source_key=chosen.key, ancestor_from="sourceParent")
    before = story(engine)
    try:
        engine.modify(key, move=[again])
    except Refused:
        assert story(engine) == before


def move_by_batch(engine: Engine, luck: random.Random, key: int) -> None:
    """With several tokens at the element all of them are moved: there are as many as before."""
    inside = [each for each in engine.state.inside(key) if each.instance == key != each.key]
    if inside:
        name = luck.choice(inside).element
        moves = (MoveInstruction(name, name, ancestor_from="inferred"),)
        engine.batch(BatchPlan("MODIFY_PROCESS_INSTANCE", moves=moves), [key])


def suspend_a_called_process(engine: Engine, luck: random.Random, key: int) -> None:
    """The caller goes on, and may end it."""
    called = [each.key for each in engine.state.inside(key) if each.scope == -1 and each.key != key]
    if not called:
        return
    chosen = luck.choice(called)
    engine.suspend(chosen)
    for _ in range(luck.randrange(3)):
        _advance(engine, luck, faults=True)
    if key in engine.state.elements and luck.random() < 0.3:
        engine.suspend(key)
        engine.resume(key)
    if chosen in engine.state.elements:
        engine.resume(chosen)


OPERATIONS: tuple[Operation, ...] = (
    suspend, suspend_by_batch, suspend_a_called_process, move, move_by_batch,
)  # fmt: skip


def operate(block: Block, seed: int) -> Engine:
    """Drive one instance to its end, with somebody operating on it."""
    luck = random.Random(seed)
    engine = Engine(clock=lambda: NOW)
    engine.deploy(("called.bpmn", CALLED.xml()), ("p.bpmn", Writer().write(block)))
    key = engine.create("p", {"choice": luck.randrange(6), "key": "k"}).key
    for number in range(400):
        if key not in engine.state.elements:
            return engine
        if number < 40 and luck.random() < 0.3:
            luck.choice(OPERATIONS)(engine, luck, key)
        _advance(engine, luck, faults=True)
        queues_hold_what_the_tables_say(engine.state)
    raise AssertionError("the process does not end")


def queues_hold_what_the_tables_say(state: State) -> None:
    due: list[tuple[int, ...]] = []
    ready: list[tuple[int, int]] = []
    for job in state.jobs.rows.values():
        if job.instance in state.suspensions:
            continue
        if job.state is JobState.ACTIVATABLE:
            ready.append((job.key, job.root))
        elif job.state is JobState.ACTIVATED:
            due.append((job.deadline, Due.JOB_TIMEOUT, job.key))
        elif job.state is JobState.BACKOFF:
            due.append((job.recurs_at, Due.JOB_BACKOFF, job.key))
    due += [
        (timer.due, Due.TIMER, timer.key)
        for timer in state.timers.rows.values()
        if timer.instance not in state.suspensions
    ]
    due += [
        (message.deadline, Due.MESSAGE, message.key) for message in state.messages.rows.values()
    ]
    due += [
        (part.since, Due.BATCH, part.key)
        for part in state.batch_parts.rows.values()
        if not part.is_suspended
    ]
    held: list[Any] = [entry[:3] for entry in state.due_queue.take(10_000)]
    assert held == sorted(due)
    waiting = [entry for queue in state.ready.values() for entry in queue.take(10_000)]
    assert sorted(waiting) == sorted(ready)


@law
@given(blocks, st.integers(0, 1_000_000))
def test_whatever_operators_do_a_process_ends_and_leaves_nothing(block: Block, seed: int) -> None:
    engine = operate(block, seed)
    engine.advance(seconds=3600)

    assert leftovers(engine) == []
    assert not engine.state.banned.rows


@law
@given(blocks, st.integers(0, 1_000_000))
def test_whatever_operators_do_the_events_rebuild_the_state(block: Block, seed: int) -> None:
    engine = operate(block, seed)
    again = replayed(engine)

    assert rows(again) == rows(engine.state)
    queues_hold_what_the_tables_say(again)
