"""Gateways, timers, boundaries, errors, scopes, calls and cancellation (rules 13-14, 33-60, 71-81)."""

from __future__ import annotations

import pytest

from remit import Engine, Refused
from remit.base.errors import RejectionType
from tests.support.model import Model, one_task
from tests.support.story import completed, elements, leftovers, story


def deploy(engine: Engine, *models: Model) -> None:
    engine.deploy(*((f"{model.id}.bpmn", model.xml()) for model in models))


# --- gateways ---


def choice(default: str = "") -> Model:
    model = Model("p").start("s").gateway("g", default=default).end("a").end("b").end("c")
    model.flow("s", "g").flow("g", "a", "=x > 10", "to-a").flow("g", "b", "=x > 5", "to-b")
    return model.flow("g", "c", "" if default else "=x > 3", "to-c")


@pytest.mark.proves("exclusive gateway")
@pytest.mark.parametrize(("x", "end"), [(11, "a"), (6, "b"), (4, "c")])
def test_rule_39_the_first_flow_that_holds_is_taken(engine: Engine, x: int, end: str) -> None:
    deploy(engine, choice())
    engine.create("p", {"x": x})

    assert completed(engine) == ["s", "g", end, "p"]


@pytest.mark.proves("exclusive gateway")
def test_rule_39_takes_the_default_when_every_condition_is_false(engine: Engine) -> None:
    deploy(engine, choice(default="to-c"))
    engine.create("p", {"x": 0})

    assert completed(engine) == ["s", "g", "c", "p"]


def test_rule_39_none_true_and_no_default_is_an_incident_that_resolves(engine: Engine) -> None:
    deploy(engine, choice())
    instance = engine.create("p", {"x": 0}).key
    (incident,) = engine.state.incidents.rows.values()
    assert incident.error_type == "CONDITION_ERROR"
    assert "'to-a', 'to-b', 'to-c'" in incident.error_message

    engine.set_variables(instance, {"x": 7})
    engine.resolve_incident(incident.key)

    assert completed(engine) == ["s", "g", "b", "p"]
    assert leftovers(engine) == []


@pytest.mark.parametrize("variables", [{}, {"x": None}, {"x": "text"}])
def test_rule_39_a_condition_that_is_no_boolean_is_an_incident(
    engine: Engine, variables: dict[str, object]
) -> None:
    deploy(engine, choice())
    engine.create("p", variables)

    (incident,) = engine.state.incidents.rows.values()
    assert incident.error_type == "EXTRACT_VALUE_ERROR"


def test_rule_80_a_step_that_fails_again_is_a_new_incident(engine: Engine) -> None:
    deploy(engine, choice())
    engine.create("p", {"x": 0})
    (first,) = engine.state.incidents.rows

    engine.resolve_incident(first)

    (second,) = engine.state.incidents.rows
    assert second > first


@pytest.mark.proves("parallel gateway")
def test_rule_41_a_parallel_join_waits_for_every_flow(engine: Engine) -> None:
    model = Model("p").start("s").gateway("split", "parallel").gateway("join", "parallel").end("e")
    model.service("a", "a").service("b", "b")
    model.path("s", "split", "a", "join", "e").path("split", "b", "join")
    deploy(engine, model)
    engine.create("p")

    (first,) = engine.activate("a")
    engine.complete(first.job.key)
    assert "join" not in completed(engine)
    (second,) = engine.activate("b")
    engine.complete(second.job.key)

    assert completed(engine)[-3:] == ["join", "e", "p"]
    assert leftovers(engine) == []


def test_rule_40_an_element_without_outgoing_flow_ends_its_token(engine: Engine) -> None:
    model = Model("p").start("s").plain("task", "t").path("s", "t")
    deploy(engine, model)
    engine.create("p")

    assert completed(engine) == ["s", "t", "p"]


# --- timers ---


