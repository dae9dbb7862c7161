"""Compensation and transactions (rules 67-70, B5-B12)."""

from __future__ import annotations

from typing import Any

import pytest

from remit import Engine
from tests.support.model import Model
from tests.support.story import completed, elements, leftovers, story


def do(engine: Engine, kind: str, variables: dict[str, Any] | None = None) -> None:
    (job,) = engine.activate(kind)
    engine.complete(job.job.key, variables)


def two(order: str = "", **throw: Any) -> bytes:
    """Two activities that can be undone, then a throw event."""
    model = Model("p").start("s").service("a", "a").service("b", "b")
    model.undone_by("a", "undo-of-a", "ua").undone_by("b", "undo-of-b", "ub")
    model.throw("t", Model.compensation(**throw)).end("e").path("s", "a", "b", "t", "e")
    xml = model.xml()
    if order:
        marker = b'isExecutable="true">'
        extension = (
            b'<extensionElements><zeebe:properties><zeebe:property name="remit:compensationOrder" '
            b'value="' + order.encode() + b'"/></zeebe:properties></extensionElements>'
        )
        xml = xml.replace(marker, marker + extension)
    return xml


@pytest.mark.proves("compensation event", "throw")
@pytest.mark.proves("compensation event", "boundary")
@pytest.mark.proves("compensation handler", "of an activity")
def test_rule_69_all_handlers_run_at_the_same_time_and_the_thrower_waits(engine: Engine) -> None:
    engine.deploy(("p.bpmn", two()))
    engine.create("p")
    do(engine, "a")
    do(engine, "b")

    assert "t" not in completed(engine)
    do(engine, "ua")
    assert "t" not in completed(engine)
    do(engine, "ub")
    assert completed(engine)[-3:] == ["t", "e", "p"]
    assert story(engine, "COMPENSATION") == [
        "COMPENSATION_SUBSCRIPTION CREATED", "COMPENSATION_SUBSCRIPTION CREATED",
        "COMPENSATION_SUBSCRIPTION TRIGGERED", "COMPENSATION_SUBSCRIPTION TRIGGERED",
        "COMPENSATION_SUBSCRIPTION STARTED", "COMPENSATION_SUBSCRIPTION STARTED",
        "COMPENSATION_SUBSCRIPTION COMPLETED", "COMPENSATION_SUBSCRIPTION COMPLETED",
    ]  # fmt: skip
    assert leftovers(engine) == []


def test_b9_in_reverse_each_handler_waits_for_the_one_before(engine: Engine) -> None:
    engine.deploy(("p.bpmn", two("reverse")))
    engine.create("p")
    do(engine, "a")
    do(engine, "b")

    assert not engine.activate("ua")
    do(engine, "ub")
    do(engine, "ua")
    assert completed(engine)[-1] == "p"
    assert leftovers(engine) == []


def test_rule_68_a_reference_restricts_to_one_activity(engine: Engine) -> None:
    engine.deploy(("p.bpmn", two(activity="a")))
    engine.create("p")
    do(engine, "a")
    do(engine, "b")

    assert not engine.activate("ub")
    do(engine, "ua")
    assert completed(engine)[-1] == "p"
    assert leftovers(engine) == []


def test_b11_a_thrower_that_does_not_wait_goes_on_at_once(engine: Engine) -> None:
    engine.deploy(("p.bpmn", two(waits=False)))
    engine.create("p")
    do(engine, "a")
    do(engine, "b")

    assert "e" in completed(engine)
    assert "p" not in completed(engine)
    do(engine, "ua")
    do(engine, "ub")
    assert completed(engine)[-1] == "p"
    assert leftovers(engine) == []


def test_rule_67_only_what_has_completed_is_undone(engine: Engine) -> None:
    model = Model("p").start("s").gateway("g", "parallel").service("a", "a").service("b", "b")
    model.undone_by("a", "undo-of-a", "ua").undone_by("b", "undo-of-b", "ub")
    model.end("t", Model.compensation()).end("f").path("s", "g", "a", "t").path("g", "b", "f")
    engine.deploy(("p.bpmn", model.xml()))
    engine.create("p")
    do(engine, "a")

    assert not engine.activate("ub")
    do(engine, "ua")
    do(engine, "b")
    assert completed(engine)[-1] == "p"
    assert leftovers(engine) == []


def test_without_anything_to_undo_the_thrower_completes(engine: Engine) -> None:
    model = Model("p").start("s").throw("t", Model.compensation()).end("e").path("s", "t", "e")
    engine.deploy(("p.bpmn", model.xml()))
    engine.create("p")
    assert completed(engine) == ["s", "t", "e", "p"]


@pytest.mark.proves("compensation handler", "of a sub-process")
def test_rule_68_a_completed_sub_process_is_undone_from_outside_with_its_variables(
    engine: Engine,
) -> None:
    model = Model("p").start("s").end("e")
    with model.sub_process("sub", inputs={"secret": "=7"}):
        model.start("i").service("a", "a").end("j").path("i", "a", "j")
        model.undone_by("a", "undo-of-a", "ua")
    model.throw("t", Model.compensation()).path("s", "sub", "t", "e")
    engine.deploy(("p.bpmn", model.xml()))
    engine.create("p")
    do(engine, "a")

    (job,) = engine.activate("ua")
    assert job.variables["secret"] == 7
    engine.complete(job.job.key)
    assert completed(engine)[-1] == "p"
    assert leftovers(engine) == []


