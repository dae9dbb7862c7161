"""Suspended instances: nothing goes on in them, and what came due happens at their resumption."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from remit import Engine, Refused
from remit.base.errors import RejectionType
from remit.engine.state.folds import FOLDS
from remit.engine.state.state import State
from remit.protocol import commands as c
from remit.protocol.replies import Done
from tests.support.model import Model, one_task
from tests.support.story import completed, leftovers, story

MINUTE = 60


def deploy(engine: Engine, *models: Model) -> None:
    for model in models:
        engine.deploy((f"{model.id}.bpmn", model.xml()))


def one(engine: Engine) -> int:
    deploy(engine, one_task())
    return engine.create("one").key


def catching(definition: str, model: Model) -> Model:
    return model.start("s").catch("c", definition).end("e").path("s", "c", "e")


def refused(call: Callable[[], object]) -> tuple[RejectionType, str]:
    with pytest.raises(Refused) as fault:
        call()
    return fault.value.reply.type, fault.value.reply.reason


# --- jobs ------------------------------------------------------------------------------------------


def test_a_job_of_a_suspended_instance_is_handed_to_nobody_until_it_is_resumed(
    engine: Engine,
) -> None:
    key = one(engine)
    engine.suspend(key)
    assert engine.activate("work") == ()
    engine.resume(key)
    (job,) = engine.activate("work")
    engine.complete(job.job.key)

    assert story(engine, "SUSPENDED", "RESUMED") == ["SUSPENDED one", "RESUMED one"]
    assert completed(engine)[-1] == "one"
    assert leftovers(engine) == []


@pytest.mark.parametrize(
    ("words", "command"),
    [
        ("complete job", lambda job: c.CompleteJob(job)),
        ("fail job", lambda job: c.FailJob(job, 2)),
        ("throw error", lambda job: c.ThrowError(job, "bad")),
        ("time out job", lambda job: c.TimeOutJob(job)),
    ],
)
def test_what_a_worker_says_of_a_job_it_holds_is_refused_in_a_plain_sentence(
    engine: Engine, words: str, command: Callable[[int], c.Command]
) -> None:
    key = one(engine)
    (job,) = engine.activate("work")
    engine.suspend(key)

    assert refused(lambda: engine.execute(command(job.job.key), Done)) == (
        RejectionType.INVALID_STATE,
        f"Expected to {words} in process instance '{key}', but it is suspended. Resume it first.",
    )
    engine.resume(key)
    engine.complete(job.job.key)
    assert leftovers(engine) == []


def test_the_time_of_a_job_runs_out_at_the_resumption_and_another_worker_gets_it(
    engine: Engine,
) -> None:
    key = one(engine)
    engine.activate("work", timeout_ms=1000)
    engine.suspend(key)
    engine.advance(seconds=MINUTE)
    assert story(engine, "JOB TIMED_OUT") == []
    engine.resume(key)
    engine.run_due()

    assert story(engine, "JOB TIMED_OUT") == ["JOB TIMED_OUT"]
    assert len(engine.activate("work")) == 1


def test_a_back_off_that_ends_while_suspended_ends_at_the_resumption(engine: Engine) -> None:
    key = one(engine)
    (job,) = engine.activate("work")
    engine.fail(job.job.key, retries=2, backoff_ms=1000)
    engine.suspend(key)
    engine.advance(seconds=MINUTE)
    engine.resume(key)
    engine.run_due()

    assert len(engine.activate("work")) == 1


def test_retries_may_be_changed_meanwhile_and_incidents_are_resolved_afterwards(
    engine: Engine,
) -> None:
    key = one(engine)
    (job,) = engine.activate("work")
    engine.fail(job.job.key, retries=0)
    (incident,) = engine.state.incidents.rows
    engine.suspend(key)
    engine.execute(c.UpdateJobRetries(job.job.key, 3), Done)
    assert refused(lambda: engine.resolve_incident(incident))[0] is RejectionType.INVALID_STATE
    engine.resume(key)
    engine.resolve_incident(incident)

    assert len(engine.activate("work")) == 1


# --- events ----------------------------------------------------------------------------------------


def test_a_timer_that_comes_due_waits_and_fires_at_the_resumption(engine: Engine) -> None:
    deploy(engine, catching(Model.timer("duration", "PT1M"), Model("p")))
    key = engine.create("p").key
    engine.suspend(key)
    engine.advance(seconds=10 * MINUTE)
    assert story(engine, "TIMER TRIGGERED") == []
    engine.resume(key)
    engine.run_due()

    assert completed(engine)[-1] == "p"
    assert leftovers(engine) == []


def test_a_timer_that_is_not_due_yet_keeps_its_time(engine: Engine) -> None:
    deploy(engine, catching(Model.timer("duration", "PT10M"), Model("p")))
    key = engine.create("p").key
    engine.suspend(key)
    engine.advance(seconds=5 * MINUTE)
    engine.resume(key)
    engine.advance(seconds=4 * MINUTE)
    assert "p" not in completed(engine)
    engine.advance(seconds=2 * MINUTE)

    assert completed(engine)[-1] == "p"


@pytest.mark.parametrize(("cycle", "times"), [("R/PT1M", 10), ("0 * * * * *", 1)])
def test_a_cycle_makes_up_for_what_it_missed_and_cron_does_not(
    engine: Engine, cycle: str, times: int
) -> None:
    model = Model("p").start("s").service("a", "work").end("e").end("f")
    model.boundary("b", "a", Model.timer("cycle", cycle), interrupting=False)
    deploy(engine, model.path("s", "a", "e").path("b", "f"))
    key = engine.create("p").key
    engine.suspend(key)
    engine.advance(seconds=10 * MINUTE)
    engine.resume(key)
    engine.run_due()

    assert completed(engine).count("b") == times


def by_message() -> Model:
    model = Model("p")
    return catching(model.message("paid", "=id"), model)


def test_a_message_that_is_still_buffered_is_correlated_at_the_resumption(engine: Engine) -> None:
    deploy(engine, by_message())
    key = engine.create("p", {"id": "1"}).key
    engine.suspend(key)
    engine.publish("paid", "1", {"amount": 7}, time_to_live_ms=3_600_000)
    assert "p" not in completed(engine)
    engine.resume(key)

    assert completed(engine)[-1] == "p"
    engine.advance(seconds=3601)
    assert leftovers(engine) == []


def test_nobody_waits_for_a_message_that_is_not_kept(engine: Engine) -> None:
    deploy(engine, by_message())
    key = engine.create("p", {"id": "1"}).key
    engine.suspend(key)
    engine.publish("paid", "1")
    command = c.CorrelateMessage("paid", "1")
    assert refused(lambda: engine.execute(command, Done))[0] is RejectionType.NOT_FOUND
    engine.resume(key)
    assert "p" not in completed(engine)
    engine.publish("paid", "1")

    assert completed(engine)[-1] == "p"
    assert leftovers(engine) == []


def test_a_signal_is_never_kept_not_for_a_suspended_instance_either(engine: Engine) -> None:
    model = Model("p")
    deploy(engine, catching(model.signal("bell"), model))
    key, other = engine.create("p").key, engine.create("p").key
    engine.suspend(key)
    engine.broadcast("bell")
    assert (key in engine.state.elements, other in engine.state.elements) == (True, False)
    engine.resume(key)
    assert key in engine.state.elements
    engine.broadcast("bell")

    assert leftovers(engine) == []


def test_a_condition_is_asked_at_the_resumption_for_what_has_changed(engine: Engine) -> None:
    deploy(engine, catching(Model.condition("=x > 5", names="x"), Model("p")))
    key = engine.create("p").key
    engine.suspend(key)
    engine.set_variables(key, {"y": 1})
    engine.set_variables(key, {"x": 9})
    assert "p" not in completed(engine)
    engine.resume(key)

    assert story(engine, "CONDITION HELD") == ["CONDITION HELD"] * 2
    assert completed(engine)[-1] == "p"
    assert leftovers(engine) == []


# --- what is inside, and what is refused -----------------------------------------------------------


def calling() -> tuple[Model, Model]:
    caller = Model("caller").start("s").call("c", "one").end("e").path("s", "c", "e")
    return one_task(), caller


def test_called_processes_are_held_with_their_caller(engine: Engine) -> None:
    deploy(engine, *calling())
    key = engine.create("caller").key
    engine.suspend(key)

    assert story(engine, "SUSPENDED") == ["SUSPENDED caller", "SUSPENDED one"]
    assert engine.activate("work") == ()
    engine.resume(key)
    (job,) = engine.activate("work")
    engine.complete(job.job.key)
    assert completed(engine)[-1] == "caller"


def test_a_called_process_can_be_held_while_its_caller_goes_on(engine: Engine) -> None:
    called, caller = calling()
    caller.boundary("b", "c", Model.timer("duration", "PT1M"), interrupting=False).end("f")
    deploy(engine, called, caller.path("b", "f"))
    key = engine.create("caller").key
    (job,) = engine.activate("work", timeout_ms=1000)
    child = job.job.instance
    engine.suspend(child)
    assert story(engine, "SUSPENDED") == ["SUSPENDED one"]
    engine.advance(seconds=2 * MINUTE)
    assert "b" in completed(engine)
    assert engine.activate("work") == ()
    engine.set_variables(key, {"x": 1})
    engine.resume(child)
    engine.run_due()
    (job,) = engine.activate("work")
    engine.complete(job.job.key)

    assert completed(engine)[-1] == "caller"
    assert leftovers(engine) == []


def test_what_was_held_before_its_caller_stays_held_after_it(engine: Engine) -> None:
    deploy(engine, *calling())
    key = engine.create("caller").key
    (job,) = engine.activate("work")
    child = job.job.instance
    engine.suspend(child)
    engine.suspend(key)
    said = f"process instance '{key}', which has called it, is suspended. Resume that one."
    assert refused(lambda: engine.resume(child))[1].endswith(said)
    engine.resume(key)
    assert refused(lambda: engine.complete(job.job.key))[0] is RejectionType.INVALID_STATE
    engine.resume(child)
    engine.complete(job.job.key)

    assert completed(engine)[-1] == "caller"


def test_what_was_held_with_its_caller_goes_on_with_it(engine: Engine) -> None:
    deploy(engine, *calling())
    key = engine.create("caller").key
    (job,) = engine.activate("work")
    engine.suspend(key)

    kind, said = refused(lambda: engine.resume(job.job.instance))
    assert kind is RejectionType.INVALID_STATE
    assert f"process instance '{key}', which has called it, is suspended" in said


def test_an_event_of_the_caller_ends_a_held_process(engine: Engine) -> None:
    called = Model("one").start("s").native_user("t", ("canceling", "say-so")).end("e")
    _, caller = calling()
    caller.boundary("b", "c", Model.timer("duration", "PT1M")).end("f")
    deploy(engine, called.path("s", "t", "e"), caller.path("b", "f"))
    engine.create("caller")
    (task,) = engine.state.user_tasks.rows.values()
    engine.suspend(task.instance)
    engine.advance(seconds=2 * MINUTE)
    (job,) = engine.activate("say-so")
    engine.complete(job.job.key)

    assert completed(engine)[-2:] == ["f", "caller"]
    assert leftovers(engine) == []


@pytest.mark.parametrize("verb", ["suspend", "resume"])
def test_an_unknown_or_ended_instance_is_not_found(engine: Engine, verb: str) -> None:
    key = one(engine)
    engine.cancel(key)

    assert refused(lambda: getattr(engine, verb)(key)) == (
        RejectionType.NOT_FOUND,
        f"Expected to {verb} a process instance with key '{key}', but no such process was found",
    )


def test_twice_is_refused(engine: Engine) -> None:
    key = one(engine)
    assert refused(lambda: engine.resume(key))[0] is RejectionType.INVALID_STATE
    engine.suspend(key)
    kind, said = refused(lambda: engine.suspend(key))

    assert kind is RejectionType.INVALID_STATE
    assert said.endswith("but it is suspended already")


def test_tokens_are_not_placed_in_a_suspended_instance(engine: Engine) -> None:
    key = one(engine)
    engine.suspend(key)

    kind, said = refused(lambda: engine.modify(key, activate=["a"]))
    assert (kind, "modify instance" in said) == (RejectionType.INVALID_STATE, True)


def test_user_tasks_of_a_suspended_instance_can_not_be_worked_on(engine: Engine) -> None:
    deploy(engine, Model("u").start("s").native_user("t").end("e").path("s", "t", "e"))
    key = engine.create("u").key
    (task,) = engine.state.user_tasks.rows
    engine.suspend(key)
    for call in (
        lambda: engine.assign_user_task(task, "ann"),
        lambda: engine.update_user_task(task, {"priority": 1}),
        lambda: engine.complete_user_task(task),
    ):
        assert refused(call)[0] is RejectionType.INVALID_STATE
    engine.resume(key)
    engine.complete_user_task(task)

    assert leftovers(engine) == []


# --- ending and migrating --------------------------------------------------------------------------


def test_a_suspended_instance_can_be_cancelled(engine: Engine) -> None:
    deploy(engine, *calling(), by_message())
    keys = [engine.create("caller").key, engine.create("p", {"id": "1"}).key]
    for key in keys:
        engine.suspend(key)
    engine.publish("paid", "1", time_to_live_ms=1000)
    for key in keys:
        engine.cancel(key)
    engine.advance(seconds=2)

    assert leftovers(engine) == []


def test_listeners_are_heard_when_a_suspended_instance_is_cancelled(engine: Engine) -> None:
    model = Model("u").start("s").native_user("t", ("canceling", "say-so")).end("e")
    deploy(engine, model.path("s", "t", "e"))
    key = engine.create("u").key
    engine.suspend(key)
    engine.cancel(key)
    (job,) = engine.activate("say-so")
    engine.complete(job.job.key)

    assert leftovers(engine) == []


def test_a_suspended_instance_can_be_migrated_and_stays_suspended(engine: Engine) -> None:
    deploy(engine, by_message())
    key = engine.create("p", {"id": "1"}).key
    other = Model("q").start("s").service("w", "work").end("e")
    other.catch("c", other.message("paid", "=id")).path("s", "c", "w", "e")
    target = engine.deploy(("q.bpmn", other.xml())).resources[0].key
    engine.suspend(key)
    engine.migrate(key, target, {"c": "c"})
    engine.publish("paid", "1")
    assert key in engine.state.elements
    engine.resume(key)
    engine.publish("paid", "1")
    (job,) = engine.activate("work")
    engine.complete(job.job.key)

    assert completed(engine)[-1] == "q"
    assert leftovers(engine) == []


def test_many_messages_over_a_boundary_that_stays_open_wait_in_order(engine: Engine) -> None:
    model = Model("p").start("s").service("a", "work").end("e").end("f")
    model.boundary("b", "a", model.message("note", "=id"), interrupting=False)
    deploy(engine, model.path("s", "a", "e").path("b", "f"))
    key = engine.create("p", {"id": "1"}).key
    engine.publish("note", "1", {"n": 1})
    engine.suspend(key)
    for number in (2, 3):
        engine.publish("note", "1", {"n": number}, time_to_live_ms=60_000)
    assert completed(engine).count("b") == 1
    engine.resume(key)

    assert completed(engine).count("b") == 3
    assert [line for line in story(engine, "VARIABLE") if " n=" in line][-1].endswith("n=3")


# --- the state -------------------------------------------------------------------------------------


def queues(state: State) -> dict[str, Any]:
    """What the queues hold, and what the tables say that they should hold."""
    return {
        "due": sorted(entry[:3] for entry in state.due_queue.take(1000)),
        "ready": sorted(entry for queue in state.ready.values() for entry in queue.take(1000)),
    }


def test_the_log_alone_gives_the_suspended_state_back(engine: Engine) -> None:
    deploy(engine, *calling(), catching(Model.timer("duration", "PT1M"), Model("t")))
    keys = [engine.create("caller").key, engine.create("t").key, engine.create("t").key]
    for key in keys[:2]:
        engine.suspend(key)
    engine.set_variables(keys[0], {"x": 1})
    again = State(1, 1)
    for event in engine.events():
        FOLDS[type(event)](again, event)

    assert queues(again) == queues(engine.state)
    assert len(queues(again)["due"]) == 1
    assert dict(again.suspensions.rows) == dict(engine.state.suspensions.rows)


def test_a_suspended_instance_stays_so_over_a_restart(tmp_path: Any) -> None:
    with Engine(tmp_path) as engine:
        key = one(engine)
        engine.suspend(key)
    with Engine(tmp_path) as engine:
        assert engine.activate("work") == ()
        engine.resume(key)
        assert len(engine.activate("work")) == 1
