"""Messages: publishing, buffering, correlating, starting (rules 19-31)."""

from __future__ import annotations

import pytest

from remit import Engine, Refused
from remit.base.errors import RejectionType
from tests.support.model import Model
from tests.support.story import completed, leftovers, story


def catching(process_id: str = "p", name: str = "paid", key: str = "=id") -> Model:
    model = Model(process_id).start("s").end("e")
    return model.catch("wait", model.message(name, key)).path("s", "wait", "e")


def starting(process_id: str = "p", name: str = "go") -> Model:
    model = Model(process_id)
    model.start("s", model.message(name)).service("a", "work").end("e")
    return model.path("s", "a", "e")


def deploy(engine: Engine, *models: Model) -> None:
    engine.deploy(*((f"{model.id}.bpmn", model.xml()) for model in models))


@pytest.mark.proves("message event", "catch")
def test_a_message_correlates_by_name_and_key_and_brings_its_variables(engine: Engine) -> None:
    deploy(engine, catching())
    engine.create("p", {"id": "o-1"})

    engine.publish("paid", "o-2", {"amount": 1})
    engine.publish("other", "o-1", {"amount": 2})
    assert completed(engine) == ["s"]
    engine.publish("paid", "o-1", {"amount": 3})

    assert "VARIABLE CREATED amount=3" in story(engine)
    assert completed(engine)[-1] == "p"
    assert leftovers(engine) == []


def test_rule_27_a_number_is_a_key_as_its_text(engine: Engine) -> None:
    deploy(engine, catching())
    engine.create("p", {"id": 42})

    engine.publish("paid", "42")

    assert completed(engine)[-1] == "p"


@pytest.mark.parametrize("value", [None, True, [1], {"a": 1}])
def test_rule_27_any_other_key_is_an_incident(engine: Engine, value: object) -> None:
    deploy(engine, catching())
    instance = engine.create("p", {"id": value}).key
    (incident,) = engine.state.incidents.rows.values()
    assert incident.error_type == "EXTRACT_VALUE_ERROR"

    engine.set_variables(instance, {"id": "o-1"})
    engine.resolve_incident(incident.key)
    engine.publish("paid", "o-1")

    assert completed(engine)[-1] == "p"


def test_rule_19_the_same_message_id_twice_is_refused_while_the_first_lives(engine: Engine) -> None:
    engine.publish("paid", "o-1", message_id="m", time_to_live_ms=1000)

    with pytest.raises(Refused) as fault:
        engine.publish("paid", "o-1", message_id="m")
    engine.publish("paid", "o-2", message_id="m")
    engine.advance(seconds=2)
    engine.publish("paid", "o-1", message_id="m")

    assert fault.value.reply.type is RejectionType.ALREADY_EXISTS


def test_rule_20_one_instance_per_process_id_and_every_process_id(engine: Engine) -> None:
    deploy(engine, catching("p"), catching("q"))
    for process in ("p", "p", "q"):
        engine.create(process, {"id": "o-1"})

    engine.publish("paid", "o-1")

    assert sorted(each for each in completed(engine) if each in "pq") == ["p", "q"]


def test_rule_24_a_buffered_message_is_taken_oldest_first(engine: Engine) -> None:
    deploy(engine, catching())
    engine.publish("paid", "o-1", {"n": 1}, time_to_live_ms=1000)
    engine.publish("paid", "o-1", {"n": 2}, time_to_live_ms=1000)

    engine.create("p", {"id": "o-1"})
    engine.create("p", {"id": "o-1"})

    found = story(engine, "VARIABLE CREATED n")
    assert found == ["VARIABLE CREATED n=1", "VARIABLE CREATED n=2"]


def test_rule_26_a_message_without_time_to_live_is_not_kept(engine: Engine) -> None:
    deploy(engine, catching())
    engine.publish("paid", "o-1")

    engine.create("p", {"id": "o-1"})

    assert completed(engine) == ["s"]
    assert "MESSAGE EXPIRED" in story(engine)


def test_rule_26_an_expired_message_is_never_taken_even_if_nobody_has_looked(
    engine: Engine,
) -> None:
    deploy(engine, catching())
    engine.publish("paid", "o-1", time_to_live_ms=1000)
    clock = engine.now + 1000
    engine._clock = lambda: clock  # time passes without anything due being played

    engine.create("p", {"id": "o-1"})

    assert completed(engine) == ["s"]


@pytest.mark.proves("message event", "boundary, non-interrupting")
def test_rule_25_a_non_interrupting_subscription_takes_one_message_after_the_other(
    engine: Engine,
) -> None:
    model = Model("p").start("s").service("a", "work").end("e").end("f")
    model.boundary("b", "a", model.message("ping", "=id"), interrupting=False)
    deploy(engine, model.path("s", "a", "e").path("b", "f"))
    for number in range(3):
        engine.publish("ping", "o-1", {"n": number}, time_to_live_ms=60_000)

    engine.create("p", {"id": "o-1"})

    assert completed(engine).count("b") == 3
    assert len(engine.activate("work")) == 1


@pytest.mark.proves("message event", "start")
def test_rule_21_a_message_starts_an_instance_with_its_variables(engine: Engine) -> None:
    deploy(engine, starting())

    engine.publish("go", "", {"x": 1})
    (job,) = engine.activate("work")

    assert job.variables == {"x": 1}


def test_rule_22_one_active_instance_per_correlation_key(engine: Engine) -> None:
    deploy(engine, starting())

    engine.publish("go", "k")
    engine.publish("go", "k")
    engine.publish("go", "other")
    engine.publish("go", "")
    engine.publish("go", "")

    assert len(engine.activate("work", limit=10)) == 4


def test_rule_23_the_next_buffered_message_starts_when_the_locked_instance_ends(
    engine: Engine,
) -> None:
    deploy(engine, starting())
    for number in range(3):
        engine.publish("go", "k", {"n": number}, time_to_live_ms=60_000)

    for number in range(3):
        (job,) = engine.activate("work", limit=10)
        assert job.variables == {"n": number}
        engine.complete(job.job.key)

    assert engine.activate("work") == ()


def test_rule_31_a_new_version_takes_over_the_start_messages(engine: Engine) -> None:
    deploy(engine, starting(name="old"))
    deploy(engine, starting(name="new"))

    engine.publish("old", "")
    engine.publish("new", "")
    jobs = engine.activate("work", limit=10)

    assert [job.job.version for job in jobs] == [2]


@pytest.mark.proves("receive task", "in a flow")
def test_a_receive_task_waits_for_its_message(engine: Engine) -> None:
    model = Model("p").start("s").receive("r", "paid", "=id").end("e").path("s", "r", "e")
    deploy(engine, model)
    engine.create("p", {"id": "o-1"})

    engine.publish("paid", "o-1", {"x": 1})

    assert completed(engine) == ["s", "r", "e", "p"]


def test_rule_29_a_subscription_is_a_snapshot(engine: Engine) -> None:
    deploy(engine, catching())
    instance = engine.create("p", {"id": "o-1"}).key

    engine.set_variables(instance, {"id": "o-2"})
    engine.publish("paid", "o-2")
    early = completed(engine)
    engine.publish("paid", "o-1")

    assert early == ["s"]
    assert completed(engine)[-1] == "p"


def test_a_cancelled_instance_takes_no_message(engine: Engine) -> None:
    deploy(engine, catching())
    engine.cancel(engine.create("p", {"id": "o-1"}).key)

    engine.publish("paid", "o-1")

    assert leftovers(engine) == []
