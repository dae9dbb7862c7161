"""Every kind of event in the positions it shares with others: one test a position."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from remit import Engine
from tests.support.model import Model
from tests.support.story import completed, elements, leftovers, story

Make = Callable[[Model], str]
Fire = Callable[[Engine, int], object]

MESSAGE: tuple[Make, Fire] = (
    lambda model: model.message("m", '="k"'),
    lambda engine, _: engine.publish("m", "k"),
)
TIMER: tuple[Make, Fire] = (
    lambda model: model.timer("duration", "PT1H"),
    lambda engine, _: engine.advance(seconds=3600),
)
SIGNAL: tuple[Make, Fire] = (
    lambda model: model.signal("go"),
    lambda engine, _: engine.broadcast("go"),
)
CONDITION: tuple[Make, Fire] = (
    lambda model: model.condition("=x"),
    lambda engine, key: engine.set_variables(key, {"x": True}),
)
WAITED = pytest.mark.parametrize(
    ("make", "fire"),
    [MESSAGE, TIMER, SIGNAL, CONDITION],
    ids=["message", "timer", "signal", "conditional"],
)


def run(engine: Engine, built: Model) -> int:
    engine.deploy(("p.bpmn", built.xml()))
    return engine.create("p").key


def opened(engine: Engine, element: str) -> int:
    return elements(engine).count(f"ELEMENT_ACTIVATED {element}")


def work(engine: Engine, *types: str) -> None:
    for job_type in types:
        (job,) = engine.activate(job_type)
        engine.complete(job.job.key)


@pytest.mark.proves("message event", "boundary, interrupting")
@pytest.mark.proves("signal event", "boundary, interrupting")
@WAITED
def test_an_interrupting_boundary_terminates_its_activity_first(
    engine: Engine, make: Make, fire: Fire
) -> None:
    model = Model("p").start("s").service("a", "a").end("e").path("s", "a", "e")
    model.boundary("b", "a", make(model)).end("e2").path("b", "e2")
    fire(engine, run(engine, model))

    told = elements(engine)
    assert told.index("ELEMENT_TERMINATED a") < told.index("ELEMENT_ACTIVATING b")
    assert completed(engine)[-3:] == ["b", "e2", "p"]
    assert leftovers(engine) == []


@pytest.mark.proves("signal event", "boundary, non-interrupting")
@WAITED
def test_a_boundary_that_does_not_interrupt_runs_beside_its_activity(
    engine: Engine, make: Make, fire: Fire
) -> None:
    model = Model("p").start("s").service("a", "a").end("e").path("s", "a", "e")
    model.boundary("b", "a", make(model), interrupting=False).end("e2").path("b", "e2")
    fire(engine, run(engine, model))
    assert opened(engine, "e2") == 1
    work(engine, "a")

    assert completed(engine)[-3:] == ["a", "e", "p"]
    assert leftovers(engine) == []


@pytest.mark.proves("event sub-process", "interrupting")
@pytest.mark.proves("message event", "event sub-process, interrupting")
@pytest.mark.proves("timer event", "event sub-process, interrupting")
@pytest.mark.proves("signal event", "event sub-process, interrupting")
@pytest.mark.proves("conditional event", "event sub-process, interrupting")
@WAITED
def test_an_interrupting_event_sub_process_ends_all_else_in_its_scope(
    engine: Engine, make: Make, fire: Fire
) -> None:
    model = Model("p").start("s").service("a", "a").end("e").path("s", "a", "e")
    with model.sub_process("instead", by_event=True):
        model.start("i", make(model)).service("c", "c").end("j").path("i", "c", "j")
    fire(engine, run(engine, model))
    told = elements(engine)
    assert told.index("ELEMENT_TERMINATED a") < told.index("ELEMENT_ACTIVATING instead")
    work(engine, "c")

    assert completed(engine)[-2:] == ["instead", "p"]
    assert leftovers(engine) == []


@pytest.mark.proves("event sub-process", "non-interrupting")
@pytest.mark.proves("message event", "event sub-process, non-interrupting")
@pytest.mark.proves("timer event", "event sub-process, non-interrupting")
@pytest.mark.proves("signal event", "event sub-process, non-interrupting")
@pytest.mark.proves("conditional event", "event sub-process, non-interrupting")
@WAITED
def test_an_event_sub_process_that_does_not_interrupt_runs_beside_its_scope(
    engine: Engine, make: Make, fire: Fire
) -> None:
    model = Model("p").start("s").service("a", "a").end("e").path("s", "a", "e")
    with model.sub_process("beside", by_event=True):
        model.start("i", make(model), interrupting=False).service("c", "c").end("j")
        model.path("i", "c", "j")
    fire(engine, run(engine, model))
    work(engine, "a")
    assert "ELEMENT_COMPLETED p" not in elements(engine)
    work(engine, "c")

    assert completed(engine)[-2:] == ["beside", "p"]
    assert leftovers(engine) == []


@pytest.mark.proves("event-based gateway", "in a flow")
@pytest.mark.proves("message event", "behind an event-based gateway")
@pytest.mark.proves("timer event", "behind an event-based gateway")
@pytest.mark.proves("conditional event", "behind an event-based gateway")
@WAITED
def test_the_first_event_behind_a_gateway_is_taken(engine: Engine, make: Make, fire: Fire) -> None:
    model = (
        Model("p").start("s").gateway("g", "eventBased").catch("one", make(model0 := Model("x")))
    )
    model._roots.update(model0._roots)
    model.catch("other", model.timer("duration", "P9D")).end("e").end("e2")
    model.path("s", "g", "one", "e").path("g", "other", "e2")
    fire(engine, run(engine, model))

    assert completed(engine) == ["s", "g", "one", "e", "p"]
    assert leftovers(engine) == []


@pytest.mark.proves("conditional event", "start")
def test_a_conditional_start_event_is_asked_with_the_variables_given(engine: Engine) -> None:
    model = Model("p")
    model.start("s", model.condition("=amount > 10")).end("e").path("s", "e")
    engine.deploy(("p.bpmn", model.xml()))
    assert engine.evaluate_conditional({"amount": 5}).instances == ()
    assert len(engine.evaluate_conditional({"amount": 11}).instances) == 1

    assert completed(engine) == ["s", "e", "p"]


# --- what is thrown ---


@pytest.mark.proves("error event", "event sub-process")
def test_an_error_begins_an_event_sub_process(engine: Engine) -> None:
    model = Model("p").start("s").service("a", "a").end("e").path("s", "a", "e")
    with model.sub_process("repair", by_event=True):
        model.start("i", model.error("broken")).end("j").path("i", "j")
    run(engine, model)
    (job,) = engine.activate("a")
    engine.throw_error(job.job.key, "broken")

    assert completed(engine)[-2:] == ["repair", "p"]
    assert leftovers(engine) == []


@pytest.mark.proves("escalation event", "throw")
@pytest.mark.proves("escalation event", "event sub-process, interrupting")
@pytest.mark.proves("escalation event", "event sub-process, non-interrupting")
@pytest.mark.parametrize("interrupting", [True, False])
def test_an_escalation_begins_an_event_sub_process(engine: Engine, interrupting: bool) -> None:
    model = Model("p").start("s")
    model.throw("t", model.escalation("late")).service("a", "a").end("e").path("s", "t", "a", "e")
    with model.sub_process("hurry", by_event=True):
        model.start("i", model.escalation("late"), interrupting=interrupting).end("j").path(
            "i", "j"
        )
    run(engine, model)

    assert opened(engine, "hurry") == 1
    assert opened(engine, "a") == (0 if interrupting else 1)


@pytest.mark.proves("none event", "throw")
def test_a_none_throw_event_passes_its_token_on(engine: Engine) -> None:
    run(engine, Model("p").start("s").throw("t").end("e").path("s", "t", "e"))

    assert completed(engine) == ["s", "t", "e", "p"]


@pytest.mark.proves("signal event", "end")
@pytest.mark.proves("compensation event", "end")
@pytest.mark.proves("multiple event", "end")
def test_an_end_event_throws_all_its_definitions_in_order(engine: Engine) -> None:
    model = Model("p").start("s").service("a", "a").undone_by("a", "undo", "undo")
    model.end("t", model.signal("go") + model.compensation()).path("s", "a", "t")
    run(engine, model)
    work(engine, "a", "undo")

    told = story(engine, "SIGNAL BROADCASTED", "COMPENSATION_SUBSCRIPTION TRIGGERED")
    assert told == ["SIGNAL BROADCASTED", "COMPENSATION_SUBSCRIPTION TRIGGERED"]
    assert completed(engine)[-2:] == ["t", "p"]
    assert leftovers(engine) == []


@pytest.mark.proves("multiple event", "throw")
def test_a_throw_event_throws_all_its_definitions_and_goes_on(engine: Engine) -> None:
    model = Model("p").start("s")
    model.throw("t", model.signal("one") + model.signal("two")).end("e").path("s", "t", "e")
    run(engine, model)

    assert story(engine, "SIGNAL") == ["SIGNAL BROADCASTED", "SIGNAL BROADCASTED"]
    assert completed(engine) == ["s", "t", "e", "p"]


@pytest.mark.proves("message event", "throw")
@pytest.mark.proves("message event", "end")
@pytest.mark.parametrize("tag", ["intermediateThrowEvent", "endEvent"])
def test_a_message_is_sent_by_a_worker(engine: Engine, tag: str) -> None:
    model = Model("p").start("s")
    work_of = '<extensionElements><zeebe:taskDefinition type="send"/></extensionElements>'
    model.part(f'<{tag} id="t">{work_of}{model.message("m")}</{tag}>').path("s", "t")
    if tag == "intermediateThrowEvent":
        model.end("e").path("t", "e")
    run(engine, model)
    assert "ELEMENT_COMPLETED t" not in elements(engine)
    work(engine, "send")

    assert completed(engine)[-1] == "p"
    assert leftovers(engine) == []


@pytest.mark.proves("transaction", "hazard")
def test_b5_an_error_leaves_a_transaction_without_compensation(engine: Engine) -> None:
    model = Model("p").start("s")
    with model.sub_process("trip", tag="transaction"):
        model.start("i").service("hotel", "hotel").undone_by("hotel", "cancel-hotel", "undo")
        model.service("flight", "flight").end("j").path("i", "hotel", "flight", "j")
    model.boundary("broken", "trip", model.error("broken")).end("e").end("e2")
    model.path("s", "trip", "e").path("broken", "e2")
    run(engine, model)
    work(engine, "hotel")
    (job,) = engine.activate("flight")
    engine.throw_error(job.job.key, "broken")

    assert completed(engine)[-3:] == ["broken", "e2", "p"]
    assert opened(engine, "cancel-hotel") == 0
    assert leftovers(engine) == []


# --- what belongs to several elements ---

POOLS = b"""<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL"
 xmlns:zeebe="http://camunda.org/schema/zeebe/1.0" targetNamespace="t">
