"""Rules of the reference's chapter 3 that no other module tests by their number."""

from __future__ import annotations

import pytest

from remit import Engine, Refused
from remit.base.errors import RejectionType
from tests.support.model import Model, one_task
from tests.support.story import completed, elements, leftovers, replayed, story


def deploy(engine: Engine, *models: Model) -> None:
    engine.deploy(*((f"{model.id}.bpmn", model.xml()) for model in models))


def opened(engine: Engine, element: str) -> int:
    return elements(engine).count(f"ELEMENT_ACTIVATED {element}")


def refused(engine: Engine, *files: tuple[str, bytes]) -> str:
    with pytest.raises(Refused) as fault:
        engine.deploy(*files)
    assert fault.value.reply.type is RejectionType.INVALID_ARGUMENT
    return str(fault.value)


# --- scopes and conditions ---


def test_rule_46_a_scope_completes_with_neither_children_nor_tokens(engine: Engine) -> None:
    model = Model("p").start("s").gateway("g", "parallel").service("a", "a").end("e").end("f")
    deploy(engine, model.path("s", "g", "e").path("g", "a", "f"))
    engine.create("p")
    assert "ELEMENT_COMPLETED e" in elements(engine)
    assert "ELEMENT_COMPLETED p" not in elements(engine)
    (job,) = engine.activate("a")
    engine.complete(job.job.key)

    assert completed(engine)[-1] == "p"


def conditional() -> Model:
    model = Model("p").start("s").service("a", "a", outputs={"x": "=true"}).end("e").end("f")
    model.boundary("b", "a", Model.condition("=x"), interrupting=False)
    return model.path("s", "a", "e").path("b", "f")


def test_rule_48_outputs_of_the_completing_element_do_not_trigger(engine: Engine) -> None:
    deploy(engine, conditional())
    engine.create("p")
    (job,) = engine.activate("a")
    engine.complete(job.job.key)

    assert opened(engine, "b") == 0
    assert completed(engine)[-1] == "p"


def test_rule_48_one_command_triggers_once_though_several_variables_change(engine: Engine) -> None:
    model = Model("p").start("s").service("a", "a").end("e").end("f")
    model.boundary("b", "a", Model.condition("=x or y"), interrupting=False)
    deploy(engine, model.path("s", "a", "e").path("b", "f"))
    key = engine.create("p").key
    engine.set_variables(key, {"x": True, "y": True})

    assert opened(engine, "b") == 1


def test_rule_48_an_input_mapping_triggers(engine: Engine) -> None:
    model = Model("p").start("s")
    with model.sub_process("sub", inputs={"x": "=true"}):
        model.start("i").service("a", "a").end("j").path("i", "a", "j")
    model.boundary("b", "sub", Model.condition("=x"), interrupting=False).end("e").end("f")
    deploy(engine, model.path("s", "sub", "e").path("b", "f"))
    engine.create("p")

    assert opened(engine, "b") == 1


# --- errors ---


def test_rule_51_a_scope_that_is_already_interrupted_is_skipped(engine: Engine) -> None:
    """An error out of its event sub-process goes to the scope around it."""
    model = Model("p").start("s")
    with model.sub_process("outer"):
        model.start("h").end("m")
        with model.sub_process("inner"):
            model.start("i").service("a", "a").end("j").path("i", "a", "j")
            with model.sub_process("instead", by_event=True):
                model.start("k", model.error("first")).service("c", "c").end("l")
                model.path("k", "c", "l")
        model.path("h", "inner", "m")
    model.boundary("b", "outer", model.error("first")).end("e").end("f")
    deploy(engine, model.path("s", "outer", "e").path("b", "f"))
    engine.create("p")
    for job_type in ("a", "c"):
        (job,) = engine.activate(job_type)
        engine.throw_error(job.job.key, "first")

    assert (opened(engine, "instead"), opened(engine, "b")) == (1, 1)
    assert leftovers(engine) == []


def test_rule_52_a_thrown_code_may_be_an_expression_a_caught_one_not(engine: Engine) -> None:
    model = Model("p").start("s")
    with model.sub_process("sub"):
        model.start("i").end("j", model.error("=code")).path("i", "j")
    model.boundary("b", "sub", model.error("late")).end("e").end("f")
    deploy(engine, model.path("s", "sub", "e").path("b", "f"))
    engine.create("p", {"code": "late"})
    assert opened(engine, "b") == 1

    model = Model("q").start("s").service("a", "a").end("e").end("f").path("s", "a", "e")
    model.boundary("b", "a", model.error("=code")).path("b", "f")
    assert "'b'" in refused(engine, ("q.bpmn", model.xml()))


