"""What starts a process in the middle: B18, B19 of the reference."""

from __future__ import annotations

import pytest

from remit import Engine, Refused
from remit.base.errors import RejectionType
from tests.support.model import Model
from tests.support.story import elements, leftovers


def gateway(kind: str = "") -> Model:
    """Two messages behind a gateway, each with a job behind it."""
    attributes = {"instantiate": "true"} | ({"eventGatewayType": kind} if kind else {})
    model = Model("p").plain("eventBasedGateway", "g", **attributes)
    for name in ("one", "two"):
        model.catch(name, model.message(name)).service(f"{name}-job", name).end(f"{name}-end")
        model.path("g", name, f"{name}-job", f"{name}-end")
    return model


def work(engine: Engine, job_type: str) -> dict[str, object]:
    (job,) = engine.activate(job_type)
    engine.complete(job.job.key)
    return job.variables


@pytest.mark.proves("event-based gateway", "instantiating")
def test_the_first_message_starts_it_and_the_others_stay_closed(engine: Engine) -> None:
    engine.deploy(("p.bpmn", gateway().xml()))
    engine.publish("two", "k", {"x": 1})

    assert work(engine, "two") == {"x": 1}
    assert "ELEMENT_COMPLETED p" in elements(engine)
    assert "ELEMENT_ACTIVATED one" not in elements(engine)
    assert leftovers(engine) == []


@pytest.mark.proves("event-based gateway", "instantiating, parallel")
def test_a_parallel_one_waits_for_the_rest_with_the_same_correlation(engine: Engine) -> None:
    engine.deploy(("p.bpmn", gateway("Parallel").xml()))
    engine.publish("one", "k")
    work(engine, "one")
    assert "ELEMENT_COMPLETED p" not in elements(engine)
    engine.publish("two", "other")
    assert elements(engine).count("ELEMENT_ACTIVATED p") == 2
    engine.publish("two", "k")

    jobs = {job.job.instance: job.job.key for job in engine.activate("two", limit=5)}
    engine.complete(jobs[first(engine)])
    assert elements(engine).count("ELEMENT_COMPLETED p") == 1
    assert elements(engine).count("ELEMENT_ACTIVATED p") == 2


def first(engine: Engine) -> int:
    return next(event.instance for event in engine.events() if getattr(event, "element", "") == "p")


def test_it_can_not_be_created_by_a_command(engine: Engine) -> None:
    engine.deploy(("p.bpmn", gateway().xml()))
    with pytest.raises(Refused, match="it is started by its events") as fault:
        engine.create("p")
    assert fault.value.reply.type is RejectionType.INVALID_STATE


def test_only_messages_and_signals_start_by_a_gateway(engine: Engine) -> None:
    model = Model("p").plain("eventBasedGateway", "g", instantiate="true")
    model.catch("a", model.message("a")).end("e").path("g", "a", "e")
    model.catch("b", model.timer("duration", "PT1H")).end("e2").path("g", "b", "e2")
    with pytest.raises(Refused, match=r"'g'.*event based gateway"):
        engine.deploy(("p.bpmn", model.xml()))


@pytest.mark.proves("receive task", "instantiating")
def test_a_receive_task_starts_the_process_and_has_its_message(engine: Engine) -> None:
    model = Model("p").receive("r", "order", "", instantiate="true").service("a", "a")
    engine.deploy(("p.bpmn", model.end("e").path("r", "a", "e").xml()))
    engine.publish("order", "k", {"x": 1})

    told = elements(engine)
    assert told.index("ELEMENT_ACTIVATED p") < told.index("ELEMENT_ACTIVATED r")
    assert work(engine, "a") == {"x": 1}
    assert "ELEMENT_COMPLETED p" in elements(engine)
    assert leftovers(engine) == []


def test_a_new_version_takes_the_start_over(engine: Engine) -> None:
    for job_type in ("a", "b"):
        model = Model("p").receive("r", "order", "", instantiate="true").service("t", job_type)
        engine.deploy(("p.bpmn", model.end("e").path("r", "t", "e").xml()))
    engine.publish("order", "k")

    assert engine.activate("a") == ()
    assert len(engine.activate("b")) == 1
