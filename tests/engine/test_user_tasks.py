"""User tasks of the engine's own: life, attributes, commands, listeners (rule 83)."""

from __future__ import annotations

from typing import Any

import pytest

from remit import Engine, Refused
from remit.base.errors import RejectionType
from remit.protocol import commands as c
from remit.protocol.replies import Done
from remit.protocol.values import JobKind, UserTask
from tests.support.model import Model
from tests.support.story import completed, elements, leftovers, story

FORM = b'{"id": "approve", "type": "default", "components": []}'


def process(*listeners: tuple[str, str], **attributes: Any) -> bytes:
    model = Model("p").start("s").native_user("t", *listeners, **attributes).end("e")
    return model.path("s", "t", "e").xml()


def task_of(engine: Engine) -> UserTask:
    (task,) = engine.state.user_tasks.rows.values()
    return task


def tasks_told(engine: Engine) -> list[str]:
    return [line.removeprefix("USER_TASK ") for line in story(engine, "USER_TASK")]


def refused(engine: Engine, command: c.Command) -> RejectionType:
    with pytest.raises(Refused) as fault:
        engine.execute(command, Done)
    return fault.value.reply.type


# --- life ---


@pytest.mark.proves("user task", "of the engine's own")
def test_a_task_is_created_and_completed_with_its_variables(engine: Engine) -> None:
    engine.deploy(("p.bpmn", process()))
    engine.create("p")
    engine.complete_user_task(task_of(engine).key, {"ok": True})

    assert tasks_told(engine) == ["CREATING", "CREATED", "COMPLETING", "COMPLETED"]
    assert "VARIABLE CREATED ok=True" in story(engine)
    assert completed(engine)[-1] == "p"
    assert leftovers(engine) == []


def test_who_it_is_meant_for_gets_it_by_an_assignment(engine: Engine) -> None:
    engine.deploy(("p.bpmn", process(assignment={"assignee": "=boss"})))
    engine.create("p", {"boss": "ada"})

    assert tasks_told(engine) == ["CREATING", "CREATED", "ASSIGNING", "ASSIGNED"]
    assert task_of(engine).assignee == "ada"


def test_all_attributes_are_evaluated(engine: Engine) -> None:
    xml = process(
        assignment={"candidateGroups": '=["a", "b"]', "candidateUsers": "x, y"},
        schedule={"dueDate": "2026-11-21T10:00:00Z", "followUpDate": '="2026-11-20T10:00:00Z"'},
        priority="=40 + 2",
        form="approve",
    )
    deployed = engine.deploy(("f.form", FORM), ("p.bpmn", xml)).resources
    engine.create("p")

    task = task_of(engine)
    assert (task.candidate_groups, task.candidate_users) == (("a", "b"), ("x", "y"))
    assert (task.due_date, task.follow_up_date) == ("2026-11-21T10:00:00Z", "2026-11-20T10:00:00Z")
    assert task.priority == 42
    assert task.form_key == next(each.key for each in deployed if each.kind == "form")


@pytest.mark.parametrize(
    ("attributes", "error_type"),
    [
        ({"priority": "=far"}, "EXTRACT_VALUE_ERROR"),
        ({"schedule": {"dueDate": "=soon"}}, "EXTRACT_VALUE_ERROR"),
        ({"assignment": {"assignee": "=1"}}, "EXTRACT_VALUE_ERROR"),
        ({"form": "nowhere"}, "FORM_NOT_FOUND"),
    ],
)
def test_an_attribute_that_makes_no_sense_is_an_incident(
    engine: Engine, attributes: dict[str, Any], error_type: str
) -> None:
    engine.deploy(("p.bpmn", process(**attributes)))
    engine.create("p", {"far": 500, "soon": "soon"})

    (incident,) = engine.state.incidents.rows.values()
    assert incident.error_type == error_type
    assert not engine.state.user_tasks.rows


