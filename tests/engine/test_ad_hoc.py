"""Ad-hoc sub-processes: what begins in them, and when they end (rule 74, B16)."""

from __future__ import annotations

from typing import Any

import pytest

from remit import Engine, Refused
from remit.base.errors import RejectionType
from remit.protocol.values import (
    ActivatedJob,
    AdHocActivation,
    JobKind,
)
from tests.support.model import Model
from tests.support.story import elements, leftovers

INNER = "adhoc#innerInstance"


def model(active: str = "", **options: Any) -> Model:
    """Three jobs in an ad-hoc sub-process: `a` leads to `b`; `c` stands alone."""
    built = Model("p").start("s")
    with built.ad_hoc("adhoc", active, **options):
        built.service("a", "a").service("b", "b").path("a", "b").service("c", "c")
    return built.end("e").path("s", "adhoc", "e")


def deployed(engine: Engine, built: Model, **variables: Any) -> int:
    engine.deploy(("p.bpmn", built.xml()))
    return engine.create("p", variables).key


def key_of(engine: Engine, element: str) -> int:
    (found,) = [row.key for row in engine.state.elements.rows.values() if row.element == element]
    return found


def work(engine: Engine, job_type: str, variables: dict[str, Any] | None = None) -> None:
    (job,) = engine.activate(job_type)
    engine.complete(job.job.key, variables)


def waiting(engine: Engine) -> list[str]:
    """The elements that have jobs."""
    return sorted(job.element for job in engine.state.jobs.rows.values())


def incidents(engine: Engine) -> list[str]:
    return [row.error_message for row in engine.state.incidents.rows.values()]


# --- what begins ---


@pytest.mark.proves("ad-hoc sub-process", "active elements")
def test_the_active_elements_begin_each_in_an_inner_instance(engine: Engine) -> None:
    deployed(engine, model('=["a", "c"]'))

    assert waiting(engine) == ["a", "c"]
    assert elements(engine).count(f"ELEMENT_ACTIVATED {INNER}") == 2
    for job_type in ("a", "c", "b"):
        work(engine, job_type)
    assert "ELEMENT_COMPLETED p" in elements(engine)
    assert leftovers(engine) == []


def test_an_inner_instance_ends_when_all_that_followed_has_ended(engine: Engine) -> None:
    deployed(engine, model('=["a"]'))
    work(engine, "a")

    assert f"ELEMENT_COMPLETED {INNER}" not in elements(engine)
    work(engine, "b")
    told = elements(engine)
    assert told.index("ELEMENT_COMPLETED b") < told.index(f"ELEMENT_COMPLETED {INNER}")
    assert told.index(f"ELEMENT_COMPLETED {INNER}") < told.index("ELEMENT_COMPLETING adhoc")


def test_without_active_elements_it_waits_for_a_command(engine: Engine) -> None:
    deployed(engine, model())

    assert waiting(engine) == []
    assert "ELEMENT_ACTIVATED adhoc" in elements(engine)
    assert "ELEMENT_COMPLETED adhoc" not in elements(engine)


@pytest.mark.parametrize(
    ("active", "said"),
    [('="a"', "to be a list of element ids"), ('=["b"]', "to name elements that can be activated")],
)
def test_active_elements_that_are_none_make_an_incident(
    engine: Engine, active: str, said: str
) -> None:
    deployed(engine, model(active))

    (message,) = incidents(engine)
    assert said in message
    assert waiting(engine) == []


def test_an_incident_of_the_active_elements_is_resolved_with_another_list(engine: Engine) -> None:
    key = deployed(engine, model("=wanted"), wanted=["nothing"])
    (incident,) = engine.state.incidents.rows
    engine.set_variables(key, {"wanted": ["c"]})
    engine.resolve_incident(incident)

    assert waiting(engine) == ["c"]


