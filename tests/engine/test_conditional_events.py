"""Conditional events: triggered on the way from false to true."""

from __future__ import annotations

import pytest

from remit import Engine
from tests.support.model import Model
from tests.support.story import completed, elements, leftovers, story


def catching(condition: str = "=x > 5", **filters: str) -> Model:
    model = Model("p").start("s").catch("c", Model.condition(condition, **filters)).end("e")
    return model.path("s", "c", "e")


def test_a_condition_that_holds_already_triggers_at_once(engine: Engine) -> None:
    engine.deploy(("p.bpmn", catching().xml()))
    engine.create("p", {"x": 9})

    assert completed(engine)[-1] == "p"
    assert "CONDITION TRIGGERED" in story(engine)
    assert leftovers(engine) == []


@pytest.mark.proves("conditional event", "catch")
def test_a_write_that_makes_it_true_triggers(engine: Engine) -> None:
    engine.deploy(("p.bpmn", catching().xml()))
    key = engine.create("p").key
    engine.set_variables(key, {"x": 1})
    assert "c" not in completed(engine)
    engine.set_variables(key, {"x": 6})

    assert completed(engine)[-1] == "p"


@pytest.mark.proves("conditional event", "boundary, non-interrupting")
def test_one_that_does_not_interrupt_triggers_again_only_after_false(engine: Engine) -> None:
    model = Model("p").start("s").service("a", "work").end("e").end("f")
    model.boundary("b", "a", Model.condition("=x > 5"), interrupting=False)
    engine.deploy(("p.bpmn", model.path("s", "a", "e").path("b", "f").xml()))
    key = engine.create("p").key
    for value in (6, 7, 1, 8):
        engine.set_variables(key, {"x": value})

    assert completed(engine).count("f") == 2
    assert story(engine, "CONDITION").count("CONDITION RESET") == 1


@pytest.mark.proves("conditional event", "boundary, interrupting")
def test_an_interrupting_boundary_ends_its_activity(engine: Engine) -> None:
    model = Model("p").start("s").service("a", "work").end("e").end("f")
    model.boundary("b", "a", Model.condition("=x"))
    engine.deploy(("p.bpmn", model.path("s", "a", "e").path("b", "f").xml()))
    engine.set_variables(engine.create("p").key, {"x": True})

    assert "ELEMENT_TERMINATED a" in elements(engine)
    assert completed(engine)[-2:] == ["f", "p"]
    assert leftovers(engine) == []


@pytest.mark.parametrize("interrupting", [True, False])
def test_an_event_sub_process_sees_the_variables_of_its_scope(
    engine: Engine, interrupting: bool
) -> None:
    model = Model("p").start("s").service("a", "work").end("e").path("s", "a", "e")
    with model.sub_process("sub", by_event=True):
        model.start("i", Model.condition("=x"), interrupting=interrupting).end("j").path("i", "j")
    engine.deploy(("p.bpmn", model.xml()))
    engine.set_variables(engine.create("p").key, {"x": True})

    assert "sub" in completed(engine)


def test_filters_say_which_changes_matter(engine: Engine) -> None:
    engine.deploy(("p.bpmn", catching("=x + y > 5", names="y", events="update").xml()))
    key = engine.create("p", {"x": 0, "y": 0}).key
    engine.set_variables(key, {"x": 9})
    assert "c" not in completed(engine)
    engine.set_variables(key, {"y": 1})
    assert "c" in completed(engine)


def test_a_local_variable_of_another_branch_is_not_seen(engine: Engine) -> None:
    model = Model("p").start("s").gateway("g", "parallel").end("e").end("f")
    model.service("a", "work", inputs={"x": "=9"}).catch("c", Model.condition("=x > 5"))
    engine.deploy(("p.bpmn", model.path("s", "g", "a", "e").path("g", "c", "f").xml()))
    engine.create("p")

    assert "c" not in completed(engine)


def test_a_condition_that_can_not_be_asked_leaves_the_writer_unharmed(engine: Engine) -> None:
    engine.deploy(("p.bpmn", catching('=assert(x, x < 3, "too large")').xml()))
    key = engine.create("p", {"x": 1}).key
    engine.set_variables(key, {"x": 5})

    assert "VARIABLE UPDATED x=5" in story(engine)