<message id="order" name="order"><extensionElements>
 <zeebe:subscription correlationKey="=id"/></extensionElements></message>
<collaboration id="c"><participant id="p1" processRef="p"/><participant id="p2" processRef="seller"/>
 <messageFlow id="m" sourceRef="send" targetRef="take"/></collaboration>
<process id="p" isExecutable="true"><startEvent id="s"/><sequenceFlow id="f" sourceRef="s"
 targetRef="send"/><sendTask id="send" messageRef="order"/></process>
<process id="seller" isExecutable="true"><startEvent id="take">
 <messageEventDefinition messageRef="order"/></startEvent></process></definitions>"""


@pytest.mark.proves("send task", "along a message flow")
def test_a_send_task_delivers_along_its_message_flow(engine: Engine) -> None:
    engine.deploy(("pools.bpmn", POOLS))
    engine.create("p", {"id": "a"})

    assert {"send", "p", "take", "seller"} <= set(completed(engine))


LANES = b"""<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL"
 xmlns:zeebe="http://camunda.org/schema/zeebe/1.0" targetNamespace="t">
<process id="p" isExecutable="true"><extensionElements><zeebe:properties>
 <zeebe:property name="remit:laneAsCandidateGroup" value="ASKED"/></zeebe:properties>
 </extensionElements><laneSet id="l"><lane id="l1" name="clerks, &quot;junior&quot;">
 <flowNodeRef>u</flowNodeRef></lane></laneSet><startEvent id="s"/><userTask id="u">
 <extensionElements><zeebe:userTask/></extensionElements></userTask>
 <sequenceFlow id="f" sourceRef="s" targetRef="u"/></process></definitions>"""


@pytest.mark.proves("pools and lanes", "lane as candidate group")
@pytest.mark.parametrize(("asked", "groups"), [("true", ('clerks, "junior"',)), ("", ())])
def test_b23_a_lane_is_a_candidate_group_when_the_process_asks_for_it(
    engine: Engine, asked: str, groups: tuple[str, ...]
) -> None:
    engine.deploy(("p.bpmn", LANES.replace(b"ASKED", asked.encode())))
    engine.create("p")

    (task,) = engine.state.user_tasks.rows.values()
    assert task.candidate_groups == groups


GLOBAL = b"""<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL"
 xmlns:zeebe="http://camunda.org/schema/zeebe/1.0" targetNamespace="t">