@pytest.mark.proves("timer event", "catch")
@pytest.mark.parametrize(
    ("kind", "text"), [("duration", "PT10S"), ("duration", '=duration("PT" + string(n) + "S")')]
)
def test_rule_55_a_duration_counts_from_the_activation(
    engine: Engine, kind: str, text: str
) -> None:
    model = Model("p").start("s").end("e").catch("wait", Model.timer(kind, text))
    deploy(engine, model.path("s", "wait", "e"))
    engine.create("p", {"n": 10})

    engine.advance(seconds=9)
    early = completed(engine)
    engine.advance(seconds=1)

    assert early == ["s"]
    assert completed(engine)[-1] == "p"
    assert leftovers(engine) == []


def test_rule_55_a_date_in_the_past_fires_at_once(engine: Engine) -> None:
    model = (
        Model("p").start("s").end("e").catch("wait", Model.timer("date", "2001-01-01T00:00:00Z"))
    )
    deploy(engine, model.path("s", "wait", "e"))
    engine.create("p")

    engine.run_due()

    assert completed(engine)[-1] == "p"


@pytest.mark.proves("timer event", "boundary, non-interrupting")
def test_rule_36_a_repeating_boundary_fires_without_drift_and_the_activity_goes_on(
    engine: Engine,
) -> None:
    model = Model("p").start("s").service("a", "work").end("e").end("f")
    model.boundary("b", "a", Model.timer("cycle", "R3/PT10S"), interrupting=False)
    deploy(engine, model.path("s", "a", "e").path("b", "f"))
    engine.create("p")

    engine.advance(seconds=25)
    twice = completed(engine).count("b")
    engine.advance(seconds=60)

    assert twice == 2
    assert completed(engine).count("b") == 3
    assert len(engine.activate("work")) == 1


@pytest.mark.proves("timer event", "boundary, interrupting")
def test_rule_35_interrupting_boundary_terminates_activity_first(engine: Engine) -> None:
    model = Model("p").start("s").service("a", "work").end("e").end("f")
    model.boundary("b", "a", Model.timer("duration", "PT1S"))
    deploy(engine, model.path("s", "a", "e").path("b", "f"))
    engine.create("p")

    engine.advance(seconds=1)

    told = elements(engine)
    assert told[told.index("ELEMENT_TERMINATING a") :] == [
        "ELEMENT_TERMINATING a",
        "ELEMENT_TERMINATED a",
        "ELEMENT_ACTIVATING b",
        "ELEMENT_ACTIVATED b",
        "ELEMENT_COMPLETING b",
        "ELEMENT_COMPLETED b",
        "SEQUENCE_FLOW_TAKEN b-f-3",
        "ELEMENT_ACTIVATING f",
        "ELEMENT_ACTIVATED f",
        "ELEMENT_COMPLETING f",
        "ELEMENT_COMPLETED f",
        "ELEMENT_COMPLETING p",
        "ELEMENT_COMPLETED p",
    ]
    assert "JOB CANCELED" in story(engine)
    assert leftovers(engine) == []


def test_rule_34_boundary_subscriptions_close_with_the_activity(engine: Engine) -> None:
    model = Model("p").start("s").service("a", "work").end("e").end("f")
    model.boundary("b", "a", Model.timer("duration", "PT1S"))
    deploy(engine, model.path("s", "a", "e").path("b", "f"))
    engine.create("p")
    (job,) = engine.activate("work")

    engine.complete(job.job.key)

    assert "TIMER CANCELED" in story(engine)
    assert leftovers(engine) == []


@pytest.mark.proves("timer event", "start")
def test_rule_58_a_start_timer_makes_instances_and_a_new_version_takes_over(engine: Engine) -> None:
    def every(interval: str) -> Model:
        model = Model("p").start("s", Model.timer("cycle", f"R/{interval}")).service("a", "work")
        return model.end("e").path("s", "a", "e")

    deploy(engine, every("PT10S"))
    engine.advance(seconds=30)
    deploy(engine, every("PT1H"))
    engine.advance(seconds=60)

    jobs = engine.activate("work", limit=10)
    assert [job.job.version for job in jobs] == [1, 1, 1]


