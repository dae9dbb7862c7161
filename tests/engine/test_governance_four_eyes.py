"""A second pair of eyes: who has completed one user task may not complete the other (R6, R8, R24)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from remit import Engine, Refused
from remit.audit.records import read_turn
from remit.audit.story import Story
from remit.authority.policy import Clause, Duty
from remit.engine.governance import POLICY
from remit.protocol.events.governance import StepAdmitted, StepRejected
from remit.protocol.values import Actor
from tests.support.governed import ALICE, GOVERNOR, RING, WORK, audited, grant, policy
from tests.support.model import Model
from tests.support.story import leftovers, replayed

BOB = Actor("bob", "jwt")
TASKS = Clause(id="T", do=("usertask.*", "call.activity"))
EYES = Duty(id="U", do=("usertask.complete",), need=("four-eyes",))
EYES_FIRST = Duty(id="A", do=("usertask.assign",), need=("four-eyes",))


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    with audited(tmp_path) as made:
        yield made


def begun(engine: Engine, model: Model, *duties: Duty, process: str = "p", **given: Any) -> int:
    engine.deploy((f"{process}.bpmn", model.xml()))
    rules = grant(TASKS, WORK, duty=duties or (EYES,))
    return engine.create(process, {POLICY: policy(rules), **given}).key


def two_tasks() -> Model:
    model = Model("p").start("s").native_user("prepare").native_user("approve").end("e")
    return model.path("s", "prepare", "approve", "e")


def task(engine: Engine, element: str = "") -> int:
    """The user task that waits, of this element."""
    (key,) = [
        row.key for row in engine.state.user_tasks.rows.values() if element in ("", row.element)
    ]
    return key


def complete(engine: Engine, who: Actor, element: str = "") -> None:
    with engine.acting_as(who):
        engine.complete_user_task(task(engine, element))


def refused(engine: Engine, who: Actor, element: str = "") -> StepRejected:
    with pytest.raises(Refused, match="duty"):
        complete(engine, who, element)
    *_, rejected = (each for each in engine.events() if isinstance(each, StepRejected))
    return rejected


def test_r6_who_prepared_may_not_approve_and_another_may(engine: Engine) -> None:
    begun(engine, two_tasks())
    complete(engine, ALICE)

    rejected = refused(engine, ALICE)
    assert (rejected.action, rejected.reason, rejected.clauses[0]) == (
        "usertask.complete", "duty", "U",
    )  # fmt: skip
    assert rejected.facts["priorActors"] == ["alice"]
    complete(engine, BOB)
    assert leftovers(engine) == []


def test_taking_a_task_or_trying_does_not_count(engine: Engine) -> None:
    begun(engine, two_tasks())
    with engine.acting_as(BOB):
        engine.assign_user_task(task(engine), "bob")
    complete(engine, ALICE)
    refused(engine, ALICE)

    complete(engine, BOB)
    assert leftovers(engine) == []


def test_who_was_sent_back_by_a_listener_may_complete_the_same_task_again(engine: Engine) -> None:
    model = Model("p").start("s").native_user("prepare", ("completing", "check")).end("e")
    begun(engine, model.path("s", "prepare", "e"))
    complete(engine, ALICE)
    (job,) = engine.activate("check")
    engine.complete(job.job.key, result={"denied": True})

    complete(engine, ALICE)
    (job,) = engine.activate("check")
    engine.complete(job.job.key)
    assert leftovers(engine) == []


def test_where_it_is_said_of_assigning_the_second_may_not_be_taken_either(engine: Engine) -> None:
    begun(engine, two_tasks(), EYES_FIRST)
    with engine.acting_as(ALICE):
        engine.assign_user_task(task(engine), "alice")
        engine.complete_user_task(task(engine))
        with pytest.raises(Refused, match=r"usertask\.assign"):
            engine.assign_user_task(task(engine), "alice")
    with engine.acting_as(BOB):
        engine.assign_user_task(task(engine), "bob")


@pytest.mark.parametrize("first", ["caller", "called"])
def test_r15_callers_and_called_have_the_same_eyes(engine: Engine, first: str) -> None:
    child = Model("child").start("s").native_user("inner").end("e").path("s", "inner", "e")
    engine.deploy(("child.bpmn", child.xml()))
    parent = Model("p").start("s").native_user("outer").call("c", "child").end("e")
    order = ("outer", "c") if first == "caller" else ("c", "outer")
    begun(engine, parent.path("s", *order, "e"))

    complete(engine, ALICE)
    refused(engine, ALICE)
    complete(engine, BOB)
    assert leftovers(engine) == []


def test_each_of_several_reviews_takes_another_person(engine: Engine) -> None:
    model = Model("p").start("s").native_user("review").repeat("=[1, 2]").end("e")
    model.path("s", "review", "e")
    begun(engine, model)
    one, other = sorted(engine.state.user_tasks.rows)
    with engine.acting_as(ALICE):
        engine.complete_user_task(one)
        with pytest.raises(Refused, match="duty"):
            engine.complete_user_task(other)
    with engine.acting_as(BOB):
        engine.complete_user_task(other)
    assert leftovers(engine) == []


def test_instances_do_not_see_each_others_people(engine: Engine) -> None:
    first = begun(engine, two_tasks())
    complete(engine, ALICE, "prepare")
    second = begun(engine, two_tasks())
    assert first != second

    complete(engine, ALICE, "prepare")


def test_r17_who_acted_is_known_after_a_restart(tmp_path: Path) -> None:
    with Engine(tmp_path, governor=GOVERNOR, actor=ALICE) as engine:
        begun(engine, two_tasks())
        complete(engine, ALICE)
        assert replayed(engine).governed.rows == engine.state.governed.rows
    with Engine(tmp_path, governor=GOVERNOR, actor=ALICE) as engine:
        (waiting,) = engine.instances("p")
        engine.state.load_root(waiting)
        refused(engine, ALICE)


@pytest.mark.parametrize("told", [[], ["bob"], ["alice", "bob"]])
def test_r24_a_broker_that_forgets_who_acted_is_found_out(told: list[str]) -> None:
    """The log says who completed the first task: a decision about others is a finding."""
    with Engine(governor=GOVERNOR, actor=ALICE) as engine:
        begun(engine, two_tasks())
        complete(engine, ALICE)
        complete(engine, BOB)
        turns = [
            msgspec.msgpack.decode(msgspec.msgpack.encode(turn), strict=False)
            for turn in engine.turns()
        ]
    assert _found(turns) == set()
    approval = [
        event
        for turn in turns
        for event in turn[6]
        if event[0] == StepAdmitted.__struct_config__.tag and event[5] == "usertask.complete"
    ][-1]
    assert approval[7]["priorActors"] == ["alice"]
    approval[7]["priorActors"] = told

    assert _found(turns) >= {"facts"}


def _found(turns: list[Any]) -> set[str]:
    story = Story(RING)
    return {
        each.kind for turn in turns for each in story.tell(read_turn(msgspec.msgpack.encode(turn)))
    }
