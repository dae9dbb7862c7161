"""The MIWG's reference models: nothing drawn is lost, and what is executable runs.

They are drawings: what a runtime needs beside (job types, keys, conditions) is written into them first.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import pytest
from lxml import etree

from remit import Engine, Refused
from remit.model.bpmn import read
from remit.model.bpmn.graph import Definitions, EventNode
from tests.support.model import Model
from tests.support.story import elements

FOLDER = Path(__file__).parents[3] / "shared" / "models" / "miwg"
FILES = sorted(FOLDER.glob("*.bpmn"))
BPMN = "{http://www.omg.org/spec/BPMN/20100524/MODEL}"
DRAWN = "{http://www.omg.org/spec/BPMN/20100524/DI}"
ZEEBE = "{http://camunda.org/schema/zeebe/1.0}"

every_file = pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)


def known(definitions: Definitions) -> set[str]:
    """The ids of everything that the model holds."""
    found = set()
    for process in definitions.processes:
        found |= {process.id, *process.nodes, *process.all_flows}
    for each in fields(definitions.notation):
        found |= {item.id for item in getattr(definitions.notation, each.name)}
    return found


def collaborations(root: etree._Element) -> set[str]:
    """What is drawn as the plane itself."""
    return {str(each.get("bpmnElement")) for each in root.iter(f"{DRAWN}BPMNPlane")}


@every_file
def test_everything_drawn_is_in_the_model(path: Path) -> None:
    content = path.read_bytes()
    root = etree.fromstring(content)
    shapes = [*root.iter(f"{DRAWN}BPMNShape"), *root.iter(f"{DRAWN}BPMNEdge")]
    names = (each.get("bpmnElement") for each in shapes)
    drawn = {name.rpartition(":")[2] for name in names if name}
    held = known(read(content, path.name, executable_only=False))

    assert shapes
    assert drawn - held - collaborations(root) == set()


@every_file
def test_every_event_has_the_definitions_it_is_drawn_with(path: Path) -> None:
    content = path.read_bytes()
    definitions = read(content, path.name, executable_only=False)
    nodes = {name: node for each in definitions.processes for name, node in each.nodes.items()}
    for element in etree.fromstring(content).iter(f"{BPMN}*"):
        inside = [each for each in element if str(each.tag).endswith("EventDefinition")]
        node = nodes.get(element.get("id") or "")
        if isinstance(node, EventNode):
            assert len(node.definitions) == len(inside), node.id


# --- running ---------------------------------------------------------------------------------------

WORK = ("serviceTask", "sendTask", "businessRuleTask", "scriptTask")


def runnable(content: bytes) -> bytes:
    """The same drawing, with what an engine has to be told."""
    root = etree.fromstring(content)
    for process in root.iter(f"{BPMN}process"):
        process.set("isExecutable", "true")
    for tag in WORK:
        for task in root.iter(f"{BPMN}{tag}"):
            extend(task, f'<zeebe:taskDefinition xmlns:zeebe="{ZEEBE[1:-1]}" type="work"/>')
    for holder in [*root.iter(f"{BPMN}messageEventDefinition"), *root.iter(f"{BPMN}receiveTask")]:
        if holder.get("messageRef") is None:
            holder.set("messageRef", f"for-{len(root)}")
            root.insert(0, etree.Element(f"{BPMN}message", {"id": f"for-{len(root)}"}))
    for message in root.iter(f"{BPMN}message"):
        message.set("name", message.get("name") or str(message.get("id")))
        extend(message, f'<zeebe:subscription xmlns:zeebe="{ZEEBE[1:-1]}" correlationKey="=key"/>')
    for definition in root.iter(f"{BPMN}messageEventDefinition"):
        event = definition.getparent()
        assert event is not None
        if event.tag in (f"{BPMN}intermediateThrowEvent", f"{BPMN}endEvent"):
            extend(event, f'<zeebe:taskDefinition xmlns:zeebe="{ZEEBE[1:-1]}" type="work"/>')
    for timer in root.iter(f"{BPMN}timerEventDefinition"):
        for child in list(timer):
            timer.remove(child)
        etree.SubElement(timer, f"{BPMN}timeDuration").text = "PT1H"
    for call in root.iter(f"{BPMN}callActivity"):
        extend(call, f'<zeebe:calledElement xmlns:zeebe="{ZEEBE[1:-1]}" processId="called"/>')
    for marker in root.iter(f"{BPMN}multiInstanceLoopCharacteristics"):
        for child in list(marker):
            marker.remove(child)
        extend(
            marker,
            f'<zeebe:loopCharacteristics xmlns:zeebe="{ZEEBE[1:-1]}" inputCollection="=[1, 2]"/>',
        )
    for flows in splits(root):
        decide(flows)
    return etree.tostring(root)


def extend(element: etree._Element, extension: str) -> None:
    """Say it in the element's extension elements, instead of what is there."""
    for holder in element.findall(f"{BPMN}extensionElements"):
        element.remove(holder)
    holder = etree.Element(f"{BPMN}extensionElements")
    holder.append(etree.fromstring(extension))
    element.insert(0, holder)


