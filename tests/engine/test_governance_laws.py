"""Laws of governance for every process: each step has its admission, and each admission its step (R24).

The same random processes as in `test_laws`, under a policy that permits everything, and under one that
permits less: whatever happens, the auditor finds nothing.
"""

from __future__ import annotations

import random

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from remit import Engine, Refused
from remit.audit.records import Turn, read_turn
from remit.audit.story import Story
from remit.authority.policy import Clause, Grant
from remit.authority.verify import Finding
from remit.engine.governance import POLICY
from remit.engine.state.folds import FOLDS
from remit.engine.state.state import State
from remit.partition.log import Logged
from tests.engine.test_laws import CALLED, Block, Writer, _advance, _undo_all, blocks
from tests.support.governed import ALICE, GOVERNOR, RING, grant, policy
from tests.support.story import leftovers

EVERYTHING = grant(allow=(Clause(id="ALL", do=("*",)),), del_max_depth=8)
WITHOUT = (
    "flow.take", "timer.fire", "var.write", "signal.catch", "job.complete", "element.enter",
    "job.create",
)  # fmt: skip


def less(action: str) -> Grant:
    """Everything but some steps of one kind."""
    one = Clause(id="NO", do=(action,), on={"elementId": {"prefix": "t"}})
    return grant(allow=EVERYTHING.allow, deny=(one,), del_max_depth=8)


def play(block: Block, seed: int, given: Grant) -> Engine:
    """Drive one instance to its end, or to where its policy stops it for good."""
    luck = random.Random(seed)
    engine = Engine(governor=GOVERNOR, actor=ALICE, clock=lambda: 1_700_000_000_000)
    engine.deploy(("called.bpmn", CALLED.xml()), ("p.bpmn", Writer().write(block)))
    variables = {"choice": luck.randrange(6), "key": "k", POLICY: policy(given)}
    key = engine.create("p", variables).key
    for _ in range(400):
        if key not in engine.state.elements:
            return engine
        stopped = bool(engine.state.incidents.rows)
        try:
            if not stopped:
                _advance(engine, luck, faults=False)
        except Refused:
            stopped = True
        if stopped and key in engine.state.elements:
            engine.cancel(key)
            _undo_all(engine, key)
            return engine
    raise AssertionError("the process does not end")


def seen(turn: Logged) -> Turn:
    """A turn as the auditor reads it."""
    return read_turn(msgspec.msgpack.encode(turn))


def findings(engine: Engine) -> list[Finding]:
    story = Story(RING)
    found = [finding for turn in engine.turns() for finding in story.tell(seen(turn))]
    return found + story.auditor.finish()


law = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)


@law
@given(blocks, st.integers(0, 1_000_000))
def test_r24_r6_in_every_process_each_step_has_its_admission(block: Block, seed: int) -> None:
    engine = play(block, seed, EVERYTHING)

    assert findings(engine) == []
    assert leftovers(engine) == [] or engine.state.messages.rows


@law
@given(blocks, st.integers(0, 1_000_000))
def test_r10_r15_who_is_governed_is_settled_as_an_instance_begins(block: Block, seed: int) -> None:
    """Governed and ungoverned ones side by side, with those that they call and start by messages."""
    luck = random.Random(seed)
    engine = Engine(governor=GOVERNOR, actor=ALICE, clock=lambda: 1_700_000_000_000)
    engine.deploy(("called.bpmn", CALLED.xml()), ("p.bpmn", Writer().write(block)))
    for policies in ({}, {POLICY: policy(EVERYTHING)}, {}):
        engine.create("p", {"choice": luck.randrange(6), "key": "k", **policies})
    for _ in range(12):
        governed = engine.state.governed.rows
        for row in engine.state.elements.rows.values():
            assert row.is_ungoverned is (row.instance not in governed)
        try:
            _advance(engine, luck, faults=False)
        except Refused:
            break

    assert findings(engine) == []


@law
@given(blocks, st.integers(0, 1_000_000), st.sampled_from(WITHOUT))
def test_r24_r7_whatever_is_denied_the_log_holds_together(
    block: Block, seed: int, action: str
) -> None:
    engine = play(block, seed, less(action))

    assert findings(engine) == []
    state = State(1, 1)
    for event in engine.events():
        FOLDS[type(event)](state, event)
    assert state.governed.rows == engine.state.governed.rows
    assert state.beginnings.rows == engine.state.beginnings.rows
