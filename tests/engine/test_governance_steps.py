"""Every step is asked about: flows, choices, variables, events, what is placed and undone (R6, R7)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from remit import Engine, Refused
from remit.authority.policy import Clause, Denial
from remit.engine.governance import POLICY
from remit.protocol import commands as c
from remit.protocol.events.governance import Admission, StepRejected
from remit.protocol.replies import Done
from tests.support.governed import FLOW, WORK, WORKER, audited, grant, policy
from tests.support.model import Model, one_task
from tests.support.story import completed, elements, leftovers

START = Clause(id="I", do=("instance.create", "job.create"))
ENTER = Clause(id="E", do=("element.enter",))
TAKE = Clause(id="T", do=("flow.take",))
WRITE = Clause(id="WR", do=("var.write",))
READ = Clause(id="RD", do=("var.read",))
ADMIN = Clause(id="O", do=("incident.resolve", "instance.modify", "instance.cancel"))


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    with audited(tmp_path) as made:
        yield made


def deploy(engine: Engine, model: Model) -> None:
    engine.deploy((f"{model.id}.bpmn", model.xml()))


def create(engine: Engine, process: str, *allow: Clause, **more: Any) -> int:
    variables = more.pop("variables", {})
    given = grant(allow=allow or (FLOW, WORK, READ, WRITE), **more)
    return engine.create(process, {POLICY: policy(given), **variables}).key


def rejected(engine: Engine) -> list[StepRejected]:
    return [event for event in engine.events() if isinstance(event, StepRejected)]


def admitted(engine: Engine, action: str) -> list[Admission]:
    return [
        event
        for event in engine.events()
        if isinstance(event, Admission) and event.action == action
    ]


def incident(engine: Engine) -> Any:
    (found,) = engine.state.incidents.rows.values()
    return found


# --- beginning, flows, choices ---------------------------------------------------------------------


def test_t3_who_may_not_start_the_process_starts_nothing(engine: Engine) -> None:
    deploy(engine, one_task())
    only_bob = Clause(id="I", do=("instance.create",), on={"actor": {"eq": "bob"}})
    with pytest.raises(Refused, match=r"instance\.create"):
        create(engine, "one", only_bob, ENTER, TAKE)

    assert [event.action for event in rejected(engine)] == ["instance.create"]
    assert elements(engine) == []
    assert leftovers(engine) == []


def test_r12_a_flow_that_may_not_be_taken_leaves_the_token_where_it_is(engine: Engine) -> None:
    deploy(engine, one_task())
    only = Clause(id="T", do=("flow.take",), on={"source": {"eq": "s"}})
    create(engine, "one", START, ENTER, only, WORK, ADMIN)
    (job,) = engine.activate("work")
    engine.complete(job.job.key)

    assert (incident(engine).element, incident(engine).stage) == ("a", "leave")
    assert "a" not in completed(engine)
    engine.resolve_incident(incident(engine).key)
    assert rejected(engine)[-1].action == "flow.take"
    assert len(rejected(engine)) == 2  # it was asked again, and denied again


def choosing() -> Model:
    model = Model("p").start("s").gateway("g", default="low").end("a").end("b")
    return model.path("s", "g").flow("g", "a", "=x > 5", "high").flow("g", "b", flow_id="low")


def test_r12_a_gateway_decides_what_its_policy_lets_it_decide(engine: Engine) -> None:
    deploy(engine, choosing())
    decide = Clause(id="G", do=("gateway.decide",), on={"chosenFlows": {"sub": ["low"]}})
    rest = (START, ENTER, TAKE, READ, decide)
    create(engine, "p", *rest, variables={"x": 1})
    assert completed(engine)[-1] == "p"
    create(engine, "p", *rest, variables={"x": 9})

    assert incident(engine).element == "g"
    (event,) = rejected(engine)
    assert (event.action, event.facts["chosenFlows"]) == ("gateway.decide", ["high"])
    assert admitted(engine, "gateway.decide")[0].clauses[0] == "G"


def test_t30_a_condition_reads_no_variable_that_may_not_be_read(engine: Engine) -> None:
    deploy(engine, choosing())
    read = Clause(id="R", do=("var.read",), on={"varNames": {"sub": ["y"]}})
    create(engine, "p", FLOW, read, variables={"x": 9})

    assert incident(engine).element == "g"
    (event,) = rejected(engine)
    assert (event.action, event.facts["varNames"]) == ("var.read", ["x"])
    assert "high" not in str(rejected(engine))


def test_parallel_flows_are_all_asked_about_before_any_is_taken(engine: Engine) -> None:
    model = Model("p").start("s").plain("parallelGateway", "g").end("a").end("b")
    deploy(engine, model.path("s", "g").flow("g", "a").flow("g", "b"))
    only = Clause(id="T", do=("flow.take",), on={"target": {"in": ["g", "a"]}})
    create(engine, "p", START, ENTER, only)

    assert incident(engine).element == "g"
    assert not [line for line in elements(engine) if line.endswith((" a", " b"))]
    assert {event.element for event in admitted(engine, "flow.take")} == {"s"}


# --- variables -------------------------------------------------------------------------------------


def test_t29_a_worker_gets_the_variables_that_may_be_read_and_no_others(engine: Engine) -> None:
    deploy(engine, one_task())
    read = Clause(id="R", do=("var.read",), on={"varNames": {"sub": ["a", "b"]}})
    create(engine, "one", FLOW, WORK, read, variables={"a": 1, "b": 2, "secret": "x"})
    with engine.acting_as(WORKER):
        (job,) = engine.activate("work")

    assert {name for name in job.variables if name != POLICY} == {"a", "b"}
    (event,) = rejected(engine)
    assert event.facts["varNames"] == ["secret"]
    assert "x" not in [str(value) for value in event.facts.values()]


def test_t29_asking_for_a_variable_by_name_does_not_get_it_either(engine: Engine) -> None:
    deploy(engine, one_task())
    create(engine, "one", FLOW, WORK, variables={"secret": "x"})
    (job,) = engine.activate("work", fetch_variables=["secret"])
    assert job.variables == {}


def test_a_worker_writes_only_what_may_be_written(engine: Engine) -> None:
    deploy(engine, one_task())
    write = Clause(
        id="V", do=("var.write",), on={"varNames": {"sub": ["status"]}, "source": {"eq": "job"}}
    )
    create(engine, "one", FLOW, WORK, write)
    (job,) = engine.activate("work")
    with pytest.raises(Refused, match=r"var\.write"):
        engine.complete(job.job.key, {"amount": 5})
    assert rejected(engine)[-1].facts["varNames"] == ["amount"]
    engine.complete(job.job.key, {"status": "ok"})
    assert completed(engine)[-1] == "one"


def test_mappings_write_only_what_may_be_written(engine: Engine) -> None:
    model = Model("p").start("s").service("a", "work", inputs={"other": "=1"}).end("e")
    deploy(engine, model.path("s", "a", "e"))
    create(engine, "p", FLOW, WORK)

    assert incident(engine).stage == "inputs"
    assert rejected(engine)[-1].action == "var.write"


# --- what a denial becomes -------------------------------------------------------------------------


@pytest.mark.parametrize("on_deny", ["incident", "error"])
def test_a_denied_element_becomes_what_the_policy_says(engine: Engine, on_deny: Denial) -> None:
    inner = Model("p").start("s").service("a", "work").end("e").end("caught")
    inner.boundary("b", "a", inner.error("GOV_DENIED"))
    deploy(engine, inner.path("s", "a", "e").path("b", "caught"))
    read = Clause(id="D", do=("var.write",), on={"source": {"eq": "job"}})
    only = Clause(id="T", do=("flow.take",), on={"source": {"in": ["s", "b"]}})
    create(engine, "p", START, ENTER, only, WORK, read, on_deny={"flow.take": on_deny})
    (job,) = engine.activate("work")
    engine.complete(job.job.key)

    # a token that may not leave has nobody to catch it any more: its activity is completing
    assert incident(engine).element == "a"
    assert rejected(engine)[-1].action == "flow.take"


def test_an_error_that_a_denial_becomes_is_caught_by_the_model(engine: Engine) -> None:
    model = Model("p").start("s").service("a", "work", inputs={"n": "=1"}).end("e").end("caught")
    model.boundary("b", "a", model.error("GOV_DENIED"))
    deploy(engine, model.path("s", "a", "e").path("b", "caught"))
    create(engine, "p", FLOW, WORK, on_deny={"var.write": "error"})

    assert "caught" in completed(engine)
    assert completed(engine)[-1] == "p"
    assert leftovers(engine) == []


def test_a_denied_entry_is_an_error_of_its_scope(engine: Engine) -> None:
    inner = Model("p").start("s").end("e").end("caught")
    with inner.sub_process("sub"):
        inner.start("is").service("a", "work").end("ie").path("is", "a", "ie")
    inner.boundary("b", "sub", inner.error("GOV_DENIED"))
    deploy(engine, inner.path("s", "sub", "e").path("b", "caught"))
    only = Clause(id="E", do=("element.enter",), on={"elementId": {"nin": ["a"]}})
    create(engine, "p", START, TAKE, only, on_deny={"element.enter": "error"})

    assert "caught" in completed(engine)


# --- events ----------------------------------------------------------------------------------------


def waiting() -> Model:
    model = Model("p").start("s").service("a", "work").end("e").end("late")
    model.boundary("b", "a", model.timer("duration", "PT10S"))
    return model.path("s", "a", "e").path("b", "late")


def test_t18_a_timer_that_may_not_fire_is_held_and_not_lost(engine: Engine) -> None:
    deploy(engine, waiting())
    create(engine, "p", FLOW, WORK, ADMIN)
    engine.advance(seconds=11)

    assert incident(engine).element == "a"
    assert rejected(engine)[-1].action == "timer.fire"
    (job,) = engine.activate("work")
    engine.complete(job.job.key)  # the activity itself goes on
    assert completed(engine)[-1] == "p"
    assert leftovers(engine) == []


def test_a_timer_that_may_fire_fires(engine: Engine) -> None:
    deploy(engine, waiting())
    create(engine, "p", FLOW, WORK, Clause(id="TF", do=("timer.fire",)))
    engine.advance(seconds=11)
    assert "late" in completed(engine)
    assert admitted(engine, "timer.fire")[0].element == "b"


def test_a_signal_that_may_not_be_caught_is_not(engine: Engine) -> None:
    model = Model("p").start("s").end("e")
    model.catch("c", model.signal("go"))
    deploy(engine, model.path("s", "c", "e"))
    create(engine, "p", on_deny={"signal.catch": "skip-worker"})
    for _ in range(3):
        engine.broadcast("go")
    assert len(rejected(engine)) == 1  # T27: told once
    assert not engine.state.incidents.rows
    assert "c" not in completed(engine)

    create(engine, "p", FLOW, Clause(id="S", do=("signal.catch",), on={"name": {"eq": "go"}}))
    engine.broadcast("go")
    assert "c" in completed(engine)


def test_t27_a_signal_again_and_again_makes_one_incident(engine: Engine) -> None:
    model = Model("p").start("s").end("e")
    model.catch("c", model.signal("go"))
    deploy(engine, model.path("s", "c", "e"))
    create(engine, "p")
    for _ in range(5):
        engine.broadcast("go")
    assert incident(engine).element == "c"
    assert len(rejected(engine)) == 1


@pytest.mark.parametrize(
    ("thrown", "action"),
    [("signal", "signal.broadcast"), ("escalation", "escalation.throw")],
)
def test_what_an_element_throws_is_asked_about(engine: Engine, thrown: str, action: str) -> None:
    model = Model("p").start("s").end("e")
    model.throw("t", getattr(model, thrown)("go"))
    deploy(engine, model.path("s", "t", "e"))
    create(engine, "p")
    assert rejected(engine)[-1].action == action
    assert incident(engine).element == "t"


def test_an_error_end_event_is_asked_about(engine: Engine) -> None:
    model = Model("p").start("s").end("x").end("e")
    with model.sub_process("sub"):
        model.start("is").end("ie", model.error("E")).path("is", "ie")
    model.boundary("b", "sub", model.error("E"))
    deploy(engine, model.path("s", "sub", "e").path("b", "x"))
    create(engine, "p")
    assert rejected(engine)[-1].action == "error.throw"
    create(engine, "p", FLOW, Clause(id="ER", do=("error.throw",)))
    assert "x" in completed(engine)


def test_r14_event_sub_processes_are_entered_under_the_same_policy(engine: Engine) -> None:
    model = Model("p").start("s").service("a", "work").end("e")
    with model.sub_process("es", by_event=True):
        model.start("t", model.timer("duration", "PT5S")).end("ee").path("t", "ee")
    deploy(engine, model.path("s", "a", "e"))
    fire = Clause(id="TF", do=("timer.fire",))
    only = Clause(id="E", do=("element.enter",), on={"elementId": {"nin": ["es"]}})
    create(engine, "p", START, TAKE, WORK, fire, only)
    engine.advance(seconds=6)
    assert rejected(engine)[-1].element == "es"
    assert "ee" not in completed(engine)

    create(engine, "p", FLOW, WORK, fire)
    engine.advance(seconds=6)
    assert "ee" in completed(engine)


def test_what_is_placed_by_modification_is_entered_under_the_policy(engine: Engine) -> None:
    deploy(engine, one_task())
    only = Clause(id="E", do=("element.enter",), on={"elementId": {"in": ["s", "a"]}})
    key = create(engine, "one", START, TAKE, WORK, ADMIN, only)
    engine.modify(key, activate=["e"])
    assert rejected(engine)[-1].element == "e"
    assert "ELEMENT_ACTIVATING e" not in elements(engine)
    assert incident(engine).element == "one"


def test_compensation_is_asked_about(engine: Engine) -> None:
    model = Model("p").start("s").service("a", "work").end("e", Model.compensation())
    model.undone_by("a", "undo")
    deploy(engine, model.path("s", "a", "e"))
    create(engine, "p", FLOW, WORK)
    (job,) = engine.activate("work")
    engine.complete(job.job.key)
    assert rejected(engine)[-1].action == "compensate"


def test_r24_retries_and_timeouts_that_a_policy_admits_are_those_of_the_job(engine: Engine) -> None:
    deploy(engine, one_task())
    few = Clause(id="R", do=("job.retries",), on={"retries": {"max": 9}, "jobKey": {"prefix": "2"}})
    create(engine, "one", FLOW, WORK, READ, WRITE, few)
    with engine.acting_as(WORKER):
        (job,) = engine.activate("work")
    engine.execute(c.UpdateJobTimeout(job.job.key, 5_000), Done)
    engine.execute(c.UpdateJobRetries(job.job.key, 9), Done)
    with pytest.raises(Refused):
        engine.execute(c.UpdateJobRetries(job.job.key, 10), Done)
    found = [event.facts for event in admitted(engine, "job.retries")]
    assert found == [{"jobKey": str(job.job.key), "retries": each} for each in (3, 9)]