@pytest.mark.proves("ad-hoc sub-process", "API activation")
def test_a_command_begins_elements_with_variables_of_their_own(engine: Engine) -> None:
    deployed(engine, model())
    adhoc = key_of(engine, "adhoc")
    engine.activate_ad_hoc(adhoc, AdHocActivation("c", {"n": 1}), "a")

    (job,) = engine.activate("c")
    assert job.variables["n"] == 1
    (other,) = engine.activate("a")
    assert "n" not in other.variables


def test_a_command_can_end_what_is_active_first(engine: Engine) -> None:
    deployed(engine, model('=["a"]'))
    engine.activate_ad_hoc(key_of(engine, "adhoc"), "c", cancel_remaining=True)

    assert waiting(engine) == ["c"]
    work(engine, "c")
    assert "ELEMENT_COMPLETED p" in elements(engine)
    assert leftovers(engine) == []


def test_an_activation_names_what_is_wrong_with_it(engine: Engine) -> None:
    deployed(engine, model('=["a"]'))
    adhoc = key_of(engine, "adhoc")
    for wanted, kind, said in (
        ((adhoc, "b"), RejectionType.NOT_FOUND, "['b'] do not exist or cannot be activated"),
        ((adhoc, "c", "c"), RejectionType.INVALID_ARGUMENT, "['c'] are given more than once"),
        ((adhoc,), RejectionType.INVALID_ARGUMENT, "no elements were given"),
        ((key_of(engine, "a"), "c"), RejectionType.NOT_FOUND, "no ad-hoc sub-process instance"),
        ((17, "c"), RejectionType.NOT_FOUND, "found with key '17'"),
    ):
        with pytest.raises(Refused) as fault:
            engine.activate_ad_hoc(*wanted)
        assert fault.value.reply.type is kind
        assert said in str(fault.value)
    assert waiting(engine) == ["a"]


def test_in_sequence_one_begins_when_the_one_before_has_ended(engine: Engine) -> None:
    deployed(engine, model('=["a", "c"]', ordering="Sequential"))

    assert waiting(engine) == ["a"]
    work(engine, "a")
    work(engine, "b")
    assert waiting(engine) == ["c"]
    work(engine, "c")
    assert "ELEMENT_COMPLETED p" in elements(engine)
    assert leftovers(engine) == []


def test_a_modification_places_a_token_inside(engine: Engine) -> None:
    key = deployed(engine, model('=["a"]'))
    engine.modify(key, activate=["b"], terminate=[key_of(engine, "a")])

    assert waiting(engine) == ["b"]
    work(engine, "b")
    assert "ELEMENT_COMPLETED p" in elements(engine)


def test_a_modification_opens_it_at_a_chosen_element(engine: Engine) -> None:
    engine.deploy(("p.bpmn", model('=["a"]').xml()))
    engine.create("p", start=["b"])

    assert waiting(engine) == ["b"]
    work(engine, "b")
    assert "ELEMENT_COMPLETED p" in elements(engine)
    assert leftovers(engine) == []


# --- when it ends ---


@pytest.mark.proves("ad-hoc sub-process", "completion condition")
def test_the_condition_is_asked_after_each_end_and_the_rest_is_ended(engine: Engine) -> None:
    deployed(engine, model('=["a", "c"]', until="=done"), done=False)
    work(engine, "a")
    work(engine, "b")
    assert "ELEMENT_COMPLETED adhoc" not in elements(engine)
    engine.activate_ad_hoc(key_of(engine, "adhoc"), "a")
    work(engine, "c", {"done": True})

    told = elements(engine)
    assert told.index("ELEMENT_TERMINATED a") < told.index("ELEMENT_COMPLETING adhoc")
    assert "ELEMENT_COMPLETED p" in elements(engine)
    assert leftovers(engine) == []


