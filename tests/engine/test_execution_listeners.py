"""Execution listeners (rules 15, 82) and scripts in FEEL."""

from __future__ import annotations

from typing import Any

import pytest

from remit import Engine
from remit.protocol.values import JobKind
from tests.support.model import Model
from tests.support.story import completed, elements, leftovers, story


def listening(*listeners: tuple[str, str]) -> Model:
    model = Model("p").start("s").service("a", "work").listen(*listeners).end("e")
    return model.path("s", "a", "e")


def do(engine: Engine, kind: str, variables: dict[str, Any] | None = None) -> None:
    (job,) = engine.activate(kind)
    engine.complete(job.job.key, variables)


@pytest.mark.proves("execution listeners", "start")
@pytest.mark.proves("execution listeners", "end")
def test_rule_82_listeners_run_one_by_one_before_active_and_before_completed(
    engine: Engine,
) -> None:
    engine.deploy(("p.bpmn", listening(("start", "one"), ("start", "two"), ("end", "last")).xml()))
    engine.create("p")
    assert not engine.activate("two")
    do(engine, "one")
    assert "ELEMENT_ACTIVATED a" not in elements(engine)
    do(engine, "two")
    assert elements(engine)[-1] == "ELEMENT_ACTIVATED a"
    do(engine, "work")
    assert elements(engine)[-1] == "ELEMENT_COMPLETING a"
    do(engine, "last")

    assert completed(engine)[-1] == "p"
    assert leftovers(engine) == []


def test_a_listener_job_says_what_it_is(engine: Engine) -> None:
    engine.deploy(("p.bpmn", listening(("start", "one")).xml()))
    engine.create("p")
    (job,) = engine.activate("one")

    assert job.job.kind is JobKind.EXECUTION_LISTENER
    assert job.job.listener_event == "start"


def test_rule_15_what_a_start_listener_brings_is_local(engine: Engine) -> None:
    engine.deploy(("p.bpmn", listening(("start", "one")).xml()))
    key = engine.create("p").key
    do(engine, "one", {"x": 1})

    (job,) = engine.activate("work")
    assert job.variables == {"x": 1}
    (row,) = engine.state.variables.rows.values()
    assert row.scope != key


def test_rule_15_what_an_end_listener_brings_goes_up(engine: Engine) -> None:
    engine.deploy(("p.bpmn", listening(("end", "one")).xml()))
    key = engine.create("p").key
    do(engine, "work")
    do(engine, "one", {"x": 1})

    events = [e for e in engine.events() if type(e).__name__ == "VariableCreated"]
    assert [event.scope for event in events] == [key]  # type: ignore[attr-defined]


def test_a_process_has_listeners(engine: Engine) -> None:
    xml = Model("p").start("s").end("e").path("s", "e").xml()
    listeners = (
        b"<extensionElements><zeebe:executionListeners>"
        b'<zeebe:executionListener eventType="start" type="one"/>'
        b'<zeebe:executionListener eventType="end" type="two"/>'
        b"</zeebe:executionListeners></extensionElements>"
    )
    marker = b'isExecutable="true">'
    engine.deploy(("p.bpmn", xml.replace(marker, marker + listeners)))
    engine.create("p")
    assert elements(engine) == ["ELEMENT_ACTIVATING p"]
    do(engine, "one")
    assert elements(engine)[-1] == "ELEMENT_COMPLETING p"
    do(engine, "two")
    assert leftovers(engine) == []


@pytest.mark.parametrize("kind", ["exclusive", "parallel", "inclusive"])
def test_a_gateway_listens_to_its_start(engine: Engine, kind: str) -> None:
    model = Model("p").start("s").gateway("g", kind).listen(("start", "one")).end("e")
    engine.deploy(("p.bpmn", model.path("s", "g", "e").xml()))
    engine.create("p")
    do(engine, "one")
    assert completed(engine)[-1] == "p"


def test_a_listener_without_retries_is_an_incident(engine: Engine) -> None:
    engine.deploy(("p.bpmn", listening(("start", "one")).xml()))
    engine.create("p")
    (job,) = engine.activate("one")
    engine.fail(job.job.key, retries=0)

    (incident,) = engine.state.incidents.rows.values()
    assert incident.error_type == "EXECUTION_LISTENER_NO_RETRIES"


def test_an_instance_that_waits_for_a_listener_can_be_cancelled(engine: Engine) -> None:
    engine.deploy(("p.bpmn", listening(("end", "one")).xml()))
    key = engine.create("p").key
    do(engine, "work")
    engine.cancel(key)

    assert elements(engine)[-1] == "ELEMENT_TERMINATED p"
    assert leftovers(engine) == []


def test_every_inner_instance_has_the_listeners_of_its_activity(engine: Engine) -> None:
    model = Model("p").start("s").service("a", "work").listen(("start", "one")).repeat("=[1, 2]")
    engine.deploy(("p.bpmn", model.end("e").path("s", "a", "e").xml()))
    engine.create("p")
    for kind in ("one", "work"):
        for job in engine.activate(kind, limit=9):
            engine.complete(job.job.key)

    assert completed(engine)[-1] == "p"
    assert leftovers(engine) == []


@pytest.mark.proves("script task", "FEEL")
def test_a_script_gives_its_result(engine: Engine) -> None:
    model = Model("p").start("s").script("a", "=x * 2", "y").end("e").path("s", "a", "e")
    engine.deploy(("p.bpmn", model.xml()))

    assert engine.create_with_result("p", {"x": 21}) == {"x": 21, "y": 42}
    assert story(engine, "JOB") == []


def test_a_script_that_fails_is_an_incident_and_runs_again(engine: Engine) -> None:
    model = Model("p").start("s").script("a", '=assert(x, x > 0, "none")', "y").end("e")
    engine.deploy(("p.bpmn", model.path("s", "a", "e").xml()))
    key = engine.create("p", {"x": 0}).key
    (incident,) = engine.state.incidents.rows.values()
    engine.set_variables(key, {"x": 1})
    engine.resolve_incident(incident.key)

    assert completed(engine)[-1] == "p"
