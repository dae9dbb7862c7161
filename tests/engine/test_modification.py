"""Starting at any element, ending after one, and modification (reference 2.5, 3.10)."""

from __future__ import annotations

from typing import Any

import pytest

from remit import Engine, Refused
from remit.base.errors import RejectionType
from remit.protocol.values import (
    ActivateInstruction,
    MoveInstruction,
    TerminateInstruction,
    VariableInstruction,
)
from tests.support.model import Model
from tests.support.story import completed, elements, leftovers, story


def two_tasks() -> Model:
    return (
        Model("p").start("s").service("a", "a").service("b", "b").end("e").path("s", "a", "b", "e")
    )


def nested() -> Model:
    model = Model("p").start("s")
    with model.sub_process("sub"):
        model.start("i").service("a", "a").service("b", "b").end("j").path("i", "a", "b", "j")
    return model.service("c", "c").end("e").path("s", "sub", "c", "e")


def keys(engine: Engine, element: str) -> list[int]:
    return [row.key for row in engine.state.elements.rows.values() if row.element == element]


def refusal(engine: Engine, key: int, **instructions: Any) -> tuple[RejectionType, str]:
    before = list(engine.events())
    with pytest.raises(Refused) as fault:
        engine.modify(key, **instructions)
    assert list(engine.events()) == before
    return fault.value.reply.type, str(fault.value)


# --- start instructions ---


def test_an_instance_starts_at_the_elements_it_is_told(engine: Engine) -> None:
    engine.deploy(("p.bpmn", two_tasks().xml()))
    engine.create("p", start=["b"])

    assert elements(engine)[:4] == [
        "ELEMENT_ACTIVATING p", "ELEMENT_ACTIVATED p", "ELEMENT_ACTIVATING b", "ELEMENT_ACTIVATED b",
    ]  # fmt: skip
    (job,) = engine.activate("b")
    engine.complete(job.job.key)
    assert "ELEMENT_COMPLETED p" in elements(engine)
    assert leftovers(engine) == []


def test_scopes_on_the_way_are_opened_once_for_all_that_starts_in_them(engine: Engine) -> None:
    engine.deploy(("p.bpmn", nested().xml()))
    engine.create("p", start=["a", "b"])

    assert len(keys(engine, "sub")) == 1
    assert [line for line in elements(engine) if "sub" in line] == [
        "ELEMENT_ACTIVATING sub", "ELEMENT_ACTIVATED sub",
    ]  # fmt: skip
    for kind in ("a", "b", "b"):
        (job,) = engine.activate(kind)
        engine.complete(job.job.key)
    assert completed(engine).count("sub") == 1


@pytest.mark.parametrize(
    ("element", "why"),
    [
        ("nobody", "no such element"),
        ("s", "start event"),
        ("late", "boundary event"),
        ("a-b", "sequence flow"),
        ("inner", "multi-instance"),
        ("answer", "event-based gateway"),
    ],
)
def test_elements_that_no_instance_can_start_at(engine: Engine, element: str, why: str) -> None:
    model = Model("p").start("s").service("a", "a").service("b", "b").end("e")
    model.boundary("late", "a", Model.timer("duration", "PT1S")).end("f").path("late", "f")
    with model.sub_process("many"):
        model.start("i").service("inner", "x").end("j").path("i", "inner", "j")
    model.repeat("=[1]")
    model.gateway("g", "eventBased").catch("answer", Model.timer("duration", "PT1S"))
    model.catch("other", Model.timer("duration", "PT2S"))
    model.path("s", "a").flow("a", "b", flow_id="a-b").path("b", "many", "g", "answer", "e")
    model.path("g", "other", "e")
    engine.deploy(("p.bpmn", model.xml()))

    with pytest.raises(Refused, match=why) as fault:
        engine.create("p", start=[element])
    assert fault.value.reply.type is RejectionType.INVALID_ARGUMENT


def test_an_instance_ends_after_the_element_it_is_told(engine: Engine) -> None:
    engine.deploy(("p.bpmn", two_tasks().xml()))
    engine.create("p", end_after=["a"])
    (job,) = engine.activate("a")
    engine.complete(job.job.key)

    assert elements(engine)[-3:] == [
        "ELEMENT_COMPLETED a", "ELEMENT_TERMINATING p", "ELEMENT_TERMINATED p",
    ]  # fmt: skip
    assert leftovers(engine) == []


def test_an_end_after_an_unknown_element_is_refused(engine: Engine) -> None:
    engine.deploy(("p.bpmn", two_tasks().xml()))
    with pytest.raises(Refused, match="no such element"):
        engine.create("p", end_after=["z"])


# --- modification ---


def test_a_token_is_placed_beside_the_others(engine: Engine) -> None:
    engine.deploy(("p.bpmn", two_tasks().xml()))
    key = engine.create("p").key
    engine.modify(key, activate=["b"])

    assert "PROCESS_INSTANCE_MODIFICATION MODIFIED" in story(engine)
    assert len(engine.activate("a")) == len(engine.activate("b")) == 1