def splits(root: etree._Element) -> Iterator[list[etree._Element]]:
    """The outgoing flows of every gateway that chooses."""
    for tag in ("exclusiveGateway", "inclusiveGateway"):
        for gateway in root.iter(f"{BPMN}{tag}"):
            gateway.attrib.pop("default", None)
            name = gateway.get("id")
            flows = [
                each for each in root.iter(f"{BPMN}sequenceFlow") if each.get("sourceRef") == name
            ]
            if len(flows) > 1:
                yield flows


def decide(flows: list[etree._Element]) -> None:
    """One after the other: the way that `round` says."""
    for number, flow in enumerate(flows):
        for child in flow.findall(f"{BPMN}conditionExpression"):
            flow.remove(child)
        text = f"=modulo(round, {len(flows)}) = {number}"
        etree.SubElement(flow, f"{BPMN}conditionExpression").text = text


CALLED = Model("called").start("s").end("e").path("s", "e")


def drive(engine: Engine, turn: int) -> None:
    """Everything that somebody outside can do: jobs, messages, signals, time."""
    for job_type in ("work", "io.camunda.zeebe:userTask"):
        for job in engine.activate(job_type, limit=20):
            if job.job.key in engine.state.jobs:
                engine.complete(job.job.key, {"round": turn})
    for row in tuple(engine.state.subscriptions.rows.values()):
        engine.publish(row.name, row.correlation_key)
    for signal in tuple(engine.state.signals.rows.values()):
        engine.broadcast(signal.name)
    engine.advance(seconds=3600)


EXECUTABLE = [path for path in FILES if b'isExecutable="true"' in path.read_bytes()]
REFUSED = {"C.3.0": ("needs a none start event",)}
"""What is not executed, and what is said of it."""


@pytest.mark.parametrize(
    "path", [each for each in EXECUTABLE if each.stem not in REFUSED], ids=lambda path: path.stem
)
def test_an_executable_model_runs_to_its_end(path: Path) -> None:
    engine = Engine()
    content = runnable(path.read_bytes())
    engine.deploy((path.name, content), ("called.bpmn", CALLED.xml()))
    for process in read(content, path.name).processes:
        if process.start is not None:
            key = engine.create(process.id, {"key": "k", "round": 0}).key
            for turn in range(60):
                drive(engine, turn)
                if key not in engine.state.elements:
                    break
            assert key not in engine.state.elements, elements(engine)[-8:]
    assert [row.error_message for row in engine.state.incidents.rows.values()] == []


@pytest.mark.parametrize("name", REFUSED)
@pytest.mark.skipif(not FILES, reason="the shared models are not beside this checkout")
def test_what_is_not_executed_is_refused_by_name(name: str) -> None:
    with pytest.raises(Refused) as fault:
        Engine().deploy((f"{name}.bpmn", runnable((FOLDER / f"{name}.bpmn").read_bytes())))
    for said in REFUSED[name]:
        assert said in str(fault.value)
