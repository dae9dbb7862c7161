"""Events with several definitions: B15-B17 of the reference."""

from __future__ import annotations

import pytest

from remit import Engine, Refused
from tests.support.model import Model
from tests.support.story import elements, leftovers


def run(engine: Engine, built: Model, **variables: object) -> int:
    engine.deploy(("p.bpmn", built.xml()))
    return engine.create("p", dict(variables)).key


def both(model: Model) -> str:
    """A message or a timer."""
    return model.message("paid", '="k"') + model.timer("duration", "PT1H")


def ended(engine: Engine) -> bool:
    return "ELEMENT_COMPLETED p" in elements(engine) and leftovers(engine) == []


def opened(engine: Engine, element: str) -> int:
    return elements(engine).count(f"ELEMENT_ACTIVATED {element}")


# --- any of them ---


@pytest.mark.proves("multiple event", "catch")
@pytest.mark.parametrize("first", ["message", "timer"])
def test_any_definition_of_a_catch_event_is_enough(engine: Engine, first: str) -> None:
    model = Model("p").start("s")
    run(engine, model.catch("c", both(model)).end("e").path("s", "c", "e"))
    if first == "message":
        engine.publish("paid", "k", {"x": 1})
    else:
        engine.advance(seconds=3600)

    assert ended(engine)


@pytest.mark.proves("multiple event", "boundary")
def test_a_boundary_event_catches_errors_and_messages(engine: Engine) -> None:
    model = Model("p").start("s").service("a", "a").end("e").path("s", "a", "e")
    model.boundary("b", "a", model.error("broken") + model.message("stop", '="k"'))
    model.end("e2").path("b", "e2")
    run(engine, model)
    (job,) = engine.activate("a")
    engine.throw_error(job.job.key, "broken")
    assert ended(engine)

    engine.create("p")
    engine.publish("stop", "k")
    assert elements(engine).count("ELEMENT_COMPLETED b") == 2
    assert leftovers(engine) == []


@pytest.mark.proves("multiple event", "event sub-process")
def test_an_event_sub_process_begins_by_any_of_its_definitions(engine: Engine) -> None:
    model = Model("p").start("s").service("a", "a").end("e").path("s", "a", "e")
    with model.sub_process("beside", by_event=True):
        definitions = model.signal("ring") + model.message("knock", '="k"')
        model.start("i", definitions, interrupting=False).end("j").path("i", "j")
    run(engine, model)
    engine.publish("knock", "k")
    engine.broadcast("ring")
    engine.broadcast("ring")

    assert opened(engine, "beside") == 3


@pytest.mark.proves("multiple event", "start")
def test_each_trigger_of_a_start_event_makes_an_instance(engine: Engine) -> None:
    model = Model("p")
    model.start("s", model.message("order") + model.signal("go")).end("e").path("s", "e")
    engine.deploy(("p.bpmn", model.xml()))
    engine.publish("order", "1")
    engine.broadcast("go")

    assert elements(engine).count("ELEMENT_COMPLETED p") == 2


def test_two_conditions_of_one_event_are_told_apart(engine: Engine) -> None:
    model = Model("p").start("s")
    definitions = model.condition("=x") + model.condition("=y")
    key = run(engine, model.catch("c", definitions).end("e").path("s", "c", "e"))
    engine.set_variables(key, {"y": True})

    assert ended(engine)


# --- all of them ---


@pytest.mark.proves("parallel multiple event", "catch")
def test_a_parallel_catch_event_wants_all_and_merges_their_variables(engine: Engine) -> None:
    model = Model("p").start("s")
    definitions = (
        model.message("one", '="k"') + model.message("two", '="k"') + model.signal("three")
        + model.condition("=ready")
    )  # fmt: skip
    model.catch("c", definitions, parallel=True).service("a", "a").end("e").path("s", "c", "a", "e")
    key = run(engine, model)
    engine.publish("two", "k", {"x": 2, "y": 2})
    engine.publish("two", "k", {"x": 9})
    engine.broadcast("three", {"x": 3})
    engine.set_variables(key, {"ready": True})
    assert opened(engine, "a") == 0
    engine.publish("one", "k", {"z": 1})

    (job,) = engine.activate("a")
    assert job.variables == {"ready": True, "x": 3, "y": 2, "z": 1}
    engine.complete(job.job.key)
    assert ended(engine)


