"""No memory of the auditor hides a change: what was found right before says nothing of another answer.

A log has three instances under one policy, so that whatever can be remembered is; then one field of one
record is changed.
"""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from typing import Any, NamedTuple, get_args, get_origin

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from remit import Engine
from remit.audit.carried import Carried
from remit.audit.effects import EFFECTS
from remit.audit.policies import Policies
from remit.audit.records import NEEDED, READ_AS, read_turn
from remit.audit.story import Story
from remit.authority.policy import Clause, SlopeRules
from remit.authority.verify import Finding
from remit.client import Gate, PolicyDenied
from remit.engine.governance import POLICY
from remit.protocol.events import EVENTS, Event
from remit.protocol.events.governance import GovernanceEvent
from remit.protocol.events.job import JobCompleted, JobErrorThrown
from tests.engine.test_governance_laws import EVERYTHING, play
from tests.engine.test_laws import Block, blocks
from tests.support.governed import (
    ALICE,
    GOVERNOR,
    RING,
    WORK,
    WORKER,
    grant,
    policy,
    work_of,
    worker,
)
from tests.support.model import one_task

Turns = list[list[Any]]
EVENTS_OF = 6
OF_JOBS = Clause(
    id="W", do=("job.create", *WORK.do), on={"jobType": {"eq": "work"}, "retries": {"min": 1}}
)
ENGINE = Clause(id="E", do=("instance.create", "element.enter", "flow.take"))
DATA = Clause(id="V", do=("var.read", "var.write"), on={"varNames": {"sub": ["amount", "done"]}})
TYPES = Clause(id="D2", do=("var.write",), on={"valueTypes": {"any": ["object"]}})
LIMIT = Clause(id="D1", do=("job.complete",), on={"var.amount": {"min": 1000}})
SLOPE = SlopeRules(floor=300, levels={"jwt": 900, "svid": 800}, decay={"worker": 10})

SEALED = {
    ("StepAdmitted", "key"), ("OwnStepAdmitted", "key"), ("PolicyAttached", "key"),
    ("PoliciesSigned", "key"),
    ("PolicyAttached", "root"), ("OwnStepAdmitted", "about"), ("OwnStepAdmitted", "facts"),
    ("StepAdmitted", "facts"), ("StepAdmitted", "also.facts"),
    ("StepAdmitted", "element"), ("OwnStepAdmitted", "element"),
    ("StepAdmitted", "scope"), ("OwnStepAdmitted", "scope"),
    ("StepAdmitted", "about"),
    ("ElementActivating", "parent_instance"), ("ElementActivating", "key"),
    ("ElementActivating", "scope"), ("ElementActivating", "element"),
    ("ElementActivating", "definition"),
}  # fmt: skip
"""What at some places no other record repeats: there the chain and the checkpoints alone hold it.

A fact that no rule asks for may stand beside the others; of the process itself no element is entered.
"""


class Place(NamedTuple):
    """A field of a record in a log; `inner` is the field of the struct that it holds, or -1."""

    turn: int
    event: int
    field: int
    inner: int
    name: str


def log() -> Turns:
    """What three instances leave under one policy, as plain lists."""
    with Engine(governor=GOVERNOR, actor=ALICE, clock=lambda: 1_700_000_000_000) as engine:
        engine.deploy(("one.bpmn", one_task().xml()))
        for _ in range(3):
            rules = grant(allow=(ENGINE, DATA, OF_JOBS), deny=(LIMIT, TYPES), slope=SLOPE)
            given = {POLICY: policy(rules), "amount": 5}
            engine.create("one", given)
            with engine.acting_as(WORKER):
                (job,) = engine.activate("work")
                engine.complete(job.job.key, {"done": True})
        return plain(engine)


def plain(engine: Engine) -> Turns:
    return [
        msgspec.msgpack.decode(msgspec.msgpack.encode(turn), strict=False)
        for turn in engine.turns()
    ]


def told(turns: Turns) -> list[Finding]:
    """What the auditor finds; a turn that can't be read is a finding as well."""
    story = Story(RING)
    found = []
    for turn in turns:
        try:
            found += story.tell(read_turn(msgspec.msgpack.encode(turn)))
        except msgspec.DecodeError as fault:
            found.append(Finding(turn[0], "chain", str(fault)))
    return found


def told_without_memory(turns: Turns) -> list[Finding]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Carried, "remember", lambda *_: None)
        patch.setattr(Policies, "remember", lambda *_: None)
        return told(turns)


def places(turns: Turns, first_turn: int = 0) -> Iterator[Place]:
    """Every field that the auditor reads of governance events and of records with an effect."""
    for at, turn in enumerate(turns[first_turn:], first_turn):
        for number, event in enumerate(turn[EVENTS_OF]):
            kind = EVENTS[event[0]]
            if issubclass(kind, GovernanceEvent) or READ_AS[kind] in EFFECTS:
                for field, inner, name in fields(kind):
                    if field < len(event) and (inner < 0 or event[field]):
                        yield Place(at, number, field, inner, name)


def fields(kind: type[Event]) -> Iterator[tuple[int, int, str]]:
    """Where in a record, and where in a struct in it, is what the auditor needs."""
    known = {each.name: each for each in msgspec.structs.fields(kind)}
    order = list(known)
    for name in NEEDED.get(kind, kind.__struct_fields__):
        first, _, rest = name.partition(".")
        held: Any = known[first].type
        if get_origin(held) is tuple:
            held = get_args(held)[0]
        inner = held.__struct_fields__.index(rest) if rest else -1
        yield order.index(first) + 1, inner, name


