"""Multi-instance activities (rules 61-66)."""

from __future__ import annotations

import time
from typing import Any

import pytest

from remit import Engine
from tests.support.model import Model, one_task
from tests.support.story import completed, elements, leftovers, story


def repeated(collection: str = "=items", **options: Any) -> Model:
    """One multi-instance task; a task behind it keeps the instance alive."""
    model = Model("p").start("s").service("a", "work").repeat(collection, **options)
    return model.service("b", "hold").end("e").path("s", "a", "b", "e")


def run(engine: Engine, model: Model, **variables: Any) -> int:
    engine.deploy((f"{model.id}.bpmn", model.xml()))
    return engine.create(model.id, variables).key


def variables(engine: Engine, scope: int) -> dict[str, Any]:
    return {row.name: row.value for row in engine.state.variables.values_of(scope)}


@pytest.mark.proves("multi-instance", "parallel")
def test_parallel_instances_run_at_once_each_with_its_item_and_counter(engine: Engine) -> None:
    run(engine, repeated(), items=["x", "y", "z"])

    jobs = engine.activate("work", limit=10)

    assert [(job.variables["item"], job.variables["loopCounter"]) for job in jobs] == [
        ("x", 1),
        ("y", 2),
        ("z", 3),
    ]


@pytest.mark.proves("multi-instance", "sequential")
def test_sequential_instances_run_one_after_the_other(engine: Engine) -> None:
    run(engine, repeated(sequential=True), items=["x", "y"])

    seen = []
    while jobs := engine.activate("work", limit=10):
        (job,) = jobs
        seen.append(job.variables["item"])
        engine.complete(job.job.key)

    assert seen == ["x", "y"]
    assert len(engine.activate("hold")) == 1


@pytest.mark.proves("multi-instance", "output collection")
@pytest.mark.parametrize("sequential", [False, True])
def test_rule_62_results_stand_in_the_order_of_the_items(engine: Engine, sequential: bool) -> None:
    model = repeated(output="=r", result="results", sequential=sequential)
    instance = run(engine, model, items=[1, 2, 3])

    while jobs := engine.activate("work", limit=10):
        for job in reversed(jobs):
            assert "results" not in variables(engine, instance)
            engine.complete(job.job.key, {"r": job.variables["item"] * 10})

    assert variables(engine, instance) == {"items": [1, 2, 3], "results": [10, 20, 30]}


def test_rule_63_parallel_instances_do_not_write_one_anothers_output(engine: Engine) -> None:
    instance = run(engine, repeated(output="=r", result="results"), items=[1, 2])
    first, second = engine.activate("work", limit=2)

    engine.complete(second.job.key, {"r": "second"})
    engine.complete(first.job.key, {"r": "first"})

    assert variables(engine, instance)["results"] == ["first", "second"]
    assert "r" not in variables(engine, instance)


@pytest.mark.parametrize("sequential", [False, True])
def test_rule_61_an_empty_collection_completes_at_once(engine: Engine, sequential: bool) -> None:
    model = repeated(output="=r", result="results", sequential=sequential)
    instance = run(engine, model, items=[])

    assert variables(engine, instance)["results"] == []
    assert len(engine.activate("hold")) == 1


@pytest.mark.parametrize("items", [None, 5, "text", {"a": 1}])
def test_rule_61_anything_but_a_list_is_an_incident_that_resolves(
    engine: Engine, items: object
) -> None:
    instance = run(engine, repeated(), items=items)
    (incident,) = engine.state.incidents.rows.values()
    assert (incident.error_type, incident.element) == ("EXTRACT_VALUE_ERROR", "a")

    engine.set_variables(instance, {"items": [1]})
    engine.resolve_incident(incident.key)

    assert len(engine.activate("work")) == 1


def test_rule_64_a_collection_that_shrank_is_an_incident_at_the_next_step(engine: Engine) -> None:
    instance = run(engine, repeated(sequential=True), items=[1, 2])
    (job,) = engine.activate("work")
    engine.set_variables(instance, {"items": []})
    engine.complete(job.job.key)
    (incident,) = engine.state.incidents.rows.values()
    assert incident.error_type == "EXTRACT_VALUE_ERROR"

    engine.set_variables(instance, {"items": [1, 2]})
    engine.resolve_incident(incident.key)
    (second,) = engine.activate("work")

    assert second.variables["item"] == 2


@pytest.mark.proves("multi-instance", "completion condition")
def test_rule_65_the_completion_condition_ends_the_rest(engine: Engine) -> None:
    model = repeated(condition="=numberOfCompletedInstances >= 2 and numberOfInstances = 4")
    run(engine, model, items=[1, 2, 3, 4])
    jobs = engine.activate("work", limit=10)

    engine.complete(jobs[0].job.key)
    assert engine.activate("hold") == ()
    engine.complete(jobs[1].job.key)

    assert len(engine.activate("hold")) == 1
    assert story(engine).count("JOB CANCELED") == 2


def test_rule_66_a_boundary_event_ends_all_instances_once(engine: Engine) -> None:
    model = repeated().boundary("late", "a", Model.timer("duration", "PT1S")).end("f")
    run(engine, model.path("late", "f"), items=[1, 2, 3])

    engine.advance(seconds=2)

    assert completed(engine) == ["s", "late", "f", "p"]
    assert elements(engine).count("ELEMENT_TERMINATED a") == 4
    assert leftovers(engine) == []


def test_a_sub_process_and_a_call_run_once_per_item(engine: Engine) -> None:
    engine.deploy(("child.bpmn", one_task("child", "inner").xml()))
    model = Model("p").start("s").end("e")
    with model.sub_process("sub"):
        model.start("is").call("call", "child").end("ie").path("is", "call", "ie")
    model.repeat("=items").path("s", "sub", "e")
    run(engine, model, items=[1, 2, 3])

    jobs = engine.activate("inner", limit=10)
    for job in jobs:
        engine.complete(job.job.key)

    assert [job.variables["item"] for job in jobs] == [1, 2, 3]
    assert completed(engine)[-1] == "p"
    assert leftovers(engine) == []


def test_an_error_in_one_instance_goes_to_the_boundary_of_the_body(engine: Engine) -> None:
    model = repeated().end("f")
    model.boundary("bad", "a", model.error("bad")).path("bad", "f")
    run(engine, model, items=[1, 2])
    (job,) = engine.activate("work")

    engine.throw_error(job.job.key, "bad")

    assert completed(engine)[-3:] == ["bad", "f", "p"]
    assert leftovers(engine) == []


def test_the_cost_of_an_item_does_not_grow_with_their_number(engine: Engine) -> None:
    def seconds_per_item(count: int) -> float:
        began = time.process_time()
        engine.create("p", {"items": list(range(count))})
        done = 0
        while jobs := engine.activate("work", limit=500):
            for job in jobs:
                engine.complete(job.job.key, {"r": 1})
            done += len(jobs)
        assert done == count
        return (time.process_time() - began) / count

    model = Model("p").start("s").service("a", "work")
    model.repeat("=items", output="=r", result="results").end("e").path("s", "a", "e")
    engine.deploy(("p.bpmn", model.xml()))
    few, many = seconds_per_item(300), seconds_per_item(3000)

    assert many < 3 * few
    assert leftovers(engine) == []