def test_what_remains_may_end_by_itself(engine: Engine) -> None:
    deployed(
        engine, model('=["a", "c"]', until="=done", cancelRemainingInstances="false"), done=False
    )
    work(engine, "c", {"done": True})
    assert waiting(engine) == ["a"]
    with pytest.raises(Refused, match="about to end"):
        engine.activate_ad_hoc(key_of(engine, "adhoc"), "c")

    work(engine, "a")
    work(engine, "b")
    assert "ELEMENT_COMPLETED p" in elements(engine)
    assert leftovers(engine) == []


def test_while_the_condition_is_false_it_stays_active_with_nothing_in_it(engine: Engine) -> None:
    deployed(engine, model('=["c"]', until="=done"), done=False)
    work(engine, "c")
    assert "ELEMENT_COMPLETED adhoc" not in elements(engine)

    engine.activate_ad_hoc(key_of(engine, "adhoc"), "c")
    work(engine, "c", {"done": True})
    assert "ELEMENT_COMPLETED p" in elements(engine)


def test_a_condition_that_is_no_boolean_is_an_incident_and_asked_again(engine: Engine) -> None:
    key = deployed(engine, model('=["c"]', until="=done"))
    work(engine, "c")
    (message,) = incidents(engine)
    assert "completion condition 'done'" in message
    assert "true or false" in message

    engine.set_variables(key, {"done": True})
    (incident,) = engine.state.incidents.rows
    engine.resolve_incident(incident)
    assert "ELEMENT_COMPLETED p" in elements(engine)
    assert leftovers(engine) == []


def test_results_are_collected_in_the_order_of_their_ends(engine: Engine) -> None:
    deployed(engine, model('=["a", "c"]', output=("results", "=x")))
    work(engine, "c", {"x": 2})
    work(engine, "a")
    work(engine, "b", {"x": 1})

    (event,) = [
        each
        for each in engine.events()
        if getattr(each, "name", "") == "results" and each.scope == each.instance
    ]
    assert event.value == [2, 1]


def test_an_event_sub_process_interrupts_it(engine: Engine) -> None:
    built = Model("p").start("s")
    with built.ad_hoc("adhoc", '=["a", "a2"]', ordering="Sequential"):
        built.service("a", "a").service("a2", "a2")
        with built.sub_process("on-stop", by_event=True):
            built.start("stop", built.message("stop", '="k"')).end("stopped")
            built.path("stop", "stopped")
    built.end("e").path("s", "adhoc", "e")
    deployed(engine, built)
    engine.publish("stop", "k")

    assert "ELEMENT_TERMINATED a" in elements(engine)
    assert "ELEMENT_ACTIVATED a2" not in elements(engine)
    assert "ELEMENT_COMPLETED p" in elements(engine)
    assert leftovers(engine) == []


def test_a_boundary_event_ends_it_with_what_waits_inside(engine: Engine) -> None:
    built = model('=["a", "c"]', ordering="Sequential")
    built.boundary("late", "adhoc", built.timer("duration", "PT1H")).end("e2").path("late", "e2")
    deployed(engine, built)
    engine.advance(seconds=3600)

    assert "ELEMENT_TERMINATED adhoc" in elements(engine)
    assert "ELEMENT_ACTIVATED c" not in elements(engine)
    assert "ELEMENT_COMPLETED p" in elements(engine)
    assert leftovers(engine) == []


def test_migration_takes_the_inner_instances_along(engine: Engine) -> None:
    key = deployed(engine, model('=["a"]'))
    deployment = engine.deploy(("p.bpmn", model('=["c"]').xml()))
    engine.migrate(key, deployment.resources[0].key, {"adhoc": "adhoc", "a": "a"})
    work(engine, "a")
    work(engine, "b")

    assert "ELEMENT_COMPLETED p" in elements(engine)
    assert leftovers(engine) == []


# --- what workers are told, and what they say ---


