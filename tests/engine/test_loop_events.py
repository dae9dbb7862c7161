"""What multi-instance activities throw as their instances complete (BPMN 2.0.2, 10.3.8 and 13.3.6)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from remit import Engine
from remit.authority.policy import Clause
from remit.engine.governance import POLICY
from tests.engine.test_laws import rows
from tests.support.governed import audited, grant, policy
from tests.support.model import Model
from tests.support.story import completed, elements, leftovers, replayed, story

COUNTERS = (
    "numberOfInstances", "numberOfActiveInstances", "numberOfCompletedInstances",
    "numberOfTerminatedInstances",
)  # fmt: skip
SEEN = {"seen": f"=[{', '.join(COUNTERS)}]"}


def throwing(
    behavior: str, *, by: str = "signal", interrupting: bool = False, **more: Any
) -> Model:
    """A loop over three items, with a boundary event that catches what it throws."""
    model = Model("p").start("s").end("e").end("f")
    definition = model.signal("done") if by == "signal" else model.escalation("done")
    reference = model.shared("thrown", definition)
    if behavior in ("None", "One"):
        behaves = f'behavior="{behavior}" {behavior.lower()}BehaviorEventRef="{reference}"'
    else:
        behaves = f'behavior="{behavior}" noneBehaviorEventRef="{reference}"'
    model.service("a", "work").repeat("=[1, 2, 3]", behavior=behaves, **more)
    model.boundary("b", "a", definition, interrupting=interrupting, outputs=SEEN)
    model.service("after", "after", inputs={"seen": "=seen"})
    return model.path("s", "a", "e").path("b", "after", "f")


def run(engine: Engine, model: Model, **variables: Any) -> int:
    engine.deploy((f"{model.id}.bpmn", model.xml()))
    return engine.create(model.id, variables).key


def work(engine: Engine, job_type: str = "work", limit: int = 1, **variables: Any) -> list[Any]:
    """Complete jobs; returns what they saw as `seen`."""
    jobs = engine.activate(job_type, limit=limit)
    for job in jobs:
        engine.complete(job.job.key, variables)
    return [job.variables.get("seen") for job in jobs]


@pytest.mark.proves("multi-instance", "behavior None")
@pytest.mark.parametrize("by", ["signal", "escalation"])
@pytest.mark.parametrize("sequential", [False, True])
def test_each_instance_that_completes_throws_its_event(
    engine: Engine, by: str, sequential: bool
) -> None:
    run(engine, throwing("None", by=by, sequential=sequential))
    seen = []
    for _ in range(3):
        work(engine)
        assert rows(replayed(engine)) == rows(engine.state)
        seen += work(engine, "after")

    active = [0, 0, 0] if sequential else [2, 1, 0]
    assert seen == [[3, left, number, 0] for left, number in zip(active, (1, 2, 3), strict=True)]
    assert completed(engine).count("e") == 1
    assert completed(engine)[-1] == "p"
    assert leftovers(engine) == []


@pytest.mark.proves("multi-instance", "behavior One")
@pytest.mark.parametrize("by", ["signal", "escalation"])
def test_only_the_first_instance_throws(engine: Engine, by: str) -> None:
    run(engine, throwing("One", by=by))
    work(engine, limit=3)

    assert work(engine, "after", limit=9) == [[3, 2, 1, 0]]
    assert leftovers(engine) == []


@pytest.mark.proves("multi-instance", "behavior All")
def test_nothing_is_thrown_until_all_have_completed(engine: Engine) -> None:
    run(engine, throwing("All"))
    work(engine, limit=3)

    assert story(engine, "SIGNAL BROADCASTED", "ESCALATION") == []
    assert completed(engine) == ["s", "a", "a", "a", "a", "e", "p"]
    assert leftovers(engine) == []


@pytest.mark.proves("multi-instance", "behavior Complex")
def test_each_definition_whose_condition_holds_throws_its_event(engine: Engine) -> None:
    model = Model("p").start("s").end("e").service("a", "work")
    first, most = model.signal("first"), model.escalation("most")
    model.repeat(
        "=[1, 2, 3, 4]", behavior='behavior="Complex"',
        inside=Model.when("=loopCounter = 1 and done", first)
        + Model.when("=numberOfCompletedInstances > numberOfInstances / 2", most + first),
    )  # fmt: skip
    model.boundary("b", "a", first, interrupting=False).plain("task", "c").path("b", "c")
    model.boundary("d", "a", most, interrupting=False).plain("task", "x").path("d", "x")
    run(engine, model.path("s", "a", "e"))
    jobs = engine.activate("work", limit=4)
    for job in reversed(jobs):
        engine.complete(job.job.key, {"done": True})

    thrown = [each for each in completed(engine) if each in "acx"]
    assert (thrown.count("c"), thrown.count("x")) == (3, 2)
    assert leftovers(engine) == []


@pytest.mark.parametrize("behavior", ["None", "One"])
@pytest.mark.parametrize("by", ["signal", "escalation"])
def test_a_boundary_event_that_interrupts_ends_all_instances(
    engine: Engine, behavior: str, by: str
) -> None:
    run(engine, throwing(behavior, by=by, interrupting=True))
    work(engine)

    assert engine.activate("work", limit=3) == ()
    assert elements(engine).count("ELEMENT_TERMINATED a") == 4
    assert work(engine, "after", limit=3) == [[3, 2, 1, 0]]
    assert completed(engine)[-2:] == ["f", "p"]
    assert leftovers(engine) == []


@pytest.mark.parametrize("by", ["signal", "escalation"])
def test_the_last_of_one_by_one_ends_with_the_activity_as_well(engine: Engine, by: str) -> None:
    model = Model("p").start("s").end("e").service("a", "work")
    definition = model.signal("x") if by == "signal" else model.escalation("x")
    all_done = "=numberOfCompletedInstances = numberOfInstances"
    model.repeat(
        "=[1, 2]", sequential=True, behavior='behavior="Complex"',
        inside=Model.when(all_done, definition),
    )  # fmt: skip
    model.boundary("b", "a", definition).plain("task", "c").path("b", "c").path("s", "a", "e")
    run(engine, model)
    work(engine)
    work(engine)

    assert completed(engine)[-3:] == ["b", "c", "p"]
    assert leftovers(engine) == []


@pytest.mark.parametrize("by", ["signal", "escalation"])
def test_what_the_first_throws_as_it_begins_keeps_the_others_from_beginning(
    engine: Engine, by: str
) -> None:
    model = Model("p").start("s").end("e").script("a", "=item", "x")
    definition = model.signal("x") if by == "signal" else model.escalation("x")
    reference = model.shared("thrown", definition)
    model.repeat("=[1, 2, 3]", behavior=f'behavior="One" oneBehaviorEventRef="{reference}"')
    model.boundary("b", "a", definition).plain("task", "c").path("b", "c").path("s", "a", "e")
    run(engine, model)

    assert elements(engine).count("ELEMENT_ACTIVATING a") == 2
    assert completed(engine)[-3:] == ["b", "c", "p"]
    assert leftovers(engine) == []


def test_the_default_signal_is_called_like_its_activity(engine: Engine) -> None:
    model = Model("p").start("s").service("a", "work").repeat("=[1]", behavior='behavior="None"')
    model.boundary("b", "a", model.signal("a"), interrupting=False, outputs=SEEN)
    model.end("e").plain("task", "c").path("s", "a", "e").path("b", "c")
    run(engine, model)
    work(engine)

    assert "c" in completed(engine)
    assert leftovers(engine) == []


def test_others_hear_the_signal_once_and_so_does_the_activity(engine: Engine) -> None:
    other = Model("other").start("s")
    other.catch("heard", other.signal("done")).end("e").path("s", "heard", "e")
    run(engine, other)
    run(engine, throwing("None"))
    work(engine, limit=3)

    assert completed(engine).count("heard") == 1
    assert len(work(engine, "after", limit=9)) == 3
    assert leftovers(engine) == []


def test_the_event_is_thrown_before_the_completion_condition_ends_the_rest(engine: Engine) -> None:
    run(engine, throwing("None", condition="=numberOfCompletedInstances = 2"))
    work(engine, limit=2)

    assert work(engine, "after", limit=9) == [[3, 2, 1, 0], [3, 1, 2, 0]]
    assert completed(engine)[-1] == "p"
    assert leftovers(engine) == []


def test_an_instance_that_was_ended_alone_is_counted(engine: Engine) -> None:
    until = "=numberOfTerminatedInstances = 1 and numberOfCompletedInstances = 1"
    key = run(engine, throwing("None", condition=until))
    inner = [row.key for row in engine.state.elements.rows.values() if row.loop_counter]
    engine.modify(key, terminate=[inner[0]])
    work(engine)

    assert work(engine, "after", limit=9) == [[3, 1, 1, 1]]
    assert completed(engine)[-1] == "p"
    assert leftovers(engine) == []


def test_a_condition_that_is_no_boolean_is_an_incident_of_its_instance(engine: Engine) -> None:
    model = Model("p").start("s").end("e").service("a", "work")
    definition = model.escalation("x")
    model.repeat(
        "=[1, 2]", output="=loopCounter", result="all", behavior='behavior="Complex"',
        inside=Model.when("=worth", definition),
    )  # fmt: skip
    model.boundary("b", "a", definition, interrupting=False).plain("task", "c").path("b", "c")
    key = run(engine, model.path("s", "a", "e"))
    work(engine, limit=2)
    first, second = engine.state.incidents.rows.values()
    assert "Expected the condition 'worth' of an event that 'a' throws" in first.error_message
    engine.set_variables(key, {"worth": True})
    for incident in (second, first):
        engine.resolve_incident(incident.key)

    assert completed(engine).count("c") == 2
    assert completed(engine)[-1] == "p"
    assert leftovers(engine) == []


ALL = Clause(id="ALL", do=("*",))


@pytest.mark.parametrize("by", ["signal", "escalation"])
def test_what_is_thrown_is_admitted_and_what_is_denied_holds_its_instance(
    tmp_path: Path, by: str
) -> None:
    action = "signal.broadcast" if by == "signal" else "escalation.throw"
    closed = Clause(id="N", do=(action,), on={"var.closed": {"eq": True}})
    with audited(tmp_path) as engine:
        given = {POLICY: policy(grant(allow=(ALL,), deny=(closed,))), "closed": False}
        key = run(engine, throwing("None", by=by), **given)
        work(engine)
        engine.set_variables(key, {"closed": True})
        work(engine)
        (incident,) = engine.state.incidents.rows.values()
        assert action in incident.error_message
        assert len(engine.activate("after", limit=9)) == 1
        engine.set_variables(key, {"closed": False})
        engine.resolve_incident(incident.key)
        work(engine)

        assert completed(engine).count("b") == 3
        assert completed(engine).count("e") == 1