def test_rule_60_a_timer_that_can_not_be_computed_is_an_incident(engine: Engine) -> None:
    model = Model("p").start("s").end("e").catch("wait", Model.timer("duration", "=wrong"))
    deploy(engine, model.path("s", "wait", "e"))
    instance = engine.create("p").key
    (incident,) = engine.state.incidents.rows.values()
    assert incident.error_type == "EXTRACT_VALUE_ERROR"

    engine.set_variables(instance, {"wrong": "PT1S"})
    engine.resolve_incident(incident.key)
    engine.advance(seconds=1)

    assert completed(engine)[-1] == "p"


# --- errors ---


def erring(*, on_sub: bool = False, code: str = "out-of-stock") -> Model:
    model = Model("p").start("s").end("e").end("caught")
    if on_sub:
        with model.sub_process("sub"):
            model.start("is").service("a", "work").end("ie").path("is", "a", "ie")
        model.path("s", "sub", "e").boundary("b", "sub", model.error(code))
    else:
        model.service("a", "work").path("s", "a", "e").boundary("b", "a", model.error(code))
    return model.path("b", "caught")


@pytest.mark.proves("error event", "boundary")
@pytest.mark.parametrize("on_sub", [False, True])
@pytest.mark.parametrize("code", ["out-of-stock", ""])
def test_rule_50_an_error_goes_to_the_nearest_boundary_with_its_code_or_none(
    engine: Engine, on_sub: bool, code: str
) -> None:
    deploy(engine, erring(on_sub=on_sub, code=code))
    engine.create("p")
    (job,) = engine.activate("work")

    engine.throw_error(job.job.key, "out-of-stock", "none left", {"left": 0})

    assert completed(engine)[-3:] == ["b", "caught", "p"]
    assert "VARIABLE CREATED left=0" in story(engine)
    assert leftovers(engine) == []


def test_rule_50_the_very_code_comes_before_a_catch_all(engine: Engine) -> None:
    model = erring(code="")
    model.boundary("exact", "a", model.error("out-of-stock")).path("exact", "caught")
    deploy(engine, model)
    engine.create("p")
    (job,) = engine.activate("work")

    engine.throw_error(job.job.key, "out-of-stock")

    assert "exact" in completed(engine)


def test_rule_53_an_error_that_nobody_catches_is_an_incident_and_the_job_comes_back(
    engine: Engine,
) -> None:
    deploy(engine, erring(code="another"))
    engine.create("p")
    (job,) = engine.activate("work")

    engine.throw_error(job.job.key, "out-of-stock")
    (incident,) = engine.state.incidents.rows.values()
    assert incident.error_type == "UNHANDLED_ERROR_EVENT"
    engine.resolve_incident(incident.key)

    assert len(engine.activate("work")) == 1


@pytest.mark.proves("error event", "end")
def test_rule_49_an_error_end_event_throws_at_its_flow_scope(engine: Engine) -> None:
    model = Model("p").start("s").end("e").end("caught")
    with model.sub_process("sub"):
        model.start("is").end("boom", model.error("bad")).path("is", "boom")
    model.path("s", "sub", "e").boundary("b", "sub", model.error("bad")).path("b", "caught")
    deploy(engine, model)
    engine.create("p")

    assert completed(engine) == ["s", "is", "b", "caught", "p"]
    assert leftovers(engine) == []


def test_rule_53_resolving_an_uncaught_error_end_event_throws_it_again(engine: Engine) -> None:
    model = Model("p").start("s")
    model.end("boom", model.error("bad")).path("s", "boom")
    deploy(engine, model)
    engine.create("p")
    (first,) = engine.state.incidents.rows

    engine.resolve_incident(first)

    assert story(engine, "INCIDENT") == [
        "INCIDENT CREATED",
        "INCIDENT RESOLVED",
        "INCIDENT CREATED",
    ]


def test_rule_50_an_error_goes_over_the_call_activity_into_the_caller(engine: Engine) -> None:
    child = Model("child").start("s")
    child.end("boom", child.error("bad")).path("s", "boom")
    parent = Model("parent").start("ps").call("call", "child").end("pe").end("caught")
    parent.path("ps", "call", "pe").boundary("b", "call", parent.error("bad")).path("b", "caught")
    deploy(engine, child, parent)
    engine.create("parent")

    assert completed(engine)[-3:] == ["b", "caught", "parent"]
    assert leftovers(engine) == []