@pytest.mark.proves("parallel multiple event", "boundary")
def test_a_parallel_boundary_event_that_does_not_interrupt_waits_anew(engine: Engine) -> None:
    model = Model("p").start("s").service("a", "a").end("e").path("s", "a", "e")
    definitions = model.message("one", '="k"') + model.signal("two")
    model.boundary("b", "a", definitions, interrupting=False, parallel=True)
    model.end("e2").path("b", "e2")
    run(engine, model)
    for _ in range(2):
        engine.publish("one", "k")
        engine.publish("one", "k")
        engine.broadcast("two")
    assert opened(engine, "b") == 2
    engine.publish("one", "k")

    (job,) = engine.activate("a")
    engine.complete(job.job.key)
    assert ended(engine)


def test_a_parallel_boundary_event_interrupts_when_all_has_come(engine: Engine) -> None:
    model = Model("p").start("s").service("a", "a").end("e").path("s", "a", "e")
    model.boundary("b", "a", both(model), parallel=True).end("e2").path("b", "e2")
    run(engine, model)
    engine.advance(seconds=3600)
    assert opened(engine, "b") == 0
    engine.publish("paid", "k", {"x": 1})

    told = elements(engine)
    assert told.index("ELEMENT_TERMINATED a") < told.index("ELEMENT_ACTIVATING b")
    assert ended(engine)


@pytest.mark.proves("parallel multiple event", "event sub-process")
def test_a_parallel_start_of_an_event_sub_process_wants_all(engine: Engine) -> None:
    model = Model("p").start("s").service("a", "a").end("e").path("s", "a", "e")
    with model.sub_process("instead", by_event=True):
        definitions = model.signal("ring") + model.message("knock", '="k"')
        model.start("i", definitions, parallel=True).end("j").path("i", "j")
    run(engine, model)
    engine.broadcast("ring")
    assert opened(engine, "instead") == 0
    engine.publish("knock", "k")

    assert "ELEMENT_TERMINATED a" in elements(engine)
    assert ended(engine)


@pytest.mark.proves("parallel multiple event", "start")
def test_b17_a_parallel_start_wants_all_messages_with_one_correlation_key(engine: Engine) -> None:
    model = Model("p")
    model.start("s", model.message("order") + model.message("money"), parallel=True)
    engine.deploy(("p.bpmn", model.service("a", "a").end("e").path("s", "a", "e").xml()))
    engine.publish("order", "1", {"x": 1, "what": "tea"}, time_to_live_ms=60_000)
    engine.publish("order", "2", {"x": 2}, time_to_live_ms=60_000)
    engine.publish("money", "3", time_to_live_ms=60_000)
    assert opened(engine, "p") == 0
    engine.publish("money", "1", {"x": 3})
    engine.publish("money", "1", {"x": 4})

    (job,) = engine.activate("a", limit=9)
    assert job.variables == {"x": 3, "what": "tea"}


def test_b17_a_buffered_pair_starts_the_next_when_the_one_before_has_ended(engine: Engine) -> None:
    """Rule 23 holds for several messages as for one."""
    model = Model("p")
    model.start("s", model.message("order") + model.message("money"), parallel=True)
    engine.deploy(("p.bpmn", model.service("a", "a").end("e").path("s", "a", "e").xml()))
    for name in ("order", "money", "order", "money"):
        engine.publish(name, "1", time_to_live_ms=60_000)
    assert opened(engine, "a") == 1
    (job,) = engine.activate("a")
    engine.complete(job.job.key)

    assert opened(engine, "a") == 2


def test_what_can_not_be_kept_is_no_part_of_a_parallel_start(engine: Engine) -> None:
    model = Model("p")
    model.start("s", model.message("order") + model.signal("go"), parallel=True)
    with pytest.raises(Refused, match=r"'s'.*parallel multiple"):
        engine.deploy(("p.bpmn", model.end("e").path("s", "e").xml()))


def test_what_has_come_is_gone_with_the_activity(engine: Engine) -> None:
    model = Model("p").start("s").service("a", "a").end("e").path("s", "a", "e")
    model.boundary("b", "a", both(model), parallel=True).end("e2").path("b", "e2")
    key = run(engine, model)
    engine.advance(seconds=3600)
    engine.cancel(key)

    assert opened(engine, "b") == 0
    assert leftovers(engine) == []


def test_an_error_can_not_be_one_of_all(engine: Engine) -> None:
    model = Model("p").start("s").service("a", "a").end("e").path("s", "a", "e")
    model.boundary("b", "a", model.error("x") + model.signal("y"), parallel=True)
    with pytest.raises(Refused, match=r"'b'.*parallel multiple"):
        engine.deploy(("p.bpmn", model.end("e2").path("b", "e2").xml()))