@pytest.mark.proves("compensation event", "event sub-process")
def test_b10_a_compensation_event_sub_process_replaces_what_is_inside(engine: Engine) -> None:
    model = Model("p").start("s").end("e")
    with model.sub_process("sub"):
        model.start("i").service("a", "a").end("j").path("i", "a", "j")
        model.undone_by("a", "undo-of-a", "ua")
        with model.sub_process("undo", by_event=True):
            model.start("k", Model.compensation()).service("u", "whole").end("l")
            model.path("k", "u", "l")
    model.throw("t", Model.compensation()).path("s", "sub", "t", "e")
    engine.deploy(("p.bpmn", model.xml()))
    engine.create("p")
    do(engine, "a")

    assert not engine.activate("ua")
    do(engine, "whole")
    assert completed(engine)[-3:] == ["t", "e", "p"]
    assert leftovers(engine) == []


@pytest.mark.proves("compensation handler", "of a multi-instance activity")
def test_rule_70_a_multi_instance_activity_is_undone_once_per_body(engine: Engine) -> None:
    model = Model("p").start("s").service("a", "a").repeat("=[1, 2]")
    model.undone_by("a", "undo-of-a", "ua")
    model.throw("t", Model.compensation()).end("e").path("s", "a", "t", "e")
    engine.deploy(("p.bpmn", model.xml()))
    engine.create("p")
    for job in engine.activate("a", limit=9):
        engine.complete(job.job.key)

    (job,) = engine.activate("ua", limit=9)
    engine.complete(job.job.key)
    assert completed(engine)[-1] == "p"


def test_a_handler_that_has_nothing_to_wait_for_is_done_at_once(engine: Engine) -> None:
    model = Model("p").start("s").plain("manualTask", "a").undone_by("a", "undo-of-a")
    model.throw("t", Model.compensation()).end("e").path("s", "a", "t", "e")
    engine.deploy(("p.bpmn", model.xml()))
    engine.create("p")
    assert completed(engine) == ["s", "a", "undo-of-a", "t", "e", "p"]
    assert leftovers(engine) == []


# --- transactions ---


def booking(boundary: bool = True) -> Model:
    """Two bookings, a third activity beside, and a way to cancel."""
    model = Model("p").start("s").end("e").end("f")
    with model.sub_process("trip", tag="transaction"):
        model.start("i").gateway("both", "parallel").service("beside", "beside").end("k")
        model.service("hotel", "hotel").service("flight", "flight").gateway("ok")
        model.end("done").end("no", Model.CANCEL)
        model.undone_by("hotel", "undo-of-hotel", "uh").undone_by("flight", "undo-of-flight", "uf")
        model.path("i", "both", "hotel", "flight", "ok").path("both", "beside", "k")
        model.flow("ok", "done", "=fine").flow("ok", "no", "=not(fine)")
    if boundary:
        model.boundary("cancelled", "trip", Model.CANCEL).path("cancelled", "f")
    return model.path("s", "trip", "e")


@pytest.mark.proves("transaction", "cancel")
@pytest.mark.proves("cancel event", "boundary")
@pytest.mark.proves("cancel event", "end")
def test_b6_cancelling_ends_the_others_undoes_in_reverse_and_goes_on_at_the_boundary(
    engine: Engine,
) -> None:
    engine.deploy(("p.bpmn", booking().xml()))
    engine.create("p", {"fine": False})
    do(engine, "hotel")
    do(engine, "flight")

    assert "ELEMENT_TERMINATED beside" in elements(engine)
    assert not engine.activate("uh")
    do(engine, "uf")
    do(engine, "uh")
    assert "ELEMENT_TERMINATED trip" in elements(engine)
    assert completed(engine)[-3:] == ["cancelled", "f", "p"]
    assert leftovers(engine) == []


@pytest.mark.proves("transaction", "success")
def test_b5_a_transaction_that_succeeds_is_a_sub_process(engine: Engine) -> None:
    engine.deploy(("p.bpmn", booking().xml()))
    engine.create("p", {"fine": True})
    for kind in ("hotel", "flight", "beside"):
        do(engine, kind)

    assert completed(engine)[-3:] == ["trip", "e", "p"]
    assert leftovers(engine) == []


def test_b6_without_a_boundary_cancelling_is_an_incident(engine: Engine) -> None:
    engine.deploy(("p.bpmn", booking(boundary=False).xml()))
    engine.create("p", {"fine": False})
    do(engine, "hotel")
    do(engine, "flight")

    (incident,) = engine.state.incidents.rows.values()
    assert "cancel boundary event" in incident.error_message


@pytest.mark.parametrize("order", ["parallel", "reverse"])
def test_an_instance_that_is_undoing_can_be_cancelled(engine: Engine, order: str) -> None:
    engine.deploy(("p.bpmn", two(order)))
    key = engine.create("p").key
    do(engine, "a")
    do(engine, "b")
    engine.cancel(key)

    assert elements(engine)[-1] == "ELEMENT_TERMINATED p"
    assert leftovers(engine) == []
