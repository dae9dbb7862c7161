"""Tasks done by workers, and the life of their jobs (rules 75-80)."""

from __future__ import annotations

import pytest

from remit import Engine, Refused
from remit.base.errors import RejectionType
from remit.protocol import commands as c
from remit.protocol.replies import Done
from tests.support.model import Model, one_task
from tests.support.story import completed, elements, leftovers, story


def deployed(engine: Engine, model: Model) -> Engine:
    engine.deploy((f"{model.id}.bpmn", model.xml()))
    return engine


def refusal(fault: pytest.ExceptionInfo[Refused]) -> RejectionType:
    return fault.value.reply.type


def incident_of(engine: Engine) -> int:
    return next(iter(engine.state.incidents.rows))


@pytest.mark.proves("service task")
@pytest.mark.proves("none event", "start")
@pytest.mark.proves("none event", "end")
def test_rule_92_every_element_goes_through_its_whole_life_in_order(engine: Engine) -> None:
    deployed(engine, one_task())
    engine.create("one")
    (job,) = engine.activate("work")
    engine.complete(job.job.key)

    assert elements(engine) == [
        "ELEMENT_ACTIVATING one",
        "ELEMENT_ACTIVATED one",
        "ELEMENT_ACTIVATING s",
        "ELEMENT_ACTIVATED s",
        "ELEMENT_COMPLETING s",
        "ELEMENT_COMPLETED s",
        "SEQUENCE_FLOW_TAKEN s-a-1",
        "ELEMENT_ACTIVATING a",
        "ELEMENT_ACTIVATED a",
        "ELEMENT_COMPLETING a",
        "ELEMENT_COMPLETED a",
        "SEQUENCE_FLOW_TAKEN a-e-2",
        "ELEMENT_ACTIVATING e",
        "ELEMENT_ACTIVATED e",
        "ELEMENT_COMPLETING e",
        "ELEMENT_COMPLETED e",
        "ELEMENT_COMPLETING one",
        "ELEMENT_COMPLETED one",
    ]
    assert leftovers(engine) == []


def test_a_job_carries_headers_retries_and_the_visible_variables(engine: Engine) -> None:
    model = Model("p").start("s").end("e")
    model.service("a", "work", retries="=1 + 4", headers={"url": "there"})
    deployed(engine, model.path("s", "a", "e"))

    engine.create("p", {"x": 1, "y": {"z": [1.5, None]}})
    (activated,) = engine.activate("work", worker="me", timeout_ms=500)

    assert activated.variables == {"x": 1, "y": {"z": [1.5, None]}}
    assert activated.job.headers == {"url": "there"}
    assert activated.job.retries == 5
    assert activated.job.worker == "me"
    assert activated.job.deadline == engine.now + 500


def test_fetch_variables_names_what_the_worker_gets(engine: Engine) -> None:
    deployed(engine, one_task()).create("one", {"x": 1, "y": 2})

    (job,) = engine.activate("work", fetch_variables=["y", "nothing"])

    assert job.variables == {"y": 2}


def test_rule_78_jobs_are_handed_out_oldest_first(engine: Engine) -> None:
    deployed(engine, one_task())
    for number in range(5):
        engine.create("one", {"number": number})

    first = engine.activate("work", limit=2)
    rest = engine.activate("work", limit=10)

    assert [job.variables["number"] for job in (*first, *rest)] == [0, 1, 2, 3, 4]


@pytest.mark.proves("script task", "by a worker")
@pytest.mark.proves("business rule task", "by a worker")
@pytest.mark.proves("send task", "by a worker")
@pytest.mark.parametrize("tag", ["sendTask", "scriptTask", "businessRuleTask"])
def test_other_tasks_with_a_job_type_wait_for_their_worker(engine: Engine, tag: str) -> None:
    model = Model("p").start("s").service("a", "work", tag=tag).end("e").path("s", "a", "e")
    deployed(engine, model).create("p")

    (job,) = engine.activate("work")
    engine.complete(job.job.key)

    assert completed(engine)[-1] == "p"