<globalUserTask id="approve" name="Approve"><extensionElements><zeebe:userTask/>
 <zeebe:assignmentDefinition assignee="=boss"/></extensionElements></globalUserTask>
<globalScriptTask id="double"><extensionElements>
 <zeebe:script expression="=x * 2" resultVariable="y"/></extensionElements></globalScriptTask>
<process id="p" isExecutable="true"><startEvent id="s"/><callActivity id="c" calledElement="double"/>
 <callActivity id="d" calledElement="approve"/>
 <sequenceFlow id="f" sourceRef="s" targetRef="c"/>
 <sequenceFlow id="g" sourceRef="c" targetRef="d"/></process></definitions>"""


@pytest.mark.proves("call activity", "global task")
def test_a_global_task_is_called_like_a_process(engine: Engine) -> None:
    engine.deploy(("p.bpmn", GLOBAL))
    engine.create("p", {"x": 4, "boss": "ada"})
    (task,) = engine.state.user_tasks.rows.values()
    assert (task.assignee, task.element, task.process_id) == ("ada", "approve#task", "approve")
    assert "VARIABLE CREATED y=8" in story(engine)

    engine.complete_user_task(task.key)
    assert completed(engine)[-1] == "p"
    assert leftovers(engine) == []


@pytest.mark.proves("user task", "form")
def test_a_user_task_is_linked_to_the_latest_version_of_its_form(engine: Engine) -> None:
    form = b'{"id": "yes-or-no", "type": "default", "components": []}'
    engine.deploy(("f.form", form))
    latest = engine.deploy(("f.form", form.replace(b"[]", b"[{}]"))).resources[0].key
    model = Model("p").start("s").native_user("u", form="yes-or-no").end("e").path("s", "u", "e")
    run(engine, model)

    (task,) = engine.state.user_tasks.rows.values()
    assert task.form_key == latest
