"""Variables: scopes, mappings, propagation (rules 1-18)."""

from __future__ import annotations

from typing import Any

import pytest

from remit import Engine, Refused
from remit.base.errors import RejectionType
from remit.protocol import commands as c
from remit.protocol.replies import Done
from tests.support.model import Model, one_task
from tests.support.story import story


def variables(engine: Engine, scope: int) -> dict[str, Any]:
    return {row.name: row.value for row in engine.state.variables.values_of(scope)}


def run_task(
    engine: Engine,
    before: dict[str, Any],
    brought: dict[str, Any],
    *,
    inputs: dict[str, str] | None = None,
    outputs: dict[str, str] | None = None,
) -> dict[str, Any]:
    """The variables of an instance after one task; a second task keeps it alive."""
    model = Model("p").start("s").service("a", "work", inputs=inputs, outputs=outputs)
    model.service("b", "hold").end("e").path("s", "a", "b", "e")
    engine.deploy(("p.bpmn", model.xml()))
    instance = engine.create("p", before).key
    (job,) = engine.activate("work")
    engine.complete(job.job.key, brought)
    return variables(engine, instance)


@pytest.mark.proves("input and output mappings")
def test_rule_2_inputs_become_local_in_order_and_see_the_ones_before(engine: Engine) -> None:
    inputs = {"a": "=x + 1", "b": "=a * 10", "text": "plain"}
    model = Model("p").start("s").service("t", "work", inputs=inputs).end("e").path("s", "t", "e")
    engine.deploy(("p.bpmn", model.xml()))
    instance = engine.create("p", {"x": 1}).key
    (job,) = engine.activate("work")

    assert variables(engine, job.job.element_key) == {"a": 2, "b": 20, "text": "plain"}
    assert variables(engine, instance) == {"x": 1}


def test_rule_4_without_output_mappings_the_variables_of_the_job_propagate(engine: Engine) -> None:
    assert run_task(engine, {"x": 1}, {"x": 2, "y": 3}) == {"x": 2, "y": 3}


@pytest.mark.proves("input and output mappings")
def test_rule_4_with_output_mappings_only_their_targets_propagate(engine: Engine) -> None:
    after = run_task(engine, {"x": 1}, {"y": 3, "z": 4}, outputs={"total": "=x + y"})

    assert after == {"x": 1, "total": 4}


def test_rule_5_the_nearest_scope_that_has_the_name_is_written(engine: Engine) -> None:
    after = run_task(engine, {"x": 1}, {"x": 5, "new": True}, inputs={"x": "=2"})

    assert after == {"x": 1, "new": True}


def test_rule_6_a_local_value_that_equals_the_new_one_lets_it_pass_to_the_parent(
    engine: Engine,
) -> None:
    after = run_task(engine, {"x": 1}, {"x": 2}, inputs={"x": "=2"})

    assert after == {"x": 2}


def test_rule_7_a_value_that_does_not_change_leaves_no_record(engine: Engine) -> None:
    run_task(engine, {"x": {"deep": [1, 2]}}, {"x": {"deep": [1, 2]}})

    assert list(story(engine, "VARIABLE")) == ["VARIABLE CREATED x={'deep': [1, 2]}"]


@pytest.mark.parametrize(("old", "new"), [(1, True), (0, False), (1, 1.0), (None, 0), ("1", 1)])
def test_values_of_different_kinds_are_different(engine: Engine, old: object, new: object) -> None:
    assert run_task(engine, {"x": old}, {"x": new})["x"] is new


def test_rule_8_a_nested_target_merges_into_the_object_that_is_there(engine: Engine) -> None:
    after = run_task(
        engine, {"order": {"id": 7}}, {"sum": 3}, outputs={"order.price.total": "=sum"}
    )

    assert after == {"order": {"id": 7, "price": {"total": 3}}}


def test_rule_9_variables_are_set_locally_or_merged_upward(engine: Engine) -> None:
    engine.deploy(("one.bpmn", one_task().xml()))
    instance = engine.create("one", {"x": 1}).key
    (job,) = engine.activate("work")

    engine.set_variables(job.job.element_key, {"x": 2}, local=True)
    engine.set_variables(job.job.element_key, {"y": 3})

    assert variables(engine, job.job.element_key) == {"x": 2}
    assert variables(engine, instance) == {"x": 1, "y": 3}


def test_rule_9_an_unknown_scope_is_refused(engine: Engine) -> None:
    with pytest.raises(Refused) as fault:
        engine.set_variables(4711, {"x": 1})

    assert fault.value.reply.type is RejectionType.NOT_FOUND


def test_rule_10_variables_of_a_failed_job_stay_with_its_element(engine: Engine) -> None:

    engine.deploy(("one.bpmn", one_task().xml()))
    instance = engine.create("one").key
    (job,) = engine.activate("work")

    engine.execute(c.FailJob(job.job.key, 1, "", 0, {"why": "net"}), Done)

    assert variables(engine, job.job.element_key) == {"why": "net"}
    assert variables(engine, instance) == {}


def test_rule_18_a_mapping_over_a_missing_variable_gives_null(engine: Engine) -> None:
    assert run_task(engine, {}, {}, outputs={"y": "=nothing"}) == {"y": None}


def test_a_mapping_that_can_not_be_computed_stops_at_the_step_it_failed_at(engine: Engine) -> None:
    deep = {"x": '=assert(x, x = "a text")'}
    model = Model("p").start("s").service("t", "work", inputs=deep).end("e").path("s", "t", "e")
    engine.deploy(("p.bpmn", model.xml()))
    instance = engine.create("p", {"x": 2}).key
    (incident,) = engine.state.incidents.rows.values()
    assert (incident.error_type, incident.element) == ("IO_MAPPING_ERROR", "t")

    engine.set_variables(instance, {"x": "a text"})
    engine.resolve_incident(incident.key)

    assert len(engine.activate("work")) == 1


def test_a_result_shows_the_variables_of_the_root(engine: Engine) -> None:
    model = Model("p").start("s").end("e").path("s", "e")
    engine.deploy(("p.bpmn", model.xml()))

    assert engine.create_with_result("p", {"a": 1, "b": 2.5}) == {"a": 1, "b": 2.5}