# --- timers ---


def test_rule_56_a_cron_of_six_fields_starts_instances(engine: Engine) -> None:
    engine = Engine(clock=lambda: 1_700_000_000_000)  # 2023-11-14T22:13:20Z, a Tuesday
    model = Model("p").start("s", Model.timer("cycle", "0 0 9 * * MON")).end("e").path("s", "e")
    deploy(engine, model)
    engine.advance(seconds=5 * 86_400)
    assert opened(engine, "p") == 0
    engine.advance(seconds=86_400)

    assert opened(engine, "p") == 1


def test_rule_57_timers_fire_in_the_order_in_which_they_are_due(engine: Engine) -> None:
    model = Model("p").start("s").gateway("g", "parallel").path("s", "g")
    for seconds in (3, 1, 2):
        model.catch(f"t{seconds}", Model.timer("duration", f"PT{seconds}S")).end(f"e{seconds}")
        model.path("g", f"t{seconds}", f"e{seconds}")
    deploy(engine, model)
    engine.create("p")
    engine.advance(seconds=5)

    assert [each for each in completed(engine) if each.startswith("t")] == ["t1", "t2", "t3"]


def test_rule_57_a_timer_that_is_gone_is_not_triggered(engine: Engine) -> None:
    model = Model("p").start("s").catch("t", Model.timer("duration", "PT1H")).end("e")
    deploy(engine, model.path("s", "t", "e"))
    engine.cancel(engine.create("p").key)
    engine.advance(seconds=7200)

    assert "TIMER TRIGGERED" not in story(engine)
    assert leftovers(engine) == []


@pytest.mark.parametrize("place", ["catch", "boundary"])
def test_rule_59_a_cycle_needs_an_event_that_does_not_interrupt(engine: Engine, place: str) -> None:
    model = Model("p").start("s").service("a", "a").end("e")
    cycle = Model.timer("cycle", "R3/PT1H")
    if place == "catch":
        model.catch("t", cycle).path("s", "a", "t", "e")
    else:
        model.boundary("t", "a", cycle).end("f").path("s", "a", "e").path("t", "f")

    assert "repeat" in refused(engine, ("p.bpmn", model.xml()))


# --- deployment and keys ---


def test_rule_85_the_same_process_twice_in_one_deployment_is_refused(engine: Engine) -> None:
    said = refused(engine, ("one.bpmn", one_task().xml()), ("again.bpmn", one_task().xml()))

    assert "'one'" in said
    assert story(engine) == []


def test_rule_85_versions_count_per_process_id(engine: Engine) -> None:
    first = engine.deploy(("p.bpmn", one_task("p").xml()), ("q.bpmn", one_task("q").xml()))
    second = engine.deploy(("p.bpmn", one_task("p", "other").xml()))

    assert [each.version for each in first.resources] == [1, 1]
    assert [each.version for each in second.resources] == [2]


def test_rule_86_a_loop_without_anything_to_wait_for_is_refused(engine: Engine) -> None:
    model = Model("p").start("s").gateway("g").plain("manualTask", "m").gateway("h", default="out")
    model.end("e").path("s", "g", "m", "h").flow("h", "g", "=x").flow("h", "e", flow_id="out")

    assert "straight-through processing loop" in refused(engine, ("p.bpmn", model.xml()))


def test_rule_88_one_wrong_resource_refuses_the_whole_deployment(engine: Engine) -> None:
    refused(engine, ("good.bpmn", one_task().xml()), ("bad.bpmn", b"<nothing/>"))

    assert story(engine) == []
    with pytest.raises(Refused) as fault:
        engine.create("one")
    assert fault.value.reply.type is RejectionType.NOT_FOUND


def test_rule_89_keys_carry_their_partition_and_ascend(engine: Engine) -> None:
    deploy(engine, one_task())
    keys = [engine.create("one").key for _ in range(3)]

    assert {key >> 51 for key in keys} == {1}
    assert keys == sorted(keys)
    assert all(key > 0 for key in keys)


def test_rule_93_events_alone_give_the_same_state(engine: Engine) -> None:
    deploy(engine, one_task())
    engine.create("one", {"x": 1})

    assert {row[:2] for row in replayed(engine).table_rows()} == {
        row[:2] for row in engine.state.table_rows()
    }
    assert len(list(engine.turns())) == 2