@pytest.mark.proves("user task", "as a job")
def test_a_user_task_is_a_job_of_the_type_that_task_lists_poll(engine: Engine) -> None:
    deployed(engine, Model("p").start("s").user("u").end("e").path("s", "u", "e")).create("p")

    (job,) = engine.activate("io.camunda.zeebe:userTask")

    assert job.job.element == "u"


@pytest.mark.proves("manual task")
@pytest.mark.proves("undefined task")
@pytest.mark.parametrize("tag", ["manualTask", "task"])
def test_manual_and_undefined_tasks_pass_through(engine: Engine, tag: str) -> None:
    model = Model("p").start("s").plain(tag, "t").end("e").path("s", "t", "e")
    deployed(engine, model)

    assert engine.create_with_result("p", {"x": 1}) == {"x": 1}
    assert completed(engine) == ["s", "t", "e", "p"]


def test_rule_75_a_completion_after_the_time_out_is_accepted(engine: Engine) -> None:
    deployed(engine, one_task()).create("one")
    (job,) = engine.activate("work", timeout_ms=1000)

    engine.advance(seconds=2)
    engine.complete(job.job.key)

    assert "JOB TIMED_OUT" in story(engine)
    assert completed(engine)[-1] == "one"


def test_a_second_completion_is_refused_and_emits_nothing(engine: Engine) -> None:
    deployed(engine, one_task()).create("one")
    (job,) = engine.activate("work")
    engine.complete(job.job.key)
    before = story(engine)

    with pytest.raises(Refused) as fault:
        engine.complete(job.job.key)

    assert refusal(fault) is RejectionType.NOT_FOUND
    assert f"'{job.job.key}'" in str(fault.value)
    assert story(engine) == before


def test_rule_76_a_timed_out_job_goes_to_the_next_worker_with_its_retries(engine: Engine) -> None:
    deployed(engine, one_task()).create("one")
    engine.activate("work", timeout_ms=1000)
    assert engine.activate("work") == ()

    engine.advance(seconds=1)
    (again,) = engine.activate("work")

    assert again.job.retries == 3


def test_rule_77_a_failed_job_with_retries_is_there_again_at_once(engine: Engine) -> None:
    deployed(engine, one_task()).create("one")
    (job,) = engine.activate("work")

    engine.fail(job.job.key, retries=1, message="no luck")
    (again,) = engine.activate("work")

    assert (again.job.retries, again.job.error_message) == (1, "no luck")


def test_a_failed_job_with_a_back_off_is_there_when_that_is_over(engine: Engine) -> None:
    deployed(engine, one_task()).create("one")
    (job,) = engine.activate("work")

    engine.fail(job.job.key, retries=1, backoff_ms=5000)
    engine.advance(seconds=4)
    early = engine.activate("work")
    engine.advance(seconds=1)

    assert early == ()
    assert len(engine.activate("work")) == 1


def test_rule_80_no_retries_left_is_an_incident_that_needs_retries_first(engine: Engine) -> None:
    deployed(engine, one_task()).create("one")
    (job,) = engine.activate("work")
    engine.fail(job.job.key, retries=0, message="gave up")
    incident = incident_of(engine)
    assert engine.state.incidents[incident].error_type == "JOB_NO_RETRIES"
    assert engine.state.incidents[incident].error_message == "gave up"

    with pytest.raises(Refused) as fault:
        engine.resolve_incident(incident)
    assert refusal(fault) is RejectionType.INVALID_STATE

    engine.execute(c.UpdateJobRetries(job.job.key, 2), Done)
    engine.resolve_incident(incident)
    (again,) = engine.activate("work")
    engine.complete(again.job.key)

    assert leftovers(engine) == []


def test_a_job_in_an_incident_can_not_be_completed_or_failed(engine: Engine) -> None:
    deployed(engine, one_task()).create("one")
    (job,) = engine.activate("work")
    engine.fail(job.job.key, retries=0)

    with pytest.raises(Refused) as completing:
        engine.complete(job.job.key)
    with pytest.raises(Refused) as failing:
        engine.fail(job.job.key, retries=1)

    assert refusal(completing) is refusal(failing) is RejectionType.INVALID_STATE