def test_ending_and_placing_moves_a_token_without_ending_the_scope(engine: Engine) -> None:
    engine.deploy(("p.bpmn", nested().xml()))
    key = engine.create("p").key
    (sub,) = keys(engine, "sub")
    engine.modify(key, activate=["b"], terminate=keys(engine, "a"))

    assert keys(engine, "sub") == [sub]
    assert "ELEMENT_TERMINATED a" in elements(engine)
    (job,) = engine.activate("b")
    engine.complete(job.job.key)
    assert completed(engine)[-3:] == ["b", "j", "sub"]


def test_a_scope_in_which_nothing_is_left_is_ended_not_completed(engine: Engine) -> None:
    engine.deploy(("p.bpmn", nested().xml()))
    key = engine.create("p").key
    engine.modify(key, activate=["c"], terminate=keys(engine, "a"))

    assert "ELEMENT_TERMINATED sub" in elements(engine)
    assert "sub" not in completed(engine)
    engine.modify(key, terminate=keys(engine, "c"))
    assert elements(engine)[-1] == "ELEMENT_TERMINATED p"
    assert leftovers(engine) == []


def test_variables_go_to_the_scope_they_are_meant_for(engine: Engine) -> None:
    engine.deploy(("p.bpmn", nested().xml()))
    key = engine.create("p", start=["c"]).key
    engine.modify(
        key,
        activate=[
            ActivateInstruction(
                "a",
                variables=(
                    VariableInstruction({"whole": 1}),
                    VariableInstruction({"inner": 2}, "sub"),
                    VariableInstruction({"own": 3}, "a"),
                ),
            )
        ],
    )

    (job,) = engine.activate("a")
    assert job.variables == {"whole": 1, "inner": 2, "own": 3}
    scopes = {row.name: engine.state.elements[row.scope].element
              for row in engine.state.variables.rows.values()}  # fmt: skip
    assert scopes == {"whole": "p", "inner": "sub", "own": "a"}


def test_with_several_instances_of_a_scope_one_has_to_be_chosen(engine: Engine) -> None:
    engine.deploy(("p.bpmn", nested().xml()))
    key = engine.create("p").key
    engine.modify(key, activate=["sub"])
    first, second = keys(engine, "sub")

    kind, said = refusal(engine, key, activate=["b"])
    assert kind is RejectionType.INVALID_ARGUMENT
    assert "2 active instances" in said
    engine.modify(key, activate=[ActivateInstruction("b", ancestor=second)])
    (b,) = keys(engine, "b")
    assert engine.state.elements[b].scope == second
    assert first != second


def test_all_tokens_of_an_element_are_moved(engine: Engine) -> None:
    engine.deploy(("p.bpmn", two_tasks().xml()))
    key = engine.create("p").key
    engine.modify(key, activate=["a"])
    engine.modify(key, move=[MoveInstruction("b", source="a")])

    assert keys(engine, "a") == []
    assert len(keys(engine, "b")) == 2


def test_a_moved_token_stays_in_its_own_scope_when_that_is_inferred(engine: Engine) -> None:
    engine.deploy(("p.bpmn", nested().xml()))
    key = engine.create("p").key
    engine.modify(key, activate=["sub"])
    source = keys(engine, "a")[1]
    scope = engine.state.elements[source].scope
    engine.modify(key, move=[MoveInstruction("b", source_key=source, ancestor_from="inferred")])

    (b,) = keys(engine, "b")
    assert engine.state.elements[b].scope == scope


def test_what_a_modification_is_refused_for_leaves_nothing(engine: Engine) -> None:
    engine.deploy(("p.bpmn", nested().xml()))
    key = engine.create("p").key
    other = engine.create("p").key
    foreign = next(k for k in keys(engine, "a") if engine.state.elements[k].instance == other)
    invalid = RejectionType.INVALID_ARGUMENT

    assert refusal(engine, 4711, activate=["a"])[0] is RejectionType.NOT_FOUND
    assert refusal(engine, key, activate=["nobody"])[0] is invalid
    assert refusal(engine, key, terminate=[4711])[0] is invalid
    assert "belongs to" in refusal(engine, key, terminate=[foreign])[1]
    assert (
        "no scope"
        in refusal(engine, key, activate=[ActivateInstruction("c", ancestor=keys(engine, "a")[0])])[
            1
        ]
    )
    wrong = ActivateInstruction("b", variables=(VariableInstruction({"x": 1}, "c"),))
    assert "no scope" in refusal(engine, key, activate=[wrong])[1]
    assert "no active instance" in refusal(engine, key, move=[MoveInstruction("b", source="c")])[1]


def test_all_instances_of_an_element_can_be_ended_by_its_id(engine: Engine) -> None:
    engine.deploy(("p.bpmn", two_tasks().xml()))
    key = engine.create("p").key
    engine.modify(key, activate=["a", "b"])
    engine.modify(key, terminate=[TerminateInstruction(element="a")])

    assert keys(engine, "a") == []
    assert len(keys(engine, "b")) == 1


def test_a_multi_instance_activity_is_moved_as_one_token(engine: Engine) -> None:
    model = Model("p").start("s").service("each", "work").repeat("=[1, 2, 3]").end("e")
    model.service("after", "more")
    engine.deploy(("p.bpmn", model.path("s", "each", "after", "e").xml()))
    key = engine.create("p").key
    engine.modify(key, move=[MoveInstruction("after", "each")])
    (job,) = engine.activate("more", limit=5)
    engine.complete(job.job.key)

    assert leftovers(engine) == []
