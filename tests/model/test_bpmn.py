"""Reading BPMN, and refusing what can't be run (reference 3.12)."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from remit.model.bpmn import read, refusal
from remit.model.bpmn.graph import Activity, Definitions, ElementType
from remit.model.bpmn.reachability import reaching
from tests.support.model import Model, one_task

MODELS = Path(__file__).parents[3] / "shared" / "models" / "camunda"
REFUSED = {
    "modeller7File.bpmn": "not well-formed",  # the file is cut off
}


def rules(definitions: Definitions) -> set[str]:
    return {finding.rule for finding in definitions.findings}


def findings(model: Model) -> set[str]:
    return rules(read(model.xml(), "m.bpmn"))


def ok() -> Model:
    return Model("p").start("s").end("e")


def test_a_good_model_has_no_findings() -> None:
    assert findings(one_task()) == set()


def test_the_graph_has_nodes_flows_scopes_and_boundaries() -> None:
    model = ok().boundary("b", "t", Model.timer("duration", "PT1S")).service("t", "work")
    with model.sub_process("sub"):
        model.start("is").end("ie").path("is", "ie")
    model.path("s", "t", "sub", "e").path("b", "e")
    (process,) = read(model.xml(), "m.bpmn").processes

    task = process.nodes["t"]
    assert isinstance(task, Activity)
    assert [boundary.id for boundary in task.boundaries] == ["b"]
    assert [flow.target.id for flow in task.outgoing] == ["sub"]
    assert process.nodes["is"].scope is process.nodes["sub"]
    assert process.start is process.nodes["s"]
    assert process.nodes["sub"].type is ElementType.SUB_PROCESS


@pytest.mark.skipif(not MODELS.is_dir(), reason="the shared models are not beside this checkout")
def test_real_files_deploy_or_are_refused_by_name() -> None:
    for path in sorted(MODELS.glob("*.bpmn")):
        said = refusal(read(path.read_bytes(), path.name), path.name)

        assert REFUSED.get(path.name, "") in said, path.name
        assert bool(said) == (path.name in REFUSED), said


def _no_start() -> Model:
    return Model("p").end("e")


def _two_starts() -> Model:
    return ok().start("s2").path("s", "e").path("s2", "e")


def _gateway_without_condition() -> Model:
    return ok().gateway("g").end("f").path("s", "g", "e").path("g", "f")


def _interrupting_cycle() -> Model:
    timer = Model.timer("cycle", "R/PT1S")
    return ok().service("t", "x").boundary("b", "t", timer).path("s", "t", "e").path("b", "e")


def _catch_cycle() -> Model:
    return ok().catch("c", Model.timer("cycle", "R/PT1S")).path("s", "c", "e")


def _boundary_without_flow() -> Model:
    return (
        ok()
        .service("t", "x")
        .boundary("b", "t", Model.timer("duration", "PT1S"))
        .path("s", "t", "e")
    )


def _boundary_on_nothing() -> Model:
    return ok().boundary("b", "nothing", Model.timer("duration", "PT1S")).path("s", "e")


def _no_job_type() -> Model:
    return ok().service("t", "").path("s", "t", "e")


def _no_correlation_key() -> Model:
    model = ok()
    return model.catch("c", model.message("m")).path("s", "c", "e")


def _wrong_feel() -> Model:
    return ok().service("t", "=1 +").path("s", "t", "e")


def _loop() -> Model:
    return (
        ok()
        .plain("task", "a")
        .plain("task", "b")
        .gateway("g", default="out")
        .path("s", "a", "g")
        .flow("g", "b", "=true")
        .path("b", "a")
        .flow("g", "e", "", "out")
    )


def _dangling_flow() -> Model:
    return ok().path("s", "nowhere")


def _same_id() -> Model:
    return ok().plain("task", "s").path("s", "e")


def _two_equal_errors() -> Model:
    model = ok().service("t", "x").path("s", "t", "e")
    model.boundary("b", "t", model.error("c")).boundary("d", "t", model.error("c"))
    return model.path("b", "e").path("d", "e")


def _non_interrupting_error() -> Model:
    model = ok().service("t", "x").path("s", "t", "e")
    return model.boundary("b", "t", model.error("c"), interrupting=False).path("b", "e")


def _error_end_without_code() -> Model:
    model = Model("p").start("s")
    return model.end("e", model.error()).path("s", "e")


def _start_timer_with_variables() -> Model:
    return Model("p").start("s", Model.timer("duration", "=x")).end("e").path("s", "e")


def _event_based_with_one_target() -> Model:
    model = ok().gateway("g", "eventBased")
    return model.catch("c", Model.timer("duration", "PT1S")).path("s", "g", "c", "e")


def _event_based_to_a_task() -> Model:
    model = ok().gateway("g", "eventBased").service("t", "x")
    model.catch("c", Model.timer("duration", "PT1S"))
    return model.path("s", "g", "c", "e").path("g", "t", "e")


def _sub_process_without_start() -> Model:
    model = ok()
    with model.sub_process("sub"):
        model.end("ie")
    return model.path("s", "sub", "e")


def _event_sub_process_without_event() -> Model:
    model = ok().path("s", "e")
    with model.sub_process("esp", by_event=True):
        model.start("is").end("ie").path("is", "ie")
    return model


@pytest.mark.parametrize(
    ("model", "rule"),
    [
        (_no_start(), "start-event-required"),
        (_two_starts(), "no-multiple-none-start-events"),
        (_gateway_without_condition(), "sequence-flow-condition"),
        (_interrupting_cycle(), "timer"),
        (_catch_cycle(), "timer"),
        (_boundary_without_flow(), "boundary-event-flows"),
        (_boundary_on_nothing(), "boundary-attached"),
        (_no_job_type(), "implementation"),
        (_no_correlation_key(), "subscription"),
        (_wrong_feel(), "feel"),
        (_loop(), "no-loop"),
        (_dangling_flow(), "flow-reference"),
        (_same_id(), "id-unique"),
        (_two_equal_errors(), "event-unique"),
        (_non_interrupting_error(), "event-interrupting"),
        (_error_end_without_code(), "error-reference"),
        (_start_timer_with_variables(), "timer"),
        (_event_based_with_one_target(), "event-based-gateway-target"),
        (_event_based_to_a_task(), "event-based-gateway-target"),
        (_sub_process_without_start(), "start-event-required"),
        (_event_sub_process_without_event(), "event-sub-process-typed-start-event"),
    ],
)
def test_what_can_not_run_is_found(model: Model, rule: str) -> None:
    assert rule in findings(model)


def test_every_finding_is_told_with_element_line_rule_and_fix() -> None:
    model = _interrupting_cycle()
    said = refusal(read(model.xml(), "m.bpmn"), "m.bpmn")

    assert "Element 'b', line 1: an interrupting timer can't repeat [timer]. Fix: " in said


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "well-formed"),
        (b"no xml", "well-formed"),
        (b"<a/>", "definitions"),
        (b'<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>', "document type"),
        (
            b'<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
            b"<a>&b;</a>",
            "document type",
        ),
        (b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>', "document type"),
        (b"x" * (5 * 1024 * 1024), "bytes"),
        (b"<a>" * 100_000 + b"</a>" * 100_000, ""),
    ],
)
def test_hostile_files_are_refused_with_a_sentence(content: bytes, said: str) -> None:
    definitions = read(content, "evil.bpmn")

    assert definitions.processes == []
    assert said in refusal(definitions, "evil.bpmn")


def test_five_thousand_elements_are_read_and_checked_in_two_seconds() -> None:
    model = Model("p").start("s")
    names = [f"t{number}" for number in range(5000)]
    for name in names:
        model.service(name, "work")
    model.end("e").path("s", *names, "e")
    began = time.process_time()

    assert findings(model) == set()
    assert time.process_time() - began < 2


def test_a_join_knows_from_where_a_token_can_still_come() -> None:
    model = Model("p").start("s").gateway("split", "inclusive").service("a", "work")
    model.boundary("late", "a", Model.timer("duration", "PT1S")).service("b", "work")
    model.gateway("join", "inclusive").end("e").end("f")
    model.path("s", "split", "a", "join", "e").path("split", "b", "f").path("late", "join")
    (process,) = read(model.xml(), "m.bpmn").processes

    assert reaching(process, process.nodes["join"]) == {"s", "split", "a", "late"}
    assert reaching(process, process.nodes["split"]) == {"s"}