def other(value: Any) -> Any:
    """Another value of the same type."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + 1
    if isinstance(value, str):
        return value + "x"
    if isinstance(value, bytes):
        return value[:-1] + bytes([value[-1] ^ 1]) if value else b"x"
    if isinstance(value, dict):
        return {**value, "jobType": "other"}
    return [*value[:-1], other(value[-1])] if value else ["x"]


def changed(turns: Turns, place: Place) -> Turns:
    bent = deepcopy(turns)
    holder, field = bent[place.turn][EVENTS_OF][place.event], place.field
    if place.inner >= 0:
        holder, field = holder[field], place.inner
        if isinstance(holder[0], list):
            holder = holder[0]  # the first of several
    holder[field] = other(holder[field])
    return bent


def test_a_true_log_has_no_findings_with_or_without_memory() -> None:
    turns = log()

    assert told(turns) == told_without_memory(turns) == []


def test_r24_r26_any_changed_field_of_a_decision_or_an_effect_is_found() -> None:
    turns = log()
    last = max(
        at for at, turn in enumerate(turns) if any(
            EVENTS[event[0]].__name__ == "PolicyAttached" for event in turn[EVENTS_OF]
        )
    )  # fmt: skip
    missed = set()
    for place in places(turns, last):
        bent = changed(turns, place)
        kind = EVENTS[bent[place.turn][EVENTS_OF][place.event][0]].__name__
        if not told(bent):
            missed.add((kind, place.name))

    assert missed <= SEALED, missed - SEALED


def test_r24_any_record_that_is_left_out_or_told_twice_is_found() -> None:
    turns = log()
    for at, turn in enumerate(turns[:-1]):  # the end of a log is held by its batch and checkpoints
        for number in range(len(turn[EVENTS_OF])):
            dropped, twice = deepcopy(turns), deepcopy(turns)
            del dropped[at][EVENTS_OF][number]
            twice[at][EVENTS_OF].insert(number, twice[at][EVENTS_OF][number])
            assert told(dropped), turn[EVENTS_OF][number]
            assert told(twice), turn[EVENTS_OF][number]


def test_a_worker_that_refuses_a_job_has_not_completed_it() -> None:
    """A signed refusal stands for the admission of the error that it throws, and of nothing else."""
    with Engine(governor=GOVERNOR, actor=ALICE, clock=lambda: 1_700_000_000_000) as engine:
        engine.deploy(("one.bpmn", one_task().xml()))
        engine.create("one", {POLICY: policy(grant(WORK, deny=(LIMIT,))), "amount": 5000})
        with engine.acting_as(WORKER):
            (job,) = engine.activate("work")
            permit = Gate(RING, worker, clock=lambda: engine.now).admit(work_of(job))
            assert permit is not None
            with pytest.raises(PolicyDenied) as fault:
                permit.completing({})
            engine.throw_error(job.job.key, "GOV_DENIED", "", fault.value.variables)
        turns = plain(engine)
    assert told(turns) == []

    refusal = next(turn for turn in turns if "ThrowError" in turn)
    refusal[refusal.index("ThrowError")] = "CompleteJob"
    thrown = next(each for each in refusal[EVENTS_OF] if EVENTS[each[0]] is JobErrorThrown)
    thrown[0] = next(number for number, kind in EVENTS.items() if kind is JobCompleted)
    assert "completeness" in [each.kind for each in told(turns)]


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)
@given(blocks, st.integers(0, 1_000_000), st.randoms(use_true_random=False))
def test_r26_in_every_process_a_memory_finds_what_is_found_without(
    block: Block, seed: int, luck: Any
) -> None:
    turns = plain(play(block, seed, EVERYTHING))
    where = list(places(turns))
    for place in luck.sample(where, min(8, len(where))):
        bent = changed(turns, place)
        assert told(bent) == told_without_memory(bent), place


def test_what_instances_are_said_to_share_is_compared() -> None:
    """Of the first such instance, of one that is still stored, and in the same letters."""
    turns = log()
    at, number = next(
        (at, number)
        for at, turn in enumerate(turns)
        for number, event in enumerate(turn[EVENTS_OF])
        if EVENTS[event[0]].__name__ == "PolicyAttached"
    )
    begins, stem = len(turns[at][EVENTS_OF][number]) - 2, -1
    key = turns[at][EVENTS_OF][number][begins]
    for field, value in ((begins, key + 1), (begins, -1), (stem, 0), (stem, 1 << 20), (stem, -5)):
        bent = deepcopy(turns)
        bent[at][EVENTS_OF][number][field] = value
        assert [each.kind for each in told(bent)] == ["signature"], (field, value)


@pytest.mark.parametrize("field", [0, 1])
def test_r23_who_began_an_instance_is_whom_its_policy_names(field: int) -> None:
    """The first one is compared in full, those that are like it as well."""
    turns = log()
    begun = [at for at, turn in enumerate(turns) if "CreateInstance" in turn]
    for at in begun:
        bent = deepcopy(turns)
        header = bent[at][bent[at].index("CreateInstance") + 2]
        assert header[0][:2] == ["alice", "jwt"]
        header[0][field] = "mallory"

        assert {each.kind for each in told(bent)} == {"facts"}
