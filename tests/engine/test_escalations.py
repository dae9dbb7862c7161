"""Escalations (rule 54): thrown, caught or not, and who goes on."""

from __future__ import annotations

import pytest

from remit import Engine
from tests.support.model import Model
from tests.support.story import completed, elements, leftovers, story


def throwing(*, code: str = "late", caught: str = "late", interrupting: bool = True) -> Model:
    """A sub-process that throws and then goes on, with an escalation boundary on it."""
    model = Model("p").start("s").end("e").end("f")
    with model.sub_process("sub"):
        model.start("i").throw("t", model.escalation(code)).service("a", "work").end("j")
        model.path("i", "t", "a", "j")
    model.boundary("b", "sub", model.escalation(caught), interrupting=interrupting)
    return model.path("s", "sub", "e").path("b", "f")


@pytest.mark.proves("escalation event", "boundary, interrupting")
def test_an_interrupting_boundary_ends_the_thrower(engine: Engine) -> None:
    engine.deploy(("p.bpmn", throwing().xml()))
    engine.create("p")

    assert "ESCALATION ESCALATED" in story(engine)
    assert "ELEMENT_TERMINATED t" in elements(engine)
    assert completed(engine)[-3:] == ["b", "f", "p"]
    assert leftovers(engine) == []


@pytest.mark.proves("escalation event", "boundary, non-interrupting")
def test_a_non_interrupting_boundary_lets_the_thrower_go_on(engine: Engine) -> None:
    engine.deploy(("p.bpmn", throwing(interrupting=False).xml()))
    engine.create("p")

    assert {"t", "b", "f"} <= set(completed(engine))
    (job,) = engine.activate("work")
    engine.complete(job.job.key)
    assert completed(engine)[-2:] == ["e", "p"]


@pytest.mark.parametrize("caught", ["", "late"])
def test_the_very_code_or_a_catch_all_catches(engine: Engine, caught: str) -> None:
    engine.deploy(("p.bpmn", throwing(caught=caught).xml()))
    engine.create("p")
    assert "b" in completed(engine)


def test_an_escalation_that_nobody_catches_is_told_and_the_flow_goes_on(engine: Engine) -> None:
    engine.deploy(("p.bpmn", throwing(caught="other").xml()))
    engine.create("p")

    assert "ESCALATION NOT_ESCALATED" in story(engine)
    assert len(engine.activate("work")) == 1
    assert not engine.state.incidents.rows


@pytest.mark.proves("escalation event", "end")
def test_an_end_event_escalates_to_the_call_activity(engine: Engine) -> None:
    child = Model("child").start("s")
    child.end("t", child.escalation("late")).path("s", "t")
    parent = Model("p").start("s").call("c", "child").end("e").end("f")
    parent.boundary("b", "c", parent.escalation("late"), interrupting=False)
    parent.path("s", "c", "e").path("b", "f")
    engine.deploy(("c.bpmn", child.xml()), ("p.bpmn", parent.xml()))
    engine.create("p")

    assert {"b", "f", "e", "child", "p"} <= set(completed(engine))
    assert leftovers(engine) == []


@pytest.mark.parametrize("interrupting", [True, False])
def test_an_event_sub_process_catches(engine: Engine, interrupting: bool) -> None:
    model = Model("p").start("s")
    model.throw("t", model.escalation("late")).service("a", "work").end("e")
    with model.sub_process("sub", by_event=True):
        model.start("i", model.escalation("late"), interrupting=interrupting).end("j")
        model.path("i", "j")
    engine.deploy(("p.bpmn", model.path("s", "t", "a", "e").xml()))
    engine.create("p")

    assert "sub" in completed(engine)
    assert bool(engine.activate("work")) is not interrupting
