"""Signals (rule 47), in every position."""

from __future__ import annotations

import pytest

from remit import Engine, Refused
from tests.support.model import Model
from tests.support.story import completed, elements, leftovers, story


def catching(process_id: str = "p") -> Model:
    model = Model(process_id).start("s")
    return model.catch("c", model.signal("go")).end("e").path("s", "c", "e")


@pytest.mark.proves("signal event", "catch")
def test_every_instance_that_listens_gets_the_signal_with_its_variables(engine: Engine) -> None:
    engine.deploy(("p.bpmn", catching().xml()), ("q.bpmn", catching("q").xml()))
    for process in ("p", "p", "q"):
        engine.create(process)
    engine.broadcast("go", {"x": 1})

    assert completed(engine).count("c") == 3
    assert story(engine, "VARIABLE").count("VARIABLE CREATED x=1") == 3
    assert leftovers(engine) == []


def test_a_signal_is_not_kept_for_those_who_listen_later(engine: Engine) -> None:
    engine.deploy(("p.bpmn", catching().xml()))
    engine.broadcast("go")
    engine.create("p")

    assert "c" not in completed(engine)
    assert story(engine, "SIGNAL")[-1] == "SIGNAL_SUBSCRIPTION CREATED"


def test_the_log_tells_broadcast_then_what_it_causes(engine: Engine) -> None:
    engine.deploy(("p.bpmn", catching().xml()))
    engine.create("p")
    before = len(story(engine))
    engine.broadcast("go")

    assert story(engine)[before:] == [
        "SIGNAL BROADCASTED",
        "ELEMENT_COMPLETING c",
        "SIGNAL_SUBSCRIPTION DELETED",
        "ELEMENT_COMPLETED c",
        "SEQUENCE_FLOW_TAKEN c-e-2",
        "ELEMENT_ACTIVATING e",
        "ELEMENT_ACTIVATED e",
        "ELEMENT_COMPLETING e",
        "ELEMENT_COMPLETED e",
        "ELEMENT_COMPLETING p",
        "ELEMENT_COMPLETED p",
    ]


@pytest.mark.proves("signal event", "start")
def test_a_signal_start_event_makes_an_instance_of_the_latest_version_only(engine: Engine) -> None:
    model = Model("p")
    model.start("s", model.signal("go")).end("e").path("s", "e")
    engine.deploy(("p.bpmn", model.xml()))
    newer = Model("p")
    newer.start("s", newer.signal("go")).end("f").path("s", "f")
    engine.deploy(("p.bpmn", newer.xml()))
    engine.broadcast("go", {"x": 1})

    assert completed(engine) == ["s", "f", "p"]
    assert "VARIABLE CREATED x=1" in story(engine)


@pytest.mark.parametrize("interrupting", [True, False])
def test_a_signal_at_a_boundary(engine: Engine, interrupting: bool) -> None:
    model = Model("p").start("s").service("a", "work").end("e").end("f")
    model.boundary("b", "a", model.signal("go"), interrupting=interrupting)
    engine.deploy(("p.bpmn", model.path("s", "a", "e").path("b", "f").xml()))
    engine.create("p")
    engine.broadcast("go")
    engine.broadcast("go")

    assert completed(engine).count("f") == (1 if interrupting else 2)
    assert ("ELEMENT_TERMINATED a" in elements(engine)) is interrupting
    for job in engine.activate("work"):
        engine.complete(job.job.key)
    assert leftovers(engine) == []


@pytest.mark.parametrize("interrupting", [True, False])
def test_a_signal_at_an_event_sub_process(engine: Engine, interrupting: bool) -> None:
    model = Model("p").start("s").service("a", "work").end("e").path("s", "a", "e")
    with model.sub_process("sub", by_event=True):
        model.start("i", model.signal("go"), interrupting=interrupting).end("j").path("i", "j")
    engine.deploy(("p.bpmn", model.xml()))
    engine.create("p")
    engine.broadcast("go")

    assert "sub" in completed(engine)
    assert ("ELEMENT_TERMINATED a" in elements(engine)) is interrupting


@pytest.mark.proves("signal event", "behind an event-based gateway")
def test_an_event_based_gateway_chooses_the_signal(engine: Engine) -> None:
    model = Model("p").start("s").gateway("g", "eventBased").end("e").end("f")
    model.catch("c", model.signal("go")).catch("t", Model.timer("duration", "PT1H"))
    engine.deploy(("p.bpmn", model.path("s", "g", "c", "e").path("g", "t", "f").xml()))
    engine.create("p")
    engine.broadcast("go")

    assert completed(engine)[-3:] == ["c", "e", "p"]
    assert leftovers(engine) == []


@pytest.mark.proves("signal event", "throw")
@pytest.mark.parametrize("at_end", [True, False])
def test_an_instance_throws_a_signal_with_what_its_inputs_made(
    engine: Engine, at_end: bool
) -> None:
    model = Model("p").start("s")
    if at_end:
        model.end("t", model.signal('="g" + "o"')).path("s", "t")
    else:
        model.throw("t", model.signal("go"), inputs={"x": "=1 + 1"}).end("e").path("s", "t", "e")
    engine.deploy(("p.bpmn", model.xml()), ("q.bpmn", catching("q").xml()))
    engine.create("q")
    engine.create("p")

    assert completed(engine).count("p") == completed(engine).count("q") == 1
    told = [line for line in story(engine) if line.startswith("SIGNAL BRO")]
    assert told == ["SIGNAL BROADCASTED"]
    assert ("VARIABLE CREATED x=2" in story(engine)) is not at_end
    assert leftovers(engine) == []


def test_a_signal_name_that_is_no_text_is_an_incident(engine: Engine) -> None:
    model = Model("p").start("s")
    model.catch("c", model.signal("=name")).end("e").path("s", "c", "e")
    engine.deploy(("p.bpmn", model.xml()))
    instance = engine.create("p").key
    (incident,) = engine.state.incidents.rows.values()
    assert "signal name 'name' of element 'c'" in incident.error_message

    engine.set_variables(instance, {"name": "go"})
    engine.resolve_incident(incident.key)
    engine.broadcast("go")
    assert "p" in completed(engine)


def test_a_signal_without_a_name_is_refused(engine: Engine) -> None:
    with pytest.raises(Refused, match="blank"):
        engine.broadcast("")


def test_a_signal_reaches_hundreds_of_listeners_in_portions(engine: Engine) -> None:
    engine.deploy(("p.bpmn", catching().xml()))
    for _ in range(150):
        engine.create("p")
    before = len(list(engine.turns()))
    engine.broadcast("go")

    assert completed(engine).count("p") == 150
    assert len(list(engine.turns())) - before > 5
    assert leftovers(engine) == []
