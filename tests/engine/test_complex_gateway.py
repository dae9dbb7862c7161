"""Complex gateways: B1-B4 of the reference."""

from __future__ import annotations

import pytest

from remit import Engine, Refused
from tests.support.model import Model
from tests.support.story import elements, leftovers


def model(condition: str, *, second_flow: bool = False) -> Model:
    """Three branches with a job each come to a gateway; behind it is the job `z`."""
    built = Model("p").start("s").gateway("split", "parallel")
    inner = f"<activationCondition>{condition}</activationCondition>" if condition else ""
    built.complex("g", inner)
    for branch in ("a", "b", "c"):
        built.service(branch, branch).path("split", branch).flow(branch, "g", flow_id=f"f{branch}")
    built.service("z", "z").flow("g", "z").end("e").path("s", "split").path("z", "e")
    if second_flow:
        built.service("late", "late").flow("g", "late", "=not(waitingForStart)").end("e2")
        built.path("late", "e2")
    return built


def run(engine: Engine, built: Model) -> int:
    engine.deploy(("p.bpmn", built.xml()))
    return engine.create("p", {"enough": 2}).key


def work(engine: Engine, *types: str) -> None:
    for job_type in types:
        (job,) = engine.activate(job_type)
        engine.complete(job.job.key)


def opened(engine: Engine, element: str) -> int:
    return elements(engine).count(f"ELEMENT_ACTIVATED {element}")


@pytest.mark.proves("complex gateway", "activation")
def test_it_goes_on_when_its_condition_over_the_tokens_holds(engine: Engine) -> None:
    run(engine, model("=activationCount &gt;= enough"))
    work(engine, "a")
    assert opened(engine, "g") == 0
    work(engine, "b")
    assert (opened(engine, "g"), opened(engine, "z")) == (1, 1)


def test_without_a_condition_the_first_token_is_enough(engine: Engine) -> None:
    run(engine, model(""))
    work(engine, "c")

    assert opened(engine, "z") == 1


def test_the_condition_sees_the_count_of_each_flow(engine: Engine) -> None:
    run(engine, model("=fa = 1 and fc = 1"))
    work(engine, "a", "b")
    assert opened(engine, "g") == 0
    work(engine, "c", "z")

    assert "ELEMENT_COMPLETED p" in elements(engine)
    assert leftovers(engine) == []


@pytest.mark.proves("complex gateway", "reset")
def test_it_takes_the_late_tokens_and_sends_nothing_on_by_a_plain_flow(engine: Engine) -> None:
    run(engine, model("=activationCount &gt;= 2"))
    work(engine, "a", "b", "z")
    assert "ELEMENT_COMPLETED p" not in elements(engine)
    work(engine, "c")

    assert (opened(engine, "g"), opened(engine, "z")) == (2, 1)
    assert "ELEMENT_COMPLETED p" in elements(engine)
    assert leftovers(engine) == []


def test_at_its_reset_the_conditions_see_that_it_no_longer_waits_for_start(engine: Engine) -> None:
    run(engine, model("=activationCount &gt;= 2", second_flow=True))
    work(engine, "a", "b")
    assert opened(engine, "late") == 0
    work(engine, "c")
    assert opened(engine, "late") == 1
    work(engine, "z", "late")

    assert "ELEMENT_COMPLETED p" in elements(engine)
    assert leftovers(engine) == []


def test_a_flow_that_can_bring_nothing_any_more_is_not_waited_for(engine: Engine) -> None:
    built = model("=activationCount &gt;= 2")
    built.boundary("stop", "c", built.error("stop")).end("stopped").path("stop", "stopped")
    run(engine, built)
    work(engine, "a", "b", "z")
    (job,) = engine.activate("c")
    engine.throw_error(job.job.key, "stop")

    assert opened(engine, "g") == 1
    assert "ELEMENT_COMPLETED p" in elements(engine)
    assert leftovers(engine) == []


def test_it_starts_again_after_its_reset(engine: Engine) -> None:
    built = Model("p").start("s").gateway("in", "exclusive").gateway("split", "parallel")
    built.complex("g", "<activationCondition>=activationCount &gt;= 1</activationCondition>")
    built.service("a", "a").service("b", "b").service("z", "z").gateway("out", "exclusive", "end")
    built.end("e").path("s", "in", "split", "a", "g").path("split", "b", "g").path("g", "z", "out")
    built.flow("out", "in", "=again").flow("out", "e", flow_id="end")
    engine.deploy(("p.bpmn", built.xml()))
    engine.create("p", {"again": True})
    work(engine, "a", "b")
    (job,) = engine.activate("z")
    engine.complete(job.job.key)
    work(engine, "b", "a")
    (job,) = engine.activate("z")
    engine.complete(job.job.key, {"again": False})

    assert opened(engine, "z") == 2
    assert "ELEMENT_COMPLETED p" in elements(engine)
    assert leftovers(engine) == []


def test_a_condition_that_is_no_boolean_is_an_incident_and_asked_again(engine: Engine) -> None:
    key = run(engine, model("=wanted"))
    work(engine, "a")
    (incident,) = engine.state.incidents.rows.values()
    assert "the activation condition 'wanted' of complex gateway 'g'" in incident.error_message

    engine.set_variables(key, {"wanted": True})
    engine.resolve_incident(incident.key)
    assert opened(engine, "z") == 1


def test_an_activation_condition_that_is_no_expression_is_refused(engine: Engine) -> None:
    with pytest.raises(Refused, match=r"'g'.*the activation condition"):
        engine.deploy(("p.bpmn", model("=1 +").xml()))


def test_a_parallel_join_takes_each_pair_of_tokens_once(engine: Engine) -> None:
    """Two tokens on one way and two on the other that come in the same turn open it twice."""
    built = Model("p").start("s").gateway("split", "parallel").gateway("merge", "exclusive")
    built.plain("manualTask", "x").gateway("join", "parallel").end("e")
    built.flow("s", "split").flow("split", "merge").flow("split", "merge").path("merge", "x")
    built.flow("x", "join").flow("x", "join").path("join", "e")
    run(engine, built)

    assert opened(engine, "join") == 2
    assert "ELEMENT_COMPLETED p" in elements(engine)
    assert leftovers(engine) == []