def test_an_interrupted_task_is_canceled(engine: Engine) -> None:
    model = Model("p").start("s").native_user("t").end("e").end("f").path("s", "t", "e")
    model.boundary("b", "t", Model.timer("duration", "PT1S")).path("b", "f")
    engine.deploy(("p.bpmn", model.xml()))
    engine.create("p")
    engine.advance(seconds=1)

    assert tasks_told(engine)[-2:] == ["CANCELING", "CANCELED"]
    assert completed(engine)[-1] == "p"
    assert leftovers(engine) == []


def test_every_item_of_a_multi_instance_task_is_a_task(engine: Engine) -> None:
    model = Model("p").start("s").native_user("t").repeat("=[1, 2, 3]").end("e")
    engine.deploy(("p.bpmn", model.path("s", "t", "e").xml()))
    engine.create("p")
    for key in list(engine.state.user_tasks.rows):
        engine.complete_user_task(key)

    assert completed(engine)[-1] == "p"
    assert leftovers(engine) == []


# --- commands ---


def test_a_task_is_assigned_and_taken_back(engine: Engine) -> None:
    engine.deploy(("p.bpmn", process()))
    engine.create("p")
    key = task_of(engine).key
    engine.assign_user_task(key, "ada")
    assert task_of(engine).assignee == "ada"
    engine.assign_user_task(key, "")
    assert task_of(engine).assignee == ""


def test_rule_83_a_claim_does_not_take_a_task_from_another(engine: Engine) -> None:
    engine.deploy(("p.bpmn", process()))
    engine.create("p")
    key = task_of(engine).key
    engine.assign_user_task(key, "ada")

    assert refused(engine, c.ClaimUserTask(key, "bob")) is RejectionType.INVALID_STATE
    assert refused(engine, c.ClaimUserTask(key, "")) is RejectionType.INVALID_STATE
    engine.assign_user_task(key, "ada", allow_override=False)
    assert tasks_told(engine)[-2:] == ["CLAIMING", "ASSIGNED"]
    engine.assign_user_task(key, "bob")
    assert task_of(engine).assignee == "bob"


def test_an_update_changes_what_it_names_and_clears_what_is_empty(engine: Engine) -> None:
    engine.deploy(("p.bpmn", process(assignment={"candidateUsers": "x"})))
    engine.create("p")
    key = task_of(engine).key
    engine.update_user_task(
        key, {"dueDate": "2027-01-01T00:00:00Z", "candidateUsers": [], "priority": None}
    )

    task = task_of(engine)
    assert (task.due_date, task.candidate_users, task.priority) == ("2027-01-01T00:00:00Z", (), 50)
    assert "UPDATED" in tasks_told(engine)


@pytest.mark.parametrize("changes", [{"priority": 101}, {"dueDate": "soon"}, {"colour": "red"}])
def test_an_update_that_makes_no_sense_is_refused(engine: Engine, changes: dict[str, Any]) -> None:
    engine.deploy(("p.bpmn", process()))
    engine.create("p")
    command = c.UpdateUserTask(task_of(engine).key, changes)
    assert refused(engine, command) is RejectionType.INVALID_ARGUMENT


def test_a_task_that_is_not_there_is_not_found(engine: Engine) -> None:
    for command in (c.AssignUserTask(7, "a"), c.UpdateUserTask(7, {}), c.CompleteUserTask(7)):
        assert refused(engine, command) is RejectionType.NOT_FOUND


# --- listeners ---


