"""Standard loops (B13, B14)."""

from __future__ import annotations

import pytest

from remit import Engine, Refused
from tests.support.model import Model
from tests.support.story import completed, elements, leftovers


def looping(condition: str = "", *, maximum: int = 0, before: bool = False) -> Model:
    model = Model("p").start("s").service("a", "work")
    model.loop(condition, maximum=maximum, before=before)
    return model.end("e").path("s", "a", "e")


def rounds(engine: Engine, limit: int = 20) -> list[object]:
    """Do the work until there is none; the loop counters seen."""
    seen: list[object] = []
    while len(seen) < limit and (jobs := engine.activate("work")):
        seen.append(jobs[0].variables["loopCounter"])
        engine.complete(jobs[0].job.key, {"n": len(seen)})
    return seen


@pytest.mark.proves("standard loop", "test after")
def test_b14_the_condition_sees_what_each_round_brings(engine: Engine) -> None:
    engine.deploy(("p.bpmn", looping("=n < 3").xml()))
    engine.create("p")

    assert rounds(engine) == [1, 2, 3]
    assert completed(engine)[-2:] == ["e", "p"]
    assert leftovers(engine) == []


@pytest.mark.proves("standard loop", "test before")
def test_b13_after_at_least_one_round_before_perhaps_none(engine: Engine) -> None:
    engine.deploy(("p.bpmn", looping("=false").xml()))
    engine.create("p")
    assert rounds(engine) == [1]
    engine.deploy(("p.bpmn", looping("=false", before=True).xml()))
    engine.create("p")
    assert rounds(engine) == []
    assert completed(engine)[-1] == "p"


@pytest.mark.proves("standard loop", "maximum")
def test_b13_the_maximum_ends_it_regardless(engine: Engine) -> None:
    engine.deploy(("p.bpmn", looping("=true", maximum=4).xml()))
    engine.create("p")
    assert rounds(engine) == [1, 2, 3, 4]


def test_b13_without_a_condition_it_runs_to_the_maximum(engine: Engine) -> None:
    engine.deploy(("p.bpmn", looping(maximum=2).xml()))
    engine.create("p")
    assert rounds(engine) == [1, 2]


def test_b13_neither_is_refused(engine: Engine) -> None:
    with pytest.raises(Refused, match="never ends"):
        engine.deploy(("p.bpmn", looping().xml()))


def test_a_condition_that_is_no_boolean_is_an_incident(engine: Engine) -> None:
    engine.deploy(("p.bpmn", looping("=go").xml()))
    key = engine.create("p").key
    rounds(engine)
    (incident,) = engine.state.incidents.rows.values()
    engine.set_variables(key, {"go": False})
    engine.resolve_incident(incident.key)
    assert completed(engine)[-1] == "p"


def test_b14_boundary_events_belong_to_the_whole_loop(engine: Engine) -> None:
    model = looping("=true")
    model.boundary("late", "a", Model.timer("duration", "PT1S")).end("f").path("late", "f")
    engine.deploy(("p.bpmn", model.xml()))
    engine.create("p")
    rounds(engine, limit=2)
    engine.advance(seconds=1)

    assert elements(engine).count("ELEMENT_TERMINATED a") == 2
    assert completed(engine)[-2:] == ["f", "p"]
    assert leftovers(engine) == []
