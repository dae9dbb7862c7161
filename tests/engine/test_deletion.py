"""Deleting resources (rules 31, 87), and conditional start events."""

from __future__ import annotations

import pytest

from remit import Engine, Refused
from remit.base.errors import RejectionType
from remit.protocol import commands as c
from remit.protocol.replies import DecisionEvaluated, Done, InstancesStarted
from tests.support.model import DISH, Model, one_task
from tests.support.story import completed, story


def start_by_signal(end: str) -> bytes:
    model = Model("p")
    return model.start("s", model.signal("go")).end(end).path("s", end).xml()


def refused(engine: Engine, command: c.Command) -> RejectionType:
    with pytest.raises(Refused) as fault:
        engine.execute(command, Done)
    return fault.value.reply.type


def test_nothing_new_is_made_of_a_deleted_process_and_what_runs_goes_on(engine: Engine) -> None:
    key = engine.deploy(("one.bpmn", one_task().xml())).resources[0].key
    engine.create("one")
    engine.delete_resource(key)

    assert story(engine, "RESOURCE_DELETION") == [
        "RESOURCE_DELETION DELETING", "RESOURCE_DELETION DELETED",
    ]  # fmt: skip
    assert refused(engine, c.CreateInstance(process_id="one")) is RejectionType.NOT_FOUND
    assert refused(engine, c.CreateInstance(definition=key)) is RejectionType.NOT_FOUND
    (job,) = engine.activate("work")
    engine.complete(job.job.key)
    assert completed(engine)[-1] == "one"


def test_a_deleted_version_number_is_not_given_again(engine: Engine) -> None:
    key = engine.deploy(("one.bpmn", one_task().xml())).resources[0].key
    engine.delete_resource(key)
    assert engine.deploy(("one.bpmn", one_task().xml())).resources[0].version == 2


def test_rule_31_the_version_before_takes_its_start_events_over_again(engine: Engine) -> None:
    engine.deploy(("p.bpmn", start_by_signal("first")))
    second = engine.deploy(("p.bpmn", start_by_signal("second"))).resources[0].key
    engine.delete_resource(second)
    engine.broadcast("go")

    assert "first" in completed(engine)
    assert "second" not in completed(engine)


def test_the_start_timer_of_the_version_before_runs_again(engine: Engine) -> None:
    def timed(end: str) -> bytes:
        model = Model("p").start("s", Model.timer("cycle", "R/PT1H")).end(end)
        return model.path("s", end).xml()

    engine.deploy(("p.bpmn", timed("first")))
    second = engine.deploy(("p.bpmn", timed("second"))).resources[0].key
    engine.delete_resource(second)
    engine.advance(seconds=3601)
    assert completed(engine) == ["s", "first", "p"]


def test_decisions_and_forms_are_deleted(engine: Engine) -> None:
    deployed = engine.deploy(("d.dmn", DISH), ("f.form", b'{"id": "f"}')).resources
    for each in deployed:
        if each.kind in ("decisionRequirements", "form"):
            engine.delete_resource(each.key)

    assert not engine.state.decisions.rows
    assert not engine.state.forms.rows
    with pytest.raises(Refused):
        engine.execute(c.EvaluateDecision(decision_id="dish"), DecisionEvaluated)


def test_what_is_not_there_can_not_be_deleted(engine: Engine) -> None:
    key = engine.deploy(("one.bpmn", one_task().xml())).resources[0].key
    assert refused(engine, c.DeleteResource(4711)) is RejectionType.NOT_FOUND
    engine.delete_resource(key)
    assert refused(engine, c.DeleteResource(key)) is RejectionType.NOT_FOUND


def test_a_conditional_start_makes_an_instance_when_it_holds(engine: Engine) -> None:
    model = Model("p").start("s", Model.condition("=x > 5")).end("e").path("s", "e")
    engine.deploy(("p.bpmn", model.xml()))

    none = engine.execute(c.EvaluateConditional(variables={"x": 1}), InstancesStarted)
    one = engine.execute(c.EvaluateConditional(variables={"x": 9}), InstancesStarted)
    assert (len(none.instances), len(one.instances)) == (0, 1)
    assert completed(engine) == ["s", "e", "p"]
    assert "VARIABLE CREATED x=9" in story(engine)