@pytest.mark.proves("user task", "task listeners")
def test_every_transition_passes_its_listeners(engine: Engine) -> None:
    listeners = [(event, event) for event in ("creating", "assigning", "updating", "completing")]
    engine.deploy(("p.bpmn", process(*listeners)))
    engine.create("p")

    def hear(kind: str) -> None:
        (job,) = engine.activate(kind)
        assert job.job.kind is JobKind.TASK_LISTENER
        assert job.job.user_task is not None
        engine.complete(job.job.key)

    assert tasks_told(engine) == ["CREATING"]
    hear("creating")
    key = task_of(engine).key
    assert engine.assign_user_task(key, "ada") is None
    assert task_of(engine).state == "ASSIGNING"
    hear("assigning")
    assert engine.update_user_task(key, {"priority": 1}) is None
    hear("updating")
    assert engine.complete_user_task(key) is None
    hear("completing")
    assert tasks_told(engine)[-6:] == [
        "ASSIGNING", "ASSIGNED", "UPDATING", "UPDATED", "COMPLETING", "COMPLETED",
    ]  # fmt: skip
    assert leftovers(engine) == []


def test_a_command_during_a_transition_is_refused(engine: Engine) -> None:
    engine.deploy(("p.bpmn", process(("completing", "check"))))
    engine.create("p")
    key = task_of(engine).key
    engine.complete_user_task(key)

    assert refused(engine, c.AssignUserTask(key, "a")) is RejectionType.INVALID_STATE


def test_a_denied_assignment_leaves_everything_as_it_was(engine: Engine) -> None:
    engine.deploy(("p.bpmn", process(("assigning", "check"))))
    engine.create("p")
    key = task_of(engine).key
    engine.assign_user_task(key, "mallory")
    (job,) = engine.activate("check")
    assert job.job.user_task is not None
    assert job.job.user_task["assignee"] == "mallory"
    engine.complete(job.job.key, result={"denied": True, "deniedReason": "no"})

    assert tasks_told(engine)[-1] == "ASSIGNMENT_DENIED"
    assert (task_of(engine).assignee, task_of(engine).state) == ("", "CREATED")


def test_a_listener_corrects_what_is_about_to_happen(engine: Engine) -> None:
    engine.deploy(("p.bpmn", process(("assigning", "one"), ("assigning", "two"))))
    engine.create("p")
    engine.assign_user_task(task_of(engine).key, "ada")
    (job,) = engine.activate("one")
    engine.complete(job.job.key, result={"corrections": {"assignee": "bob", "priority": 7}})
    (job,) = engine.activate("two")
    assert job.job.user_task is not None
    assert job.job.user_task["assignee"] == "bob"
    assert job.job.user_task["changedAttributes"] == ["assignee", "priority"]
    engine.complete(job.job.key)

    assert (task_of(engine).assignee, task_of(engine).priority) == ("bob", 7)


def test_an_ended_element_waits_for_its_canceling_listeners(engine: Engine) -> None:
    engine.deploy(("p.bpmn", process(("canceling", "bye"))))
    key = engine.create("p").key
    engine.cancel(key)
    assert elements(engine)[-1] == "ELEMENT_TERMINATING t"
    (job,) = engine.activate("bye")
    engine.complete(job.job.key)

    assert elements(engine)[-1] == "ELEMENT_TERMINATED p"
    assert leftovers(engine) == []


def test_a_listener_without_retries_is_an_incident(engine: Engine) -> None:
    engine.deploy(("p.bpmn", process(("creating", "one"))))
    engine.create("p")
    (job,) = engine.activate("one")
    engine.fail(job.job.key, retries=0)

    (incident,) = engine.state.incidents.rows.values()
    assert incident.error_type == "TASK_LISTENER_NO_RETRIES"


# --- forms ---


def test_a_form_has_versions_like_every_resource(engine: Engine) -> None:
    first = engine.deploy(("f.form", FORM)).resources[0]
    again = engine.deploy(("f.form", FORM)).resources[0]
    second = engine.deploy(("f.form", FORM.replace(b"[]", b"[{}]"))).resources[0]

    assert (first.version, again.key, second.version) == (1, first.key, 2)


@pytest.mark.parametrize("content", [b"", b"[]", b'{"id": 1}'])
def test_what_is_no_form_is_refused(engine: Engine, content: bytes) -> None:
    with pytest.raises(Refused, match=r"f\.form"):
        engine.deploy(("f.form", content))
