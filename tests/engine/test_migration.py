"""Migration of process instances: what goes along, and what it is refused for (reference 2.3)."""

from __future__ import annotations

import pytest

from remit import Engine, Refused
from remit.base.errors import RejectionType
from tests.support.model import Model, one_task
from tests.support.story import completed, leftovers, story


def deploy(engine: Engine, model: Model) -> int:
    return engine.deploy((f"{model.id}.bpmn", model.xml())).resources[0].key


def test_a_waiting_job_goes_along_and_the_instance_goes_on_in_the_target(engine: Engine) -> None:
    deploy(engine, one_task("p"))
    key = engine.create("p").key
    better = Model("q").start("s").service("b", "work").service("c", "more").end("e")
    target = deploy(engine, better.path("s", "b", "c", "e"))
    engine.migrate(key, target, {"a": "b"})

    assert [line for line in story(engine) if "MIGRATED" in line] == [
        "PROCESS_INSTANCE_MIGRATION MIGRATED", "ELEMENT_MIGRATED q", "ELEMENT_MIGRATED b",
        "JOB MIGRATED",
    ]  # fmt: skip
    (job,) = engine.activate("work")
    assert (job.job.element, job.job.definition) == ("b", target)
    engine.complete(job.job.key)
    (job,) = engine.activate("more")
    engine.complete(job.job.key)
    assert completed(engine)[-1] == "q"
    assert leftovers(engine) == []


def waiting(process_id: str, catch: str, boundary: str) -> Model:
    model = Model(process_id).start("s").service("t", "work").end("e").end("f")
    model.catch(catch, model.message("paid", "=id"))
    with model.sub_process("sub"):
        model.start("i").receive("r", "paid", "=id").end("j").path("i", "r", "j")
    model.boundary(boundary, "sub", Model.timer("duration", "PT1H"))
    return model.path("s", "sub", "e").path(boundary, "f").path("t", catch, "f")


def test_mapped_events_go_on_waiting_for_the_same(engine: Engine) -> None:
    deploy(engine, waiting("p", "c", "late"))
    key = engine.create("p", {"id": "1"}).key
    target = deploy(engine, waiting("q", "d", "later"))
    (timer,) = engine.state.timers.rows.values()
    engine.migrate(key, target, {"sub": "sub", "r": "r", "late": "later"})

    (again,) = engine.state.timers.rows.values()
    assert (again.due, again.target) == (timer.due, "later")
    engine.publish("paid", "1")
    assert completed(engine)[-1] == "q"
    assert leftovers(engine) == []


def test_an_event_without_a_mapping_is_closed_and_the_targets_own_is_opened(
    engine: Engine,
) -> None:
    deploy(engine, waiting("p", "c", "late"))
    key = engine.create("p", {"id": "1"}).key
    target = deploy(engine, waiting("q", "d", "later"))
    engine.advance(seconds=1800)
    engine.migrate(key, target, {"sub": "sub", "r": "r"})
    (timer,) = engine.state.timers.rows.values()

    assert timer.target == "later"
    assert timer.due == engine.now + 3600_000
    engine.advance(seconds=3600)
    assert completed(engine)[-1] == "q"
    assert leftovers(engine) == []


@pytest.mark.parametrize(
    ("mapping", "kind", "said"),
    [
        ({}, RejectionType.INVALID_STATE, "no mapping instruction"),
        ({"x": "a"}, RejectionType.INVALID_ARGUMENT, "non-existing source"),
        ({"a": "x"}, RejectionType.INVALID_ARGUMENT, "non-existing target"),
        ({"a": "e"}, RejectionType.INVALID_STATE, "different type"),
        ({"a": "inner"}, RejectionType.INVALID_STATE, "flow scope"),
    ],
)
def test_what_a_migration_is_refused_for_leaves_nothing(
    engine: Engine, mapping: dict[str, str], kind: RejectionType, said: str
) -> None:
    deploy(engine, one_task("p"))
    key = engine.create("p").key
    model = Model("q").start("s").service("a", "work").end("e").path("s", "a", "sub", "e")
    with model.sub_process("sub"):
        model.start("i").service("inner", "work").end("j").path("i", "inner", "j")
    target = deploy(engine, model)
    before = list(engine.events())
    with pytest.raises(Refused, match=said) as fault:
        engine.migrate(key, target, mapping)
    assert fault.value.reply.type is kind
    assert list(engine.events()) == before


def test_an_unknown_instance_or_definition_is_not_found(engine: Engine) -> None:
    target = deploy(engine, one_task("p"))
    key = engine.create("p").key
    for instance, definition in ((4711, target), (key, 4711)):
        with pytest.raises(Refused) as fault:
            engine.migrate(instance, definition, {"a": "a"})
        assert fault.value.reply.type is RejectionType.NOT_FOUND


def test_an_incident_is_resolved_in_the_target(engine: Engine) -> None:
    broken = Model("p").start("s").script("a", "=assert(x, x > 0)", "y").end("e")
    deploy(engine, broken.path("s", "a", "e"))
    key = engine.create("p", {"x": 0}).key
    fixed = Model("p").start("s").script("a", "=1", "y").end("e")
    target = deploy(engine, fixed.path("s", "a", "e"))
    (incident,) = engine.state.incidents.rows.values()
    engine.migrate(key, target, {"a": "a"})
    engine.resolve_incident(incident.key)

    assert "VARIABLE CREATED y=1" in story(engine)
    assert completed(engine)[-1] == "p"
