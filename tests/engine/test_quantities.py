"""How many tokens an activity needs to begin, and how many it sends on (BPMN 2.0.2, 10.3 and 13.3.2)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from remit import Engine, Refused
from remit.authority.policy import Clause
from remit.engine.governance import POLICY
from remit.protocol.events.process_instance import ElementActivating, ElementTerminated
from tests.engine.test_laws import rows
from tests.support.governed import audited, grant, policy
from tests.support.model import Model
from tests.support.story import completed, elements, leftovers, replayed, story


def needing(needed: int, brought: int, process_id: str = "p", tag: str = "task") -> Model:
    """`a` sends `brought` tokens to `b`, each of which begins with `needed` of them."""
    model = Model(process_id).start("s").plain(tag, "a").quantities(completion=brought)
    model.service("b", "work").quantities(start=needed).end("e")
    return model.path("s", "a", "b", "e")


def deploy(engine: Engine, model: Model) -> int:
    return engine.deploy((f"{model.id}.bpmn", model.xml())).resources[0].key


def work(engine: Engine, job_type: str = "work") -> int:
    """Complete all jobs that are there; returns how many."""
    jobs = engine.activate(job_type, limit=50)
    for job in jobs:
        engine.complete(job.job.key)
    return len(jobs)


def count(engine: Engine, line: str) -> int:
    return elements(engine).count(line)


# --- startQuantity ---------------------------------------------------------------------------------


@pytest.mark.proves("quantities", "start quantity")
def test_an_activity_begins_once_for_each_time_that_enough_tokens_have_come(engine: Engine) -> None:
    deploy(engine, needing(2, 4))
    engine.create("p")

    assert count(engine, "SEQUENCE_FLOW_TAKEN a-b-2") == 4
    assert count(engine, "ELEMENT_ACTIVATED b") == 2
    assert work(engine) == 2
    assert completed(engine)[-1] == "p"
    assert leftovers(engine) == []


def test_tokens_of_any_incoming_flow_count_together(engine: Engine) -> None:
    model = Model("p").start("s").gateway("split", "parallel").path("s", "split")
    for name in "abc":
        model.service(name, name).path("split", name)
    model.service("z", "work").quantities(start=3).end("e").path("z", "e")
    model.path("a", "z").path("b", "z").gateway("back").path("c", "back")
    model.flow("back", "z", flow_id="on").gateway("never").path("never", "z")
    deploy(engine, model)
    key = engine.create("p").key
    for name in "ab":
        work(engine, name)
    assert count(engine, "ELEMENT_ACTIVATED z") == 0
    assert engine.state.elements[key].tokens == 2
    work(engine, "c")

    (begun,) = [
        event
        for event in engine.events()
        if isinstance(event, ElementActivating) and event.element == "z"
    ]
    assert (begun.arrived, len(begun.joined)) == (3, 3)
    work(engine)
    assert completed(engine)[-1] == "p"
    assert leftovers(engine) == []


def test_tokens_that_are_too_few_keep_their_scope_open_and_end_with_it(engine: Engine) -> None:
    deploy(engine, needing(2, 3))
    key = engine.create("p").key
    work(engine)
    assert engine.state.elements[key].tokens == 1
    assert rows(replayed(engine)) == rows(engine.state)
    engine.cancel(key)

    ended = [event for event in engine.events() if isinstance(event, ElementTerminated)][-1]
    assert ended.dropped == ("a-b-2",)
    assert leftovers(engine) == []


def test_what_waits_ends_with_the_scope_that_is_interrupted(engine: Engine) -> None:
    model = Model("p").start("s").end("e")
    with model.sub_process("sub"):
        model.start("i").service("a", "work").quantities(completion=3).path("i", "a")
        model.service("b", "never").quantities(start=4).path("a", "b")
        with model.sub_process("esp", by_event=True):
            model.start("stop", model.message("stop", "=key")).end("stopped")
            model.path("stop", "stopped")
    model.path("s", "sub", "e")
    deploy(engine, model)
    engine.create("p", {"key": "k"})
    work(engine)
    assert sum(row.count for row in engine.state.tokens.rows.values()) == 3
    engine.publish("stop", "k")

    assert completed(engine)[-1] == "p"
    assert leftovers(engine) == []


def test_a_join_that_waits_for_all_that_can_come_waits_for_tokens_at_an_activity(
    engine: Engine,
) -> None:
    model = Model("p").start("s").gateway("split", "inclusive").gateway("join", "inclusive")
    model.path("s", "split").flow("split", "a", "=true").flow("split", "b", "=true")
    model.service("a", "a").service("b", "b").plain("task", "c").quantities(start=2)
    model.flow("split", "d", "=true").service("d", "d").path("d", "c", "join").path("a", "c")
    model.path("b", "join").end("e").path("join", "e")
    deploy(engine, model)
    engine.create("p")
    work(engine, "a")
    work(engine, "b")
    assert count(engine, "ELEMENT_ACTIVATED join") == 0
    work(engine, "d")

    assert count(engine, "ELEMENT_ACTIVATED join") == 1
    assert leftovers(engine) == []


# --- completionQuantity ----------------------------------------------------------------------------


@pytest.mark.proves("quantities", "completion quantity")
def test_each_flow_that_is_taken_gets_that_many_tokens(engine: Engine) -> None:
    model = Model("p").start("s").service("a", "work").quantities(completion=3).path("s", "a")
    for name, condition in (("yes", "=x > 1"), ("no", "=x > 5"), ("always", "")):
        model.plain("task", name).flow("a", name, condition, name + "-flow")
    deploy(engine, model)
    engine.create("p", {"x": 2})
    work(engine)

    taken = story(engine, "SEQUENCE_FLOW_TAKEN")[1:]
    assert taken == ["SEQUENCE_FLOW_TAKEN yes-flow"] * 3 + ["SEQUENCE_FLOW_TAKEN always-flow"] * 3
    assert [count(engine, f"ELEMENT_COMPLETED {name}") for name in ("yes", "no", "always")] == [
        3, 0, 3,
    ]  # fmt: skip
    assert leftovers(engine) == []


def test_the_flow_of_a_boundary_event_gets_one_token(engine: Engine) -> None:
    model = Model("p").start("s").service("a", "work").quantities(completion=3).path("s", "a")
    model.boundary("b", "a", model.error("bad")).plain("task", "after").path("b", "after")
    deploy(engine, model)
    engine.create("p")
    (job,) = engine.activate("work")
    engine.throw_error(job.job.key, "bad")

    assert count(engine, "ELEMENT_COMPLETED after") == 1
    assert leftovers(engine) == []


@pytest.mark.parametrize("repeat", ["each", "loop"])
def test_a_loop_begins_with_all_its_tokens_and_sends_them_on_when_it_is_over(
    engine: Engine, repeat: str
) -> None:
    model = Model("p").start("s").plain("task", "a").quantities(completion=2)
    model.service("b", "work")
    _ = model.repeat("=[1, 2, 3]") if repeat == "each" else model.loop(maximum=3)
    model.quantities(start=2, completion=2).plain("task", "c").path("s", "a", "b", "c")
    deploy(engine, model)
    engine.create("p")
    while work(engine):
        pass

    assert completed(engine).count("b") == 3 + 1
    assert completed(engine)[-3:] == ["c", "c", "p"]
    assert leftovers(engine) == []


def test_sub_processes_and_calls_have_quantities_as_well(engine: Engine) -> None:
    called = Model("called").start("s").end("e").path("s", "e")
    model = Model("p").start("s")
    with model.sub_process("sub"):
        model.start("i").end("j").path("i", "j")
    model.quantities(completion=2).call("call", "called").quantities(start=2, completion=2)
    model.plain("task", "c").path("s", "sub", "call", "c")
    engine.deploy(("p.bpmn", model.xml()), ("c.bpmn", called.xml()))
    engine.create("p")

    assert [completed(engine).count(each) for each in ("sub", "called", "call", "c")] == [
        1,
        1,
        1,
        2,
    ]
    assert leftovers(engine) == []


def test_a_thousand_tokens_are_sent_and_taken(engine: Engine) -> None:
    deploy(engine, needing(1000, 1000))
    engine.create("p")

    assert work(engine) == 1
    assert completed(engine)[-1] == "p"
    assert leftovers(engine) == []


def test_what_makes_many_tokens_out_of_many_goes_on_in_further_turns(engine: Engine) -> None:
    model = Model("p").start("s").plain("task", "a").quantities(completion=100)
    model.plain("task", "b").quantities(completion=100).service("c", "work")
    model.quantities(start=1000)
    deploy(engine, model.path("s", "a", "b", "c"))
    engine.create("p")

    assert "AGENDA DEFERRED" in story(engine)
    assert rows(replayed(engine)) == rows(engine.state)
    assert max(len(turn.events) for turn in engine.turns()) < 6000
    assert work(engine) == 10
    assert leftovers(engine) == []


# --- with everything else --------------------------------------------------------------------------


def test_an_incident_as_it_opens_has_used_its_tokens_up_and_is_resolved_once(
    engine: Engine,
) -> None:
    model = Model("p").start("s").plain("task", "a").quantities(completion=2)
    model.service("b", "=kind").quantities(start=2).path("s", "a", "b")
    deploy(engine, model)
    key = engine.create("p").key
    (incident,) = engine.state.incidents.rows.values()
    assert incident.element == "b"
    assert engine.state.tokens.rows == {}
    engine.set_variables(key, {"kind": "work"})
    engine.resolve_incident(incident.key)

    assert work(engine) == 1
    assert leftovers(engine) == []


def test_an_instruction_begins_an_activity_without_the_tokens_that_wait_for_it(
    engine: Engine,
) -> None:
    deploy(engine, needing(2, 3, tag="manualTask"))
    key = engine.create("p").key
    work(engine)
    engine.modify(key, activate=["b"])

    assert work(engine) == 1
    assert engine.state.elements[key].tokens == 1
    engine.modify(key, activate=["a"])
    assert work(engine) == 2
    assert leftovers(engine) == []


def test_tokens_that_are_enough_in_the_target_of_a_migration_begin_there(engine: Engine) -> None:
    deploy(engine, needing(4, 3))
    key = engine.create("p").key
    target = deploy(engine, needing(2, 3, "q"))
    engine.migrate(key, target, {})

    assert work(engine) == 1
    assert engine.state.elements[key].tokens == 1
    assert rows(replayed(engine)) == rows(engine.state)
    lesser = deploy(engine, needing(1, 3, "r"))
    engine.migrate(key, lesser, {})
    assert work(engine) == 1
    assert completed(engine)[-1] == "r"
    assert leftovers(engine) == []


def test_tokens_that_would_wait_for_ever_in_the_target_are_not_migrated(engine: Engine) -> None:
    deploy(engine, needing(4, 3))
    key = engine.create("p").key
    model = Model("q").start("s").plain("task", "a").gateway("b").end("e")
    target = deploy(engine, model.path("s", "a", "b", "e"))
    with pytest.raises(Refused, match="leads to 'b', where no token waits"):
        engine.migrate(key, target, {})


def test_no_token_moves_by_the_migration_of_a_suspended_instance(engine: Engine) -> None:
    deploy(engine, needing(4, 3))
    key = engine.create("p").key
    target = deploy(engine, needing(2, 3, "q"))
    engine.suspend(key)
    with pytest.raises(Refused, match="it is suspended, and the tokens that wait"):
        engine.migrate(key, target, {})

    engine.resume(key)
    engine.migrate(key, target, {})
    assert work(engine) == 1


# --- governed --------------------------------------------------------------------------------------

ALL = Clause(id="ALL", do=("*",))


def governed(
    engine: Engine, model: Model, *allow: Clause, deny: tuple[Clause, ...] = (), **variables: Any
) -> int:
    deploy(engine, model)
    return engine.create(model.id, {POLICY: policy(grant(allow=allow, deny=deny)), **variables}).key


def admissions(engine: Engine, action: str, about: str) -> int:
    return sum(
        (getattr(event, "action", ""), getattr(event, "about", "")) == (action, about)
        for event in engine.events()
    )


def test_every_token_that_leaves_has_its_own_admission(tmp_path: Path) -> None:
    chosen = needing(3, 3)
    chosen.plain("task", "c").flow("a", "c", "=x > 1", "a-c").plain("task", "d")
    chosen.flow("a", "d", "=x > 5", "a-d")
    with audited(tmp_path) as engine:
        governed(engine, chosen, ALL, x=2)
        assert work(engine) == 1

        assert [admissions(engine, "flow.take", each) for each in ("a-b-2", "a-c", "a-d")] == [
            3, 3, 0,
        ]  # fmt: skip
        assert leftovers(engine) == []


def test_tokens_whose_activity_is_denied_wait_and_begin_it_when_it_is_admitted(
    tmp_path: Path,
) -> None:
    closed = Clause(
        id="N", do=("element.enter",), on={"elementId": {"eq": "b"}, "var.closed": {"eq": True}}
    )
    with audited(tmp_path) as engine:
        key = governed(engine, needing(2, 5), ALL, deny=(closed,), closed=True)
        incidents = list(engine.state.incidents.rows.values())
        assert ["element.enter" in each.error_message for each in incidents] == [True, True]
        assert engine.state.elements[key].tokens == 5
        assert rows(replayed(engine)) == rows(engine.state)
        engine.resolve_incident(incidents[0].key)
        assert len(engine.state.incidents.rows) == 2  # it was asked again, and denied again
        engine.set_variables(key, {"closed": False})
        for incident in tuple(engine.state.incidents.rows.values()):
            engine.resolve_incident(incident.key)

        assert work(engine) == 2
        assert engine.state.elements[key].tokens == 1
        engine.cancel(key)
        assert leftovers(engine) == []


def test_a_flow_that_is_denied_lets_none_of_its_tokens_go(tmp_path: Path) -> None:
    closed = Clause(id="N", do=("flow.take",), on={"source": {"eq": "a"}})
    with audited(tmp_path) as engine:
        governed(engine, needing(2, 2), ALL, deny=(closed,))

        (incident,) = engine.state.incidents.rows.values()
        assert (incident.element, incident.stage) == ("a", "leave")
        assert story(engine, "SEQUENCE_FLOW_TAKEN") == ["SEQUENCE_FLOW_TAKEN s-a-1"]