# --- event sub-processes ---


def with_event_sub_process(*, interrupting: bool) -> Model:
    model = Model("p").start("s").service("a", "work").end("e").path("s", "a", "e")
    with model.sub_process("esp", by_event=True):
        model.start("es", model.message("stop", "=id"), interrupting=interrupting)
        model.service("cleanup", "cleanup").end("ee").path("es", "cleanup", "ee")
    return model


def test_rule_37_an_interrupting_event_sub_process_ends_its_scope_first(engine: Engine) -> None:
    deploy(engine, with_event_sub_process(interrupting=True))
    engine.create("p", {"id": "1"})

    engine.publish("stop", "1", {"why": "x"})
    engine.publish("stop", "1", time_to_live_ms=0)
    assert engine.activate("work") == ()
    (job,) = engine.activate("cleanup", limit=5)
    engine.complete(job.job.key)

    assert job.variables == {"id": "1", "why": "x"}
    assert completed(engine)[-3:] == ["ee", "esp", "p"]
    assert leftovers(engine) == []


def test_rule_38_a_non_interrupting_one_runs_beside_and_again(engine: Engine) -> None:
    deploy(engine, with_event_sub_process(interrupting=False))
    engine.create("p", {"id": "1"})

    engine.publish("stop", "1")
    engine.publish("stop", "1")
    for kind in ("cleanup", "cleanup", "work"):
        (job,) = engine.activate(kind)
        engine.complete(job.job.key)

    assert completed(engine)[-1] == "p"
    assert leftovers(engine) == []


# --- scopes and calls ---


@pytest.mark.proves("terminate event", "end")
@pytest.mark.proves("embedded sub-process")
def test_rule_45_terminate_ends_its_own_scope_which_then_completes(engine: Engine) -> None:
    model = Model("p").start("s").end("e")
    with model.sub_process("sub"):
        model.start("is").gateway("g", "parallel").service("a", "work")
        model.end("kill", Model.TERMINATE).end("ie")
        model.path("is", "g", "a", "ie").path("g", "kill")
    deploy(engine, model.path("s", "sub", "e"))
    engine.create("p")

    assert completed(engine)[-3:] == ["sub", "e", "p"]
    assert "ELEMENT_TERMINATED a" in elements(engine)
    assert leftovers(engine) == []


@pytest.mark.proves("call activity", "variables in and out")
def test_rules_13_and_14_variables_go_in_and_come_back(engine: Engine) -> None:
    child = one_task("child")
    parent = Model("parent").start("ps").call("call", "child").end("pe").path("ps", "call", "pe")
    deploy(engine, child, parent)
    engine.create("parent", {"x": 1})
    (job,) = engine.activate("work")
    assert job.variables == {"x": 1}

    engine.complete(job.job.key, {"y": 2})

    assert story(engine, "VARIABLE")[-1] == "VARIABLE CREATED y=2"
    assert completed(engine)[-3:] == ["call", "pe", "parent"]
    assert leftovers(engine) == []


@pytest.mark.proves("call activity", "variables in and out")
def test_rules_13_and_14_flags_keep_variables_apart(engine: Engine) -> None:
    parent = Model("parent").start("ps").end("pe")
    parent.call(
        "call", "child", inputs={"only": "=x + 1"},
        propagateAllParentVariables="false", propagateAllChildVariables="false",
    )  # fmt: skip
    deploy(engine, one_task("child"), parent.path("ps", "call", "pe"))
    parent_key = engine.create("parent", {"x": 1}).key
    (job,) = engine.activate("work")

    engine.complete(job.job.key, {"y": 2})

    assert job.variables == {"only": 2}
    assert parent_key > 0
    written = [event for event in engine.events() if getattr(event, "scope", 0) == parent_key]
    assert [event.name for event in written if hasattr(event, "name")] == ["x"]