def test_its_elements_are_described_with_what_they_ask_of_an_agent(engine: Engine) -> None:
    built = Model("p").start("s")
    with built.ad_hoc("adhoc", job_type="agent"):
        ask = '=fromAi(toolCall.url, "where to", "string", {enum: ["x"]})'
        built.service("fetch", "fetch", inputs={"url": ask})
    built.end("e").path("s", "adhoc", "e")
    deployed(engine, built)

    (job,) = engine.activate("agent")
    assert job.variables["adHocSubProcessElements"] == [
        {
            "elementId": "fetch",
            "elementName": None,
            "documentation": None,
            "properties": {},
            "parameters": [
                {
                    "name": "url", "description": "where to", "type": "string",
                    "schema": {"enum": ["x"]}, "options": None,
                }
            ],
        }
    ]  # fmt: skip


def answer(engine: Engine, job: ActivatedJob, *wanted: AdHocActivation, **flags: bool) -> None:
    elements_wanted = [{"elementId": w.element, "variables": w.variables} for w in wanted]
    engine.complete(
        job.job.key,
        result={"type": "adHocSubProcess", "activateElements": elements_wanted, **flags},
    )


@pytest.mark.proves("ad-hoc sub-process", "by a worker")
def test_a_worker_says_what_begins_and_when_it_is_complete(engine: Engine) -> None:
    deployed(engine, model(job_type="agent"))
    (job,) = engine.activate("agent")
    assert job.job.kind is JobKind.AD_HOC_SUB_PROCESS
    answer(engine, job, AdHocActivation("c", {"tool": "x"}))
    assert waiting(engine) == ["c"]
    (inner,) = engine.activate("c")
    assert inner.variables["tool"] == "x"
    engine.complete(inner.job.key, {"found": 1})

    (again,) = engine.activate("agent")
    assert again.variables["found"] == 1
    answer(engine, again, isCompletionConditionFulfilled=True)
    assert "ELEMENT_COMPLETED p" in elements(engine)
    assert leftovers(engine) == []


def test_an_unanswered_job_is_replaced_when_an_element_has_ended(engine: Engine) -> None:
    deployed(engine, model(job_type="agent"))
    (job,) = engine.activate("agent")
    answer(engine, job, AdHocActivation("c"), AdHocActivation("a"))
    work(engine, "c")
    (first,) = engine.activate("agent")
    work(engine, "a")
    work(engine, "b")
    (second,) = engine.activate("agent")

    with pytest.raises(Refused, match="no such job was found"):
        answer(engine, first)
    answer(engine, second, isCompletionConditionFulfilled=True)
    assert "ELEMENT_COMPLETED p" in elements(engine)


def test_a_worker_can_end_what_remains(engine: Engine) -> None:
    deployed(engine, model(job_type="agent"))
    (job,) = engine.activate("agent")
    answer(engine, job, AdHocActivation("c"), AdHocActivation("a"))
    work(engine, "c")
    (again,) = engine.activate("agent")
    answer(engine, again, isCompletionConditionFulfilled=True, isCancelRemainingInstances=True)

    assert "ELEMENT_TERMINATED a" in elements(engine)
    assert "ELEMENT_COMPLETED p" in elements(engine)
    assert leftovers(engine) == []


def test_a_wrong_answer_of_a_worker_is_refused_and_changes_nothing(engine: Engine) -> None:
    deployed(engine, model(job_type="agent"))
    (job,) = engine.activate("agent")
    before = list(engine.events())
    with pytest.raises(Refused, match="do not exist or cannot be activated"):
        answer(engine, job, AdHocActivation("nobody"))
    with pytest.raises(Refused, match="to have type 'adHocSubProcess', but it has 'userTask'"):
        engine.complete(job.job.key, result={"type": "userTask"})

    assert list(engine.events()) == before
    assert waiting(engine) == ["adhoc"]


def test_a_failed_worker_without_retries_makes_an_incident_of_its_own_type(engine: Engine) -> None:
    deployed(engine, model(job_type="agent"))
    (job,) = engine.activate("agent")
    engine.fail(job.job.key, retries=0, message="no answer")

    (incident,) = engine.state.incidents.rows.values()
    assert incident.error_type == "AD_HOC_SUB_PROCESS_NO_RETRIES"
