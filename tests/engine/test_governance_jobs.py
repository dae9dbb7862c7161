"""Jobs that the engine makes, and takes back, under the policy of their instance."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from remit import Engine
from remit.authority.policy import Clause, Denial
from remit.engine.governance import POLICY
from remit.protocol.events.governance import Admission, StepRejected
from remit.protocol.events.job import JobTimedOut, JobTimeoutUpdated
from tests.support.governed import audited, grant, policy
from tests.support.model import Model, one_task
from tests.support.story import completed, leftovers

ALL = Clause(id="ALL", do=("*",))


def no(action: str, **on: Any) -> Clause:
    return Clause(id="NO", do=(action,), on=on)


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    with audited(tmp_path) as made:
        yield made


def begin(engine: Engine, model: Model, deny: Clause, **more: Any) -> int:
    engine.deploy((f"{model.id}.bpmn", model.xml()))
    tokens = policy(grant(allow=(ALL,), deny=(deny,), **more))
    return engine.create(model.id, {POLICY: tokens, "may": False}).key


def told(engine: Engine, kind: type) -> list[Any]:
    return [event for event in engine.events() if isinstance(event, kind)]


def incidents(engine: Engine) -> list[Any]:
    return list(engine.state.incidents.rows.values())


def permit(engine: Engine, key: int) -> None:
    """From now on the clause that asks `var.may` denies nothing any more."""
    engine.set_variables(key, {"may": True})


NOT_YET = {"var.may": {"eq": False}}


def test_r6_a_job_is_made_when_the_policy_admits_it(engine: Engine) -> None:
    key = begin(engine, one_task(), no("job.create", jobType={"eq": "work"}, **NOT_YET))

    assert not engine.activate("work")
    (stopped,) = incidents(engine)
    assert (stopped.element, stopped.stage) == ("a", "job")
    assert "'job.create'" in stopped.error_message
    assert told(engine, StepRejected)[-1].facts["jobType"] == "work"

    engine.resolve_incident(stopped.key)  # asked again, and denied again
    assert [each.action for each in told(engine, StepRejected)] == ["job.create"] * 2
    permit(engine, key)
    (stopped,) = incidents(engine)
    engine.resolve_incident(stopped.key)
    (job,) = engine.activate("work")
    (made,) = (each for each in told(engine, Admission) if each.action == "job.create")
    assert made.about == str(job.job.key)
    engine.complete(job.job.key)
    assert completed(engine)[-1] == "one"
    assert leftovers(engine) == []


def test_a_job_that_may_not_be_made_can_be_an_error_of_the_model(engine: Engine) -> None:
    model = Model("p").start("s").service("a", "work").end("e").end("caught")
    model.boundary("b", "a", model.error("GOV_DENIED"))
    model.path("s", "a", "e").path("b", "caught")
    begin(engine, model, no("job.create"), on_deny={"job.create": "error"})

    assert completed(engine)[-3:] == ["b", "caught", "p"]
    assert leftovers(engine) == []


def test_a_listener_that_may_have_no_job_holds_its_element(engine: Engine) -> None:
    model = Model("p").start("s").service("a", "work").listen(("start", "check")).end("e")
    key = begin(
        engine, model.path("s", "a", "e"), no("job.create", jobType={"eq": "check"}, **NOT_YET)
    )

    (stopped,) = incidents(engine)
    assert stopped.stage == "start-listener-0"
    permit(engine, key)
    engine.resolve_incident(stopped.key)
    for kind in ("check", "work"):
        (job,) = engine.activate(kind)
        engine.complete(job.job.key)
    assert leftovers(engine) == []


def test_a_user_task_waits_for_a_listener_that_may_have_no_job(engine: Engine) -> None:
    model = Model("p").start("s").native_user("t", ("completing", "check")).end("e")
    key = begin(
        engine, model.path("s", "t", "e"), no("job.create", jobType={"eq": "check"}, **NOT_YET)
    )
    (task,) = engine.state.user_tasks.rows.values()
    engine.complete_user_task(task.key)

    (stopped,) = incidents(engine)
    assert stopped.element == "t"
    assert completed(engine)[-1] == "s"  # nothing has gone on without its listener
    permit(engine, key)
    engine.resolve_incident(stopped.key)
    (job,) = engine.activate("check")
    engine.complete(job.job.key)
    assert completed(engine)[-1] == "p"
    assert leftovers(engine) == []


def test_a_listener_whose_type_is_no_text_is_an_incident_and_no_bug(engine: Engine) -> None:
    model = Model("p").start("s").native_user("t", ("creating", "=kind")).end("e")
    key = begin(engine, model.path("s", "t", "e"), no("timer.fire"))

    (stopped,) = incidents(engine)
    assert stopped.error_type == "EXTRACT_VALUE_ERROR"
    engine.set_variables(key, {"kind": "check"})
    engine.resolve_incident(stopped.key)
    (job,) = engine.activate("check")
    engine.complete(job.job.key)
    (task,) = engine.state.user_tasks.rows.values()
    engine.complete_user_task(task.key)
    assert leftovers(engine) == []


# --- a worker that does not finish in time ---------------------------------------------------------


def test_r6_a_job_goes_to_another_worker_when_the_policy_admits_it(engine: Engine) -> None:
    begin(engine, one_task(), no("timer.fire"))
    (job,) = engine.activate("work", timeout_ms=1000)
    engine.advance(seconds=2)

    (taken,) = (each for each in told(engine, Admission) if each.action == "job.timeout")
    assert (taken.about, taken.facts.get("jobType", "work")) == (str(job.job.key), "work")
    (again,) = engine.activate("work")
    engine.complete(again.job.key)
    assert leftovers(engine) == []


def test_r6_a_job_that_may_not_be_taken_back_stays_with_its_worker(engine: Engine) -> None:
    begin(engine, one_task(), no("job.timeout"))
    (job,) = engine.activate("work", timeout_ms=1000)
    engine.advance(seconds=300)

    assert not told(engine, JobTimedOut)
    assert not engine.activate("work")  # what may have been paid is not paid twice
    (stopped,) = incidents(engine)
    assert "'job.timeout'" in stopped.error_message
    assert len(told(engine, StepRejected)) == 1  # asked each minute, told once
    assert len(told(engine, JobTimeoutUpdated)) == 5
    engine.resolve_incident(stopped.key)
    (stopped,) = incidents(engine)
    engine.complete(job.job.key)
    assert not incidents(engine)
    assert leftovers(engine) == []


def test_a_renewed_permission_takes_the_job_back_at_the_next_asking(engine: Engine) -> None:
    key = begin(engine, one_task(), no("job.timeout", **NOT_YET))
    (job,) = engine.activate("work", timeout_ms=1000)
    engine.advance(seconds=2)
    assert len(incidents(engine)) == 1
    permit(engine, key)
    engine.advance(seconds=60)

    assert len(told(engine, JobTimedOut)) == 1
    assert not incidents(engine)
    (again,) = engine.activate("work")
    assert again.job.key == job.job.key


def test_resolving_asks_at_once_whether_the_job_may_be_taken_back(engine: Engine) -> None:
    key = begin(engine, one_task(), no("job.timeout", **NOT_YET))
    engine.activate("work", timeout_ms=1000)
    engine.advance(seconds=2)
    permit(engine, key)
    (stopped,) = incidents(engine)
    engine.resolve_incident(stopped.key)

    assert len(told(engine, JobTimedOut)) == 1
    assert len(engine.activate("work")) == 1


@pytest.mark.parametrize(("on_deny", "ends"), [("error", True), ("skip-worker", False)])
def test_a_job_that_stays_is_an_error_or_nothing_if_the_policy_says_so(
    engine: Engine, on_deny: Denial, ends: bool
) -> None:
    model = Model("p").start("s").service("a", "work").end("e").end("caught")
    model.boundary("b", "a", model.error("GOV_DENIED"))
    model.path("s", "a", "e").path("b", "caught")
    begin(engine, model, no("job.timeout"), on_deny={"job.timeout": on_deny})
    (job,) = engine.activate("work", timeout_ms=1000)
    engine.advance(seconds=2)

    assert not incidents(engine)
    assert ("caught" in completed(engine)) is ends
    if not ends:
        engine.complete(job.job.key)
    assert leftovers(engine) == []
