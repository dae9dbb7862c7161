"""Links, several definitions on one throw event (B16), messages between pools (B22)."""

from __future__ import annotations

import pytest

from remit import Engine
from tests.support.model import Model
from tests.support.story import completed, elements, leftovers, story


@pytest.mark.proves("link event", "throw")
@pytest.mark.proves("link event", "catch")
def test_a_link_goes_on_at_the_catch_event_of_its_name(engine: Engine) -> None:
    model = Model("p").start("s").throw("from", Model.link("over")).end("e")
    model.catch("to", Model.link("over")).path("s", "from").path("to", "e")
    engine.deploy(("p.bpmn", model.xml()))
    engine.create("p")

    assert completed(engine) == ["s", "from", "to", "e", "p"]
    assert [line for line in elements(engine) if "FLOW" in line] == [
        "SEQUENCE_FLOW_TAKEN s-from-1", "SEQUENCE_FLOW_TAKEN to-e-2",
    ]  # fmt: skip
    assert leftovers(engine) == []


def test_several_definitions_are_thrown_in_document_order(engine: Engine) -> None:
    model = Model("p").start("s")
    model.end("t", model.signal("go") + model.escalation("late")).path("s", "t")
    engine.deploy(("p.bpmn", model.xml()))
    engine.create("p")

    assert story(engine, "SIGNAL", "ESCALATION") == [
        "SIGNAL BROADCASTED", "ESCALATION NOT_ESCALATED",
    ]  # fmt: skip
    assert completed(engine)[-1] == "p"


POOLS = b"""<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL"
 xmlns:zeebe="http://camunda.org/schema/zeebe/1.0" targetNamespace="t">
<message id="order" name="order"><extensionElements>
 <zeebe:subscription correlationKey="=id"/></extensionElements></message>
<collaboration id="c"><participant id="p1" processRef="buyer"/><participant id="p2" processRef="seller"/>
 <messageFlow id="m" sourceRef="send" targetRef="take"/></collaboration>
<process id="buyer" isExecutable="true"><startEvent id="s"/><sequenceFlow id="f" sourceRef="s"
 targetRef="send"/><endEvent id="send"><messageEventDefinition messageRef="order"/></endEvent></process>
<process id="seller" isExecutable="true"><startEvent id="s2"/><sequenceFlow id="f2" sourceRef="s2"
 targetRef="take"/><intermediateCatchEvent id="take"><messageEventDefinition messageRef="order"/>
 </intermediateCatchEvent><sequenceFlow id="f3" sourceRef="take" targetRef="e2"/><endEvent id="e2"/>
</process></definitions>"""


@pytest.mark.proves("pools and lanes", "message flow")
def test_a_message_flow_delivers_to_the_other_pool_by_name_and_key(engine: Engine) -> None:
    engine.deploy(("pools.bpmn", POOLS))
    engine.create("seller", {"id": "a"})
    engine.create("seller", {"id": "b"})
    engine.create("buyer", {"id": "b", "what": "tea"})

    assert completed(engine).count("seller") == 1
    assert "VARIABLE CREATED what=tea" in story(engine)
    left = [row for row in engine.state.elements.rows.values() if row.element == "take"]
    assert len(left) == 1
