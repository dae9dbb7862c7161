"""A worker's step is admitted as it was for another instance, where nothing of its own counts (R6, R7).

Whoever never remembers an answer writes the same log: that is the law here. What must not be taken from
another instance has a test of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from remit import Engine, Refused
from remit.authority.policy import Clause, Duty, Grant, SlopeRules
from remit.authority.revocation import Revocations, mint_revocations
from remit.authority.vocabulary import ACTIONS
from remit.engine.governance import POLICY
from remit.protocol.events.governance import StepAdmitted
from remit.protocol.values import Actor, Job
from tests.engine.test_governance_laws import findings
from tests.support.governed import (
    ALICE,
    FLOW,
    GOVERNOR,
    ISSUER,
    PARTNER,
    WORKER,
    acme,
    grant,
    policy,
)
from tests.support.model import Model, one_task
from tests.support.story import leftovers

NOON = 1_700_000_000_000
ALL = Clause(id="ALL", do=("*",))
WORK = ("job.activate", "job.complete", "job.fail")


class Clock:
    now = NOON

    def __call__(self) -> int:
        return self.now


class Forgetful(dict[Any, Any]):
    """Whatever is put into it is gone."""

    def __setitem__(self, key: Any, value: Any) -> None:
        pass


def engine_of(clock: Clock | None = None) -> Engine:
    made = Engine(governor=GOVERNOR, actor=ALICE, clock=clock or Clock())
    made.deploy(("one.bpmn", one_task().xml()))
    return made


def begin(engine: Engine, rules: Grant, **variables: Any) -> int:
    return engine.create("one", {POLICY: policy(rules), **variables}).key


def work(engine: Engine, actor: Actor = ALICE, /, **variables: Any) -> bool:
    """Take the oldest job and complete it; False when either is denied."""
    with engine.acting_as(actor):
        jobs = engine.activate("work", limit=1)
        if not jobs:
            return False
        try:
            engine.complete(jobs[0].job.key, variables)
        except Refused:
            return False
    return True


def steps(engine: Engine) -> list[StepAdmitted]:
    return [each for each in engine.events() if isinstance(each, StepAdmitted)]


def test_what_is_logged_of_a_followed_step_names_its_own_instance() -> None:
    engine = engine_of()
    keys = [begin(engine, grant(allow=(ALL,)), x=1) for _ in range(3)]
    for _ in keys:
        assert work(engine, y=2)

    told = steps(engine)
    assert [each.instance for each in told] == [key for key in keys for _ in range(2)]
    assert [each.action for each in told] == ["job.activate", "job.complete"] * 3
    assert len({each.policy for each in told}) == 3
    assert len({each.about for each in told}) == 3, "each names its own job"
    assert len(engine.state.precedents) == 2, "two questions, whatever the number of instances"
    assert findings(engine) == []
    assert leftovers(engine) == []


@pytest.mark.parametrize(
    ("asked", "first", "second"),
    [
        ({"actor": {"eq": WORKER.id}}, WORKER, PARTNER),
        ({"actorMethod": {"eq": "jwt"}}, ALICE, Actor("alice", "apikey")),
    ],
    ids=["somebody else", "another channel"],
)
def test_a_precedent_of_one_actor_is_none_for_another(
    asked: dict[str, Any], first: Actor, second: Actor
) -> None:
    engine = engine_of()
    only = Clause(id="A", do=WORK, on=asked)
    rules = grant(allow=(FLOW, only, Clause(id="V", do=("var.read", "var.write"))))
    begin(engine, rules)
    begin(engine, rules)

    assert work(engine, first)
    assert not work(engine, second)
    assert findings(engine) == []


def test_the_state_of_the_job_is_part_of_the_question() -> None:
    engine = engine_of()
    model = Model("tries").start("s").service("a", "work", retries="=tries").end("e")
    engine.deploy(("tries.bpmn", model.path("s", "a", "e").xml()))
    enough = Clause(id="C", do=WORK, on={"retries": {"min": 2}})
    rules = grant(allow=(FLOW, enough, Clause(id="V", do=("var.read", "var.write"))))
    for tries in (2, 1):
        engine.create("tries", {POLICY: policy(rules), "tries": tries})

    assert work(engine)
    assert not work(engine)
    assert findings(engine) == []


@pytest.mark.parametrize(
    ("asked", "first", "second"),
    [
        ({"var.amount": {"max": 100}}, {"amount": 5}, {"amount": 500}),
        ({"var.amount": {"max": 100}}, {"amount": 1}, {"amount": True}),
    ],
    ids=["another value", "another type"],
)
def test_clauses_about_variables_are_asked_of_each_instance(
    asked: Mapping[str, Any], first: dict[str, Any], second: dict[str, Any]
) -> None:
    engine = engine_of()
    rules = grant(
        allow=(
            FLOW, Clause(id="V", do=("var.read", "var.write", "job.activate")),
            Clause(id="C", do=("job.complete",), on=dict(asked)),
        )
    )  # fmt: skip
    begin(engine, rules, **first)
    assert work(engine)
    begin(engine, rules, **second)
    assert not work(engine)
    assert findings(engine) == []


def test_names_and_types_that_a_worker_brings_are_part_of_the_question() -> None:
    engine = engine_of()
    writes = Clause(
        id="V",
        do=("var.write",),
        on={"varNames": {"sub": ["y"]}, "valueTypes": {"sub": ["number"]}},
    )
    rules = grant(allow=(FLOW, Clause(id="W", do=(*WORK, "var.read")), writes))
    for _ in range(4):
        begin(engine, rules)

    assert work(engine, y=1)
    assert not work(engine, y="text")
    assert not work(engine, z=1)
    assert work(engine, y=2)
    assert findings(engine) == []


def test_a_precedent_counts_as_long_as_the_policy_is_in_force() -> None:
    clock = Clock()
    engine = engine_of(clock)
    rules = grant(allow=(ALL,), exp=NOON // 1000 + 60)
    for _ in range(3):
        begin(engine, rules)
    assert work(engine)
    assert work(engine)

    clock.now = NOON + 60_000
    assert not work(engine)
    assert findings(engine) == []


def test_a_precedent_is_none_after_a_revocation() -> None:
    engine = engine_of()
    rules = grant(allow=(ALL,))
    for _ in range(3):
        begin(engine, rules)
    assert work(engine)
    assert work(engine)

    lists = Revocations(iss=ISSUER, epoch=1, iat=NOON // 1000, exp=9_000_000_000, jtis={"g": 0})
    engine.revoke(mint_revocations(lists, acme))
    assert not work(engine)
    assert findings(engine) == []


def test_duties_of_workers_are_asked_each_time() -> None:
    engine = engine_of()
    duty = Duty(id="D", do=("job.complete",), need=("actor=activator",))
    rules = grant(allow=(ALL,), duty=(duty,))
    begin(engine, rules)
    begin(engine, rules)
    assert work(engine)
    taken = engine.activate("work", limit=1)

    with engine.acting_as(PARTNER), pytest.raises(Refused):
        engine.complete(taken[0].job.key)
    engine.complete(taken[0].job.key)
    assert findings(engine) == []


def test_who_took_a_job_is_part_of_the_question() -> None:
    """Two jobs of one element: the slope before an answer is the same, whichever of them it is for."""
    engine = engine_of()
    model = Model("both").start("s").service("a", "work").repeat("=[1, 2]").end("e")
    engine.deploy(("both.bpmn", model.path("s", "a", "e").xml()))
    duty = Duty(id="D", do=("job.complete",), need=("actor=activator",))
    taken = []
    for _ in range(2):
        engine.create("both", {POLICY: policy(grant(allow=(ALL,), duty=(duty,)))})
        for actor in (ALICE, WORKER):
            with engine.acting_as(actor):
                taken += engine.activate("work", limit=1)
    hers, _, _, of_another = (each.job.key for each in taken)

    engine.complete(hers)
    with pytest.raises(Refused):
        engine.complete(of_another)
    assert findings(engine) == []


# --- the law ---------------------------------------------------------------------------------------


class Answer(NamedTuple):
    """Somebody takes a job and answers, some time after what was before."""

    actor: Actor
    document: dict[str, Any]
    fails: bool
    later_ms: int


ACTORS = [ALICE, ALICE, ALICE, WORKER, PARTNER, Actor("alice", "apikey"), Actor()]
VALUES = [1, 1, 7, True, 1.0, "1", None, [1], {"a": 1}]
CONSTRAINTS: list[dict[str, Any]] = [
    {"actor": {"in": ["alice", "anonymous"]}},
    {"actorMethod": {"in": ["jwt", "svid"]}},
    {"actorDomain": {"prefix": "spiffe://acme"}},
    {"retries": {"min": 3}},
    {"retries": {"max": 2}},
    {"elementType": {"eq": "SERVICE_TASK"}},
    {"initiator": {"eq": "alice"}},
    {"varNames": {"any": ["y"]}},
    {"var.x": {"eq": 1}},
]
WRITING: list[dict[str, Any]] = [
    {"varNames": {"sub": ["x", "y"]}},
    {"valueTypes": {"any": ["number"]}},
    {"scope": {"eq": "a"}, "actor": {"eq": "alice"}},
]


def clauses_of(name: str) -> st.SearchStrategy[tuple[Clause, ...]]:
    """Clauses about what workers do."""
    asked = st.one_of(
        st.tuples(st.sampled_from(("job.activate", "job.complete")), st.sampled_from(CONSTRAINTS)),
        st.tuples(st.just("var.write"), st.sampled_from(WRITING)),
    )
    return st.lists(asked, max_size=2).map(
        lambda found: tuple(
            Clause(id=f"{name}{number}", do=(action,), on=on)
            for number, (action, on) in enumerate(found)
        )
    )


def rules_of(allow: tuple[Clause, ...], deny: tuple[Clause, ...], floor: int) -> Grant:
    """What `allow` says nothing of is permitted; nothing is after half a minute."""
    asked = {action for each in allow for action in each.do}
    rest = Clause(id="REST", do=tuple(sorted(set(ACTIONS) - asked)))
    slope = SlopeRules(
        levels={"jwt": 500, "svid": 400, "apikey": 200},
        decay={"worker": 20},
        floors={WORK[1]: floor},
    )
    return grant(allow=(rest, *allow), deny=deny, slope=slope, exp=NOON // 1000 + 30)


grants = st.builds(
    rules_of, clauses_of("A"), clauses_of("D"), st.sampled_from((0, 0, 190, 450))
)  # fmt: skip
documents = st.dictionaries(st.sampled_from(("x", "y", "z")), st.sampled_from(VALUES), max_size=2)
answers = st.builds(
    Answer, st.sampled_from(ACTORS), documents, st.sampled_from((False, False, True)),
    st.sampled_from((0, 0, 0, 10, 10_000)),
)  # fmt: skip


def play(
    rules: Grant, begun: list[dict[str, Any]], story: list[Answer], precedents: dict[Any, Any]
) -> Engine:
    clock = Clock()
    engine = engine_of(clock)
    engine.state.precedents = precedents
    for document in begun:
        begin(engine, rules, **document)
    for said in story:
        clock.now += said.later_ms
        with engine.acting_as(said.actor):
            for taken in engine.activate("work", limit=1):
                with suppress(Refused):
                    answer(engine, taken.job, said)
    return engine


def answer(engine: Engine, job: Job, said: Answer) -> None:
    if said.fails:
        engine.fail(job.key, retries=job.retries - 1)
    else:
        engine.complete(job.key, said.document)


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    grants, st.lists(documents, min_size=2, max_size=8), st.lists(answers, min_size=2, max_size=8)
)
def test_who_remembers_no_answer_writes_the_same_log(
    rules: Grant, begun: list[dict[str, Any]], story: list[Answer]
) -> None:
    remembering = play(rules, begun, story, {})
    forgetful = play(rules, begun, story, Forgetful())

    assert list(remembering.events()) == list(forgetful.events())
    assert findings(remembering) == []
