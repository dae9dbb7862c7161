"""Business rule tasks and deployed decisions (rule 73)."""

from __future__ import annotations

import pytest

from remit import Engine, Refused
from remit.base.errors import RejectionType
from remit.protocol import commands as c
from remit.protocol.replies import DecisionEvaluated
from tests.support.model import DISH, Model
from tests.support.story import leftovers, story

BROKEN = DISH.replace(b"<decisionTable", b'<decisionTable hitPolicy="UNIQUE"').replace(
    b'<text>"Winter"</text>', b"<text>-</text>"
)


def deciding(**attributes: str) -> Model:
    model = Model("p").start("s").decide("d", "dish", "food", **attributes).end("e")
    return model.path("s", "d", "e")


@pytest.mark.proves("business rule task", "decision")
def test_a_business_rule_task_evaluates_and_its_result_goes_on(engine: Engine) -> None:
    engine.deploy(("dish.dmn", DISH), ("p.bpmn", deciding().xml()))

    assert engine.create_with_result("p", {"season": "Winter"}) == {
        "season": "Winter",
        "food": "Roastbeef",
    }
    assert "DECISION_EVALUATION EVALUATED" in story(engine)


def test_a_decision_that_is_not_there_is_an_incident_until_it_is(engine: Engine) -> None:
    engine.deploy(("p.bpmn", deciding().xml()))
    engine.create("p", {"season": "Fall"})
    (incident,) = engine.state.incidents.rows.values()
    assert incident.error_type == "CALLED_DECISION_ERROR"

    engine.deploy(("dish.dmn", DISH))
    engine.resolve_incident(incident.key)

    assert "VARIABLE CREATED food=Spareribs" in story(engine)


def test_a_decision_that_fails_is_an_incident_with_its_record(engine: Engine) -> None:
    engine.deploy(("dish.dmn", BROKEN), ("p.bpmn", deciding().xml()))
    instance = engine.create("p", {"season": "Fall"}).key
    (incident,) = engine.state.incidents.rows.values()
    assert incident.error_type == "DECISION_EVALUATION_ERROR"
    assert "DECISION_EVALUATION FAILED" in story(engine)

    engine.set_variables(instance, {"season": "Winter"})
    engine.resolve_incident(incident.key)

    assert "VARIABLE CREATED food=Roastbeef" in story(engine)


def test_rule_84_only_a_changed_file_makes_a_new_version(engine: Engine) -> None:
    first = engine.deploy(("dish.dmn", DISH)).resources
    same = engine.deploy(("dish.dmn", DISH)).resources
    changed = engine.deploy(("dish.dmn", DISH.replace(b"Roastbeef", b"Stew"))).resources

    assert [each.version for each in same] == [1, 1]
    assert [each.key for each in same] == [each.key for each in first]
    assert [each.version for each in changed] == [2, 2]


def test_a_deployment_binding_keeps_its_own_version(engine: Engine) -> None:
    model = deciding(bindingType="deployment")
    engine.deploy(("dish.dmn", DISH), ("p.bpmn", model.xml()))
    engine.deploy(("dish.dmn", DISH.replace(b"Roastbeef", b"Stew")))

    result = engine.create_with_result("p", {"season": "Winter"})

    assert result["food"] == "Roastbeef"


def test_evaluation_by_key_by_id_and_by_neither(engine: Engine) -> None:
    _, decision = engine.deploy(("dish.dmn", DISH)).resources
    variables = {"season": "Fall"}

    by_key = engine.execute(c.EvaluateDecision(decision.key, "", variables), DecisionEvaluated)
    by_id = engine.execute(c.EvaluateDecision(-1, "dish", variables), DecisionEvaluated)
    with pytest.raises(Refused) as fault:
        engine.execute(c.EvaluateDecision(), DecisionEvaluated)

    assert by_key.evaluation["output"] == by_id.evaluation["output"] == "Spareribs"
    assert fault.value.reply.type is RejectionType.INVALID_ARGUMENT
    assert leftovers(engine) == []


def test_a_wrong_file_is_refused_with_its_findings(engine: Engine) -> None:
    with pytest.raises(Refused, match=r"dish\.dmn"):
        engine.deploy(("dish.dmn", DISH.replace(b">season<", b">season +<")))