@pytest.mark.proves("call activity", "process")
def test_rule_71_a_process_that_is_not_there_is_an_incident_until_it_is(engine: Engine) -> None:
    parent = Model("parent").start("ps").call("call", "=called").end("pe").path("ps", "call", "pe")
    deploy(engine, parent)
    engine.create("parent", {"called": "child"})
    (incident,) = engine.state.incidents.rows.values()
    assert incident.error_type == "CALLED_ELEMENT_ERROR"

    deploy(engine, Model("child").start("s").end("e").path("s", "e"))
    engine.resolve_incident(incident.key)

    assert completed(engine)[-1] == "parent"


def test_rule_72_cancelling_the_parent_ends_the_child_first(engine: Engine) -> None:
    parent = Model("parent").start("ps").call("call", "child").end("pe").path("ps", "call", "pe")
    deploy(engine, one_task("child"), parent)
    key = engine.create("parent").key

    engine.cancel(key)

    assert [line for line in elements(engine) if "TERMINATED" in line] == [
        "ELEMENT_TERMINATED a",
        "ELEMENT_TERMINATED child",
        "ELEMENT_TERMINATED call",
        "ELEMENT_TERMINATED parent",
    ]
    assert leftovers(engine) == []


def test_rule_72_a_child_is_not_cancelled_by_itself(engine: Engine) -> None:
    parent = Model("parent").start("ps").call("call", "child").end("pe").path("ps", "call", "pe")
    deploy(engine, one_task("child"), parent)
    engine.create("parent")
    (job,) = engine.activate("work")

    with pytest.raises(Refused) as fault:
        engine.cancel(job.job.instance)

    assert fault.value.reply.type is RejectionType.INVALID_STATE


def test_rule_81_an_instance_that_has_ended_is_not_found(engine: Engine) -> None:
    deploy(engine, one_task())
    key = engine.create("one").key
    engine.cancel(key)

    with pytest.raises(Refused) as fault:
        engine.cancel(key)

    assert fault.value.reply.type is RejectionType.NOT_FOUND
    assert leftovers(engine) == []


def test_rule_80_incidents_vanish_with_their_element(engine: Engine) -> None:
    deploy(engine, choice())
    engine.cancel(engine.create("p", {"x": 0}).key)

    assert story(engine, "INCIDENT") == ["INCIDENT CREATED", "INCIDENT RESOLVED"]
    assert leftovers(engine) == []


# --- event-based gateway ---


def racing() -> Model:
    model = Model("p").start("s").gateway("g", "eventBased").end("by-message").end("by-timer")
    model.catch("m", model.message("paid", "=id")).catch("t", Model.timer("duration", "PT10S"))
    return model.path("s", "g", "m", "by-message").path("g", "t", "by-timer")


@pytest.mark.parametrize("first", ["m", "t"])
def test_rule_33_the_first_event_is_taken_and_the_others_closed(engine: Engine, first: str) -> None:
    deploy(engine, racing())
    engine.create("p", {"id": "o-1"})
    if first == "m":
        engine.publish("paid", "o-1", {"amount": 3})
    engine.advance(seconds=20)
    engine.publish("paid", "o-1", {"amount": 3})

    end = "by-message" if first == "m" else "by-timer"
    assert completed(engine) == ["s", "g", first, end, "p"]
    assert not any(line.startswith("SEQUENCE_FLOW_TAKEN g-") for line in elements(engine))
    assert ("VARIABLE CREATED amount=3" in story(engine)) == (first == "m")
    assert leftovers(engine) == []


def test_rule_33_a_gateway_in_a_sub_process_ends_with_it(engine: Engine) -> None:
    model = Model("p").start("s").end("e").end("late")
    with model.sub_process("sub"):
        model.start("is").gateway("g", "eventBased").end("a").end("b")
        model.catch("m", model.message("paid", "=id")).catch("t", Model.timer("duration", "P1D"))
        model.path("is", "g", "m", "a").path("g", "t", "b")
    model.path("s", "sub", "e").boundary("x", "sub", Model.timer("duration", "PT1S"))
    deploy(engine, model.path("x", "late"))
    engine.create("p", {"id": "o-1"})

    engine.advance(seconds=2)
    engine.publish("paid", "o-1")

    assert completed(engine)[-3:] == ["x", "late", "p"]
    assert leftovers(engine) == []
