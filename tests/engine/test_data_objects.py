"""Data objects as variables, data associations as mappings (B21)."""

from __future__ import annotations

import pytest

from remit import Engine, Refused
from tests.support.model import Model
from tests.support.story import elements, leftovers, story


def data_object(name: str, initial: str) -> str:
    return (
        f'<dataObject id="id-{name}" name="{name}"><extensionElements><zeebe:properties>'
        f'<zeebe:property name="remit:initialValue" value="{initial}"/>'
        f"</zeebe:properties></extensionElements></dataObject>"
    )


@pytest.mark.proves("data objects", "initial value")
def test_a_data_object_is_a_variable_of_the_instance_from_its_start(engine: Engine) -> None:
    model = Model("p").start("s").service("a", "a").end("e").path("s", "a", "e")
    model.part(data_object("limit", "=2 * 3")).part(data_object("twice", "=limit * base"))
    engine.deploy(("p.bpmn", model.xml()))
    engine.create("p", {"base": 10})

    (job,) = engine.activate("a")
    assert job.variables == {"base": 10, "limit": 6, "twice": 60}
    told = story(engine, "ELEMENT", "VARIABLE")
    assert told.index("ELEMENT_ACTIVATING p") < told.index("VARIABLE CREATED limit=6")
    assert told.index("VARIABLE CREATED limit=6") < told.index("ELEMENT_ACTIVATED p")


def test_a_value_that_came_with_the_creation_stays(engine: Engine) -> None:
    model = Model("p").start("s").service("a", "a").end("e").path("s", "a", "e")
    engine.deploy(("p.bpmn", model.part(data_object("limit", "=6")).xml()))
    engine.create("p", {"limit": 1})

    (job,) = engine.activate("a")
    assert job.variables == {"limit": 1}


def test_a_data_object_of_a_sub_process_is_gone_with_it(engine: Engine) -> None:
    model = Model("p").start("s")
    with model.sub_process("sub", inputs={"given": "=1"}):
        model.start("i").service("a", "a").end("j").path("i", "a", "j")
        model.part(data_object("inner", "=given + 1")).part(data_object("given", "=7"))
    model.service("b", "b").end("e").path("s", "sub", "b", "e")
    engine.deploy(("p.bpmn", model.xml()))
    engine.create("p")

    (job,) = engine.activate("a")
    assert job.variables == {"given": 1, "inner": 2}
    engine.complete(job.job.key)
    (job,) = engine.activate("b")
    assert job.variables == {}


def test_an_initial_value_that_fails_is_an_incident(engine: Engine) -> None:
    model = Model("p").start("s").end("e").path("s", "e")
    engine.deploy(("p.bpmn", model.part(data_object("x", "=assert(y, y != null)")).xml()))
    key = engine.create("p").key

    (incident,) = engine.state.incidents.rows.values()
    assert (incident.element, incident.stage) == ("p", "data")
    engine.set_variables(key, {"y": 1})
    engine.resolve_incident(incident.key)
    assert "ELEMENT_COMPLETED p" in elements(engine)
    assert leftovers(engine) == []


def test_an_initial_value_that_is_no_expression_is_refused(engine: Engine) -> None:
    model = Model("p").start("s").end("e").path("s", "e").part(data_object("x", "=1 +"))
    with pytest.raises(Refused, match="the initial value of data object 'id-x' is no FEEL"):
        engine.deploy(("p.bpmn", model.xml()))


@pytest.mark.proves("data objects", "data associations")
def test_associations_carry_data_in_and_out(engine: Engine) -> None:
    model = Model("p").start("s").part(data_object("order", "={total: 5}"))
    model.part('<dataObjectReference id="ref" dataObjectRef="id-order"/>')
    model.part(
        '<serviceTask id="a"><extensionElements><zeebe:taskDefinition type="a"/>'
        '</extensionElements><ioSpecification><dataInput id="in" name="amount"/>'
        '<dataOutput id="out" name="paid"/></ioSpecification>'
        "<dataInputAssociation><sourceRef>ref</sourceRef><targetRef>in</targetRef>"
        "<transformation>=order.total</transformation></dataInputAssociation>"
        "<dataOutputAssociation><sourceRef>out</sourceRef><targetRef>ref</targetRef>"
        "</dataOutputAssociation></serviceTask>"
    )
    model.service("b", "b").end("e").path("s", "a", "b", "e")
    engine.deploy(("p.bpmn", model.xml()))
    engine.create("p")

    (job,) = engine.activate("a")
    assert job.variables["amount"] == 5
    engine.complete(job.job.key, {"paid": {"total": 4}})
    (job,) = engine.activate("b")
    assert job.variables == {"order": {"total": 4}}