def test_retries_are_updated_with_a_positive_number_only(engine: Engine) -> None:
    deployed(engine, one_task()).create("one")
    (job,) = engine.activate("work")

    with pytest.raises(Refused) as fault:
        engine.execute(c.UpdateJobRetries(job.job.key, 0), Done)

    assert refusal(fault) is RejectionType.INVALID_ARGUMENT


def test_the_time_out_of_an_active_job_is_moved(engine: Engine) -> None:
    deployed(engine, one_task()).create("one")
    (job,) = engine.activate("work", timeout_ms=1000)

    engine.execute(c.UpdateJobTimeout(job.job.key, 10_000), Done)
    engine.advance(seconds=5)

    assert engine.activate("work") == ()


def test_the_time_out_of_a_waiting_job_can_not_be_moved(engine: Engine) -> None:
    deployed(engine, one_task()).create("one")
    key = next(iter(engine.state.jobs.rows))

    with pytest.raises(Refused) as fault:
        engine.execute(c.UpdateJobTimeout(key, 10_000), Done)

    assert refusal(fault) is RejectionType.INVALID_STATE


def test_a_job_type_that_is_no_string_is_an_incident_that_resolves(engine: Engine) -> None:
    model = Model("p").start("s").service("a", "=kind").end("e").path("s", "a", "e")
    deployed(engine, model)
    instance = engine.create("p").key
    incident = incident_of(engine)
    assert engine.state.incidents[incident].error_type == "EXTRACT_VALUE_ERROR"

    engine.set_variables(instance, {"kind": "found"})
    engine.resolve_incident(incident)

    assert len(engine.activate("found")) == 1


@pytest.mark.parametrize(
    ("job_type", "timeout", "limit", "said"),
    [
        ("", 1, 1, "type"),
        (" ", 1, 1, "type"),
        ("a", 0, 1, "timeout"),
        ("a", 1, 0, "number of jobs"),
    ],
)
def test_an_activation_that_can_not_be_is_refused(
    engine: Engine, job_type: str, timeout: int, limit: int, said: str
) -> None:
    with pytest.raises(Refused, match=said) as fault:
        engine.activate(job_type, timeout_ms=timeout, limit=limit)

    assert refusal(fault) is RejectionType.INVALID_ARGUMENT


def test_rule_79_a_job_too_large_to_deliver_is_an_incident_and_the_others_go_on(
    engine: Engine,
) -> None:
    deployed(engine, one_task())
    engine.create("one", {"x": "y" * (5 * 1024 * 1024)})
    engine.create("one", {"x": "small"})

    jobs = engine.activate("work", limit=10)

    assert [job.variables for job in jobs] == [{"x": "small"}]
    (incident,) = engine.state.incidents.rows.values()
    assert incident.error_type == "MESSAGE_SIZE_EXCEEDED"


def test_a_user_task_done_as_a_job_has_its_attributes_as_headers(engine: Engine) -> None:
    form = engine.deploy(("f.form", b'{"id": "ok", "type": "default"}')).resources[0].key
    model = (
        Model("p")
        .start("s")
        .part(
            '<userTask id="u"><extensionElements>'
            '<zeebe:assignmentDefinition assignee="=boss" candidateGroups="=groups" '
            'candidateUsers="ada, bob"/><zeebe:taskSchedule dueDate="=due"/>'
            '<zeebe:formDefinition formId="ok"/>'
            '<zeebe:taskHeaders><zeebe:header key="own" value="1"/></zeebe:taskHeaders>'
            "</extensionElements></userTask>"
        )
    )
    deployed(engine, model.end("e").path("s", "u", "e"))
    engine.create("p", {"boss": "eve", "groups": ["x"], "due": "2026-11-22T10:00:00Z"})

    (job,) = engine.activate("io.camunda.zeebe:userTask")
    assert job.job.headers == {
        "own": "1",
        "io.camunda.zeebe:assignee": "eve",
        "io.camunda.zeebe:candidateGroups": '["x"]',
        "io.camunda.zeebe:candidateUsers": '["ada", "bob"]',
        "io.camunda.zeebe:dueDate": "2026-11-22T10:00:00Z",
        "io.camunda.zeebe:formKey": str(form),
    }
