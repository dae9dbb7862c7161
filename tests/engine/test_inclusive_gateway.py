"""Inclusive gateways (rules 42-44), and conditions on flows behind activities (B20)."""

from __future__ import annotations

import pytest

from remit import Engine
from tests.support.model import Model
from tests.support.story import completed, elements, leftovers


def split_and_join(default: str = "") -> Model:
    model = Model("p").start("s").gateway("g", "inclusive", default=default)
    model.service("a", "a").service("b", "b").service("c", "c").gateway("j", "inclusive").end("e")
    model.path("s", "g").flow("g", "a", "=x > 1", "to-a").flow("g", "b", "=x > 2", "to-b")
    model.flow("g", "c", "" if default else "=x > 3", "to-c")
    return model.path("a", "j", "e").path("b", "j").path("c", "j")


def finish(engine: Engine, *types: str) -> None:
    for each in types:
        (job,) = engine.activate(each)
        engine.complete(job.job.key)


@pytest.mark.proves("inclusive gateway", "split")
def test_rule_43_every_flow_that_holds_is_taken(engine: Engine) -> None:
    engine.deploy(("p.bpmn", split_and_join().xml()))
    engine.create("p", {"x": 3})

    assert [line for line in elements(engine) if "to-" in line] == [
        "SEQUENCE_FLOW_TAKEN to-a", "SEQUENCE_FLOW_TAKEN to-b",
    ]  # fmt: skip


def test_the_default_is_taken_when_no_other_holds(engine: Engine) -> None:
    engine.deploy(("p.bpmn", split_and_join(default="to-c").xml()))
    engine.create("p", {"x": 0})
    finish(engine, "c")
    assert completed(engine)[-1] == "p"


def test_no_flow_and_no_default_is_an_incident_until_one_holds(engine: Engine) -> None:
    engine.deploy(("p.bpmn", split_and_join().xml()))
    key = engine.create("p", {"x": 0}).key
    (incident,) = engine.state.incidents.rows.values()
    assert incident.error_type == "CONDITION_ERROR"

    engine.set_variables(key, {"x": 2})
    engine.resolve_incident(incident.key)
    finish(engine, "a")
    assert completed(engine)[-1] == "p"


@pytest.mark.proves("inclusive gateway", "join")
def test_rule_42_a_join_waits_for_all_that_can_still_come(engine: Engine) -> None:
    engine.deploy(("p.bpmn", split_and_join().xml()))
    engine.create("p", {"x": 3})
    finish(engine, "a")
    assert "ELEMENT_ACTIVATING j" not in elements(engine)
    finish(engine, "b")

    assert elements(engine).count("ELEMENT_ACTIVATING j") == 1
    assert completed(engine)[-3:] == ["j", "e", "p"]
    assert leftovers(engine) == []


def test_a_join_opens_when_the_last_that_could_come_goes_elsewhere(engine: Engine) -> None:
    model = Model("p").start("s").gateway("g", "parallel").service("a", "a").service("b", "b")
    model.gateway("x").gateway("j", "inclusive").end("e").end("f").path("s", "g", "a", "j", "e")
    model.path("g", "b", "x").flow("x", "j", "=no").flow("x", "f", "=not(no)")
    engine.deploy(("p.bpmn", model.xml()))
    engine.create("p", {"no": False})
    finish(engine, "a")
    assert "ELEMENT_ACTIVATING j" not in elements(engine)
    finish(engine, "b")

    assert completed(engine)[-1] == "p"
    assert leftovers(engine) == []


def test_a_join_opens_when_an_interrupted_activity_can_come_no_more(engine: Engine) -> None:
    model = Model("p").start("s").gateway("g", "parallel").service("a", "a").service("b", "b")
    model.boundary("late", "b", Model.timer("duration", "PT1S")).gateway("j", "inclusive")
    model.end("e").end("f").path("s", "g", "a", "j", "e").path("g", "b", "j").path("late", "f")
    engine.deploy(("p.bpmn", model.xml()))
    engine.create("p")
    finish(engine, "a")
    engine.advance(seconds=2)

    assert {"j", "f", "p"} <= set(completed(engine))
    assert leftovers(engine) == []


def test_a_token_that_waits_at_another_join_may_still_come(engine: Engine) -> None:
    model = Model("p").start("s").gateway("g", "parallel")
    for name in "abc":
        model.service(name, name).path("g", name)
    model.gateway("and", "parallel").gateway("j", "inclusive").end("e").path("s", "g")
    model.path("a", "and", "j", "e").path("b", "and").path("c", "j")
    engine.deploy(("p.bpmn", model.xml()))
    engine.create("p")
    finish(engine, "a", "c")
    assert "ELEMENT_ACTIVATING j" not in elements(engine)
    finish(engine, "b")

    assert elements(engine).count("ELEMENT_ACTIVATING j") == 1
    assert completed(engine)[-1] == "p"


def test_a_join_in_a_loop_opens_again(engine: Engine) -> None:
    model = Model("p").start("s").gateway("j", "inclusive").service("a", "a").gateway("x").end("e")
    model.path("s", "j", "a", "x").flow("x", "j", "=again").flow("x", "e", "=not(again)")
    engine.deploy(("p.bpmn", model.xml()))
    key = engine.create("p", {"again": True}).key
    finish(engine, "a")
    engine.set_variables(key, {"again": False})
    finish(engine, "a")

    assert completed(engine).count("j") == 2
    assert completed(engine)[-1] == "p"


@pytest.mark.proves("conditional flows", "on an activity")
@pytest.mark.parametrize(("x", "taken"), [(0, ["a"]), (2, ["a", "b"]), (9, ["a", "b", "c"])])
def test_b20_an_activity_takes_unconditioned_flows_and_those_that_hold(
    engine: Engine, x: int, taken: list[str]
) -> None:
    model = Model("p").start("s").service("t", "t").end("a").end("b").end("c").path("s", "t", "a")
    model.flow("t", "b", "=x > 1").flow("t", "c", "=x > 5")
    engine.deploy(("p.bpmn", model.xml()))
    engine.create("p", {"x": x})
    finish(engine, "t")

    assert [name for name in completed(engine) if name in "abc"] == taken
    assert completed(engine)[-1] == "p"
