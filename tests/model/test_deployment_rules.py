"""Every rule of deployment (reference 3.12 and the checks of what Zeebe lacks) refuses its example."""

from __future__ import annotations

import time
from itertools import pairwise
from pathlib import Path

import pytest

from remit import Engine
from remit.model.bpmn import limits, read, refusal
from remit.model.bpmn.reachability import reaching
from remit.model.bpmn.rules import RULES, page
from remit.model.finding import Finding
from tests.support.model import NAMESPACES, Model

START = '<startEvent id="s"/>'
TASK = '<task id="t"/>'
TIMER = "<timerEventDefinition><timeDuration>PT1S</timeDuration></timerEventDefinition>"
MESSAGE = '<message id="m" name="m"/>'
KEYED = (
    '<message id="m" name="m"><extensionElements><zeebe:subscription correlationKey="=k"/>'
    "</extensionElements></message>"
)
ESCALATION = '<escalation id="x" escalationCode="x"/>'


def flow(source: str, target: str, condition: str = "", flow_id: str = "") -> str:
    inner = f"<conditionExpression>{condition}</conditionExpression>" if condition else ""
    name = flow_id or f"{source}-{target}"
    return f'<sequenceFlow id="{name}" sourceRef="{source}" targetRef="{target}">{inner}</sequenceFlow>'


def extended(tag: str, extensions: str, inner: str = "", **attributes: str) -> str:
    shown = "".join(f' {name}="{value}"' for name, value in attributes.items())
    return (
        f'<{tag} id="t"{shown}><extensionElements>{extensions}</extensionElements>{inner}</{tag}>'
    )


def catch(definition: str, event_id: str = "c", inner: str = "") -> str:
    return f'<intermediateCatchEvent id="{event_id}">{definition}{inner}</intermediateCatchEvent>'


def throw(definition: str) -> str:
    return f'<intermediateThrowEvent id="h">{definition}</intermediateThrowEvent>'


def end(definition: str) -> str:
    return f'<endEvent id="e">{definition}</endEvent>'


def boundary(definition: str, event_id: str = "b", attributes: str = "", on: str = "t") -> str:
    return (
        f'<boundaryEvent id="{event_id}" attachedToRef="{on}" {attributes}>{definition}'
        f'</boundaryEvent><endEvent id="after-{event_id}"/>{flow(event_id, "after-" + event_id)}'
    )


def sub(inner: str, attributes: str = "", tag: str = "subProcess", name: str = "sub") -> str:
    return f'<{tag} id="{name}" {attributes}>{inner}</{tag}>'


def esp(inner: str) -> str:
    return sub(inner, 'triggeredByEvent="true"')


def loop(marker: str) -> str:
    return f'<task id="t">{marker}</task>'


def behaving(attributes: str, inside: str = "") -> str:
    """A multi-instance task that is to throw something."""
    extension = '<zeebe:loopCharacteristics inputCollection="=x"/>'
    return loop(
        f"<multiInstanceLoopCharacteristics {attributes}><extensionElements>{extension}"
        f"</extensionElements>{inside}</multiInstanceLoopCharacteristics>"
    )


def condition(text: str, events: str = "") -> str:
    extension = (
        f'<extensionElements><zeebe:conditionalFilter variableEvents="{events}"/></extensionElements>'
        if events
        else ""
    )
    return (
        f"<conditionalEventDefinition>{extension}<condition>{text}</condition>"
        f"</conditionalEventDefinition>"
    )


def file(body: str, roots: str = "", attributes: str = 'isExecutable="true"') -> bytes:
    return (
        f'<definitions {NAMESPACES} id="file">\n{roots}\n<process id="p" {attributes}>\n{body}\n'
        f"</process></definitions>"
    ).encode()


JOB = '<zeebe:taskDefinition type="work"/>'
LISTENER = '<zeebe:executionListener eventType="{}" type="{}"/>'
LISTENERS = "<zeebe:executionListeners>{}</zeebe:executionListeners>"
USER = "<zeebe:userTask/>"
TASK_LISTENERS = "<zeebe:taskListeners>{}</zeebe:taskListeners>"
TASK_LISTENER = '<zeebe:taskListener eventType="{}" type="{}"/>'
GATEWAY = '<{0}Gateway id="g" {1}/>' + TASK + '<task id="u"/>'
COMPENSATION = "<compensateEventDefinition/>"
CANCEL = "<cancelEventDefinition/>"
LINK = '<linkEventDefinition name="l"/>'

REFUSED: dict[str, list[bytes]] = {
    "xml": [b"", b"no xml", b"<a/>", b"<!DOCTYPE a><a/>"],
    "limit": [
        file(START + TASK + "".join(boundary(CANCEL, f"b{n}") for n in range(201))),
        file(START + "<documentation/>" * 100_001),
        file(START + f'<task id="{"x" * 1025}"/>'),
    ],
    "executable-process": [file(START, attributes="")],
    "id-required": [file(START + "<task/>"),
                    file(START + TASK + '<sequenceFlow sourceRef="s" targetRef="t"/>')],
    "id-unique": [file(START + TASK + TASK), file(START + '<task id="p"/>')],
    "element-type": [
        file(START + "<teleporter id='t'/>"),
        file(f'<startEvent id="s">{CANCEL}</startEvent>'),
        file(START + catch("")),
        file(START + TASK + boundary("")),
        file(START + throw(TIMER)),
        file(START + end(TIMER)),
    ],
    "quantity": [
        file(START + f'<task id="t" {name}="{value}"/>')
        for name in ("startQuantity", "completionQuantity")
        for value in ("", "0", "-1", "1.5", "two", "1001", "1_0", "9" * 5000)
    ],
    "feel": [
        file(START + extended("serviceTask", '<zeebe:taskDefinition type="=1 +"/>')),
        file(START + GATEWAY.format("exclusive", "") + flow("g", "t", "=1 +") + flow("g", "u", "=x")),
        file(START + '<complexGateway id="g"><activationCondition>1 +</activationCondition>'
             "</complexGateway>"),
        file(START + catch(condition(""))),
    ],
    "flow-reference": [
        file(START + flow("s", "nowhere")),
        file(START + TASK + sub(START.replace('"s"', '"i"')) + flow("s", "i")),
    ],
    "sequence-flow-condition": [
        file(START + GATEWAY.format("exclusive", "") + flow("g", "t") + flow("g", "u")),
        file(START + GATEWAY.format("inclusive", "") + flow("g", "t") + flow("g", "u", "=x")),
        file(START + GATEWAY.format("parallel", "") + flow("g", "t", "=x") + flow("g", "u")),
    ],
    "default-flow": [
        file(START + GATEWAY.format("exclusive", 'default="s-t"') + flow("s", "t") + flow("g", "u")),
    ],
    "no-loop": [
        file(START + TASK + '<task id="u"/>' + flow("s", "t") + flow("t", "u") + flow("u", "t")),
        file(START + TASK + throw(LINK) + catch(LINK) + flow("s", "t") + flow("t", "h")
             + flow("c", "t")),
        file('<startEvent id="p-s"/>' + sub(START + '<endEvent id="e"><errorEventDefinition '
             'errorRef="x"/></endEvent>' + flow("s", "e")) + flow("p-s", "sub")
             + '<boundaryEvent id="b" attachedToRef="sub"><errorEventDefinition/></boundaryEvent>'
             + flow("b", "sub"), '<error id="x" errorCode="x"/>'),
    ],
    "event-based-gateway-target": [
        file(START + '<eventBasedGateway id="g"/>' + catch(TIMER) + flow("g", "c")),
        file(START + GATEWAY.format("eventBased", "") + flow("g", "t") + flow("g", "u")),
        file(START + '<eventBasedGateway id="g"/>' + catch(TIMER) + catch(TIMER, "d")
             + flow("g", "c") + flow("g", "d") + flow("s", "d")),
    ],
    "instantiate": [
        file(START + '<eventBasedGateway id="g" instantiate="true"/>' + flow("s", "g")),
        file(START + '<eventBasedGateway id="g" eventGatewayType="Parallel"/>'),
        file(START + '<receiveTask id="t" instantiate="true" messageRef="m"/>' + flow("s", "t"),
             MESSAGE),
    ],
    "message-flow": [
        file(START + throw('<messageEventDefinition messageRef="m"/>')
             + catch('<messageEventDefinition messageRef="m"/>'),
             KEYED + '<collaboration id="all"><messageFlow id="f" sourceRef="h" targetRef="c"/>'
             "</collaboration>"),
    ],
    "start-event-required": [file(TASK), file(START + sub(TASK))],
    "no-multiple-none-start-events": [file(START + '<startEvent id="s2"/>')],
    "start-event-flows": [file(START + TASK + flow("t", "s"))],
    "end-event-flows": [file(START + '<endEvent id="e"/>' + TASK + flow("e", "t"))],
    "sub-process-blank-start-event": [
        file(START + sub(f'<startEvent id="i">{TIMER}</startEvent>')),
        file(START + sub(f'<startEvent id="i">{TIMER}</startEvent>', tag="transaction")),
    ],
    "event-sub-process-typed-start-event": [
        file(START + esp('<startEvent id="i"/>')),
        file(START + esp("")),
        file(START + esp(f'<startEvent id="i">{TIMER}</startEvent><startEvent id="j">{TIMER}'
                         "</startEvent>")),
    ],
    "event-sub-process-flows": [
        file(START + esp(f'<startEvent id="i">{TIMER}</startEvent>') + flow("s", "sub")),
        file(START + esp(f'<startEvent id="i">{TIMER}</startEvent>') + boundary(TIMER, on="sub")),
    ],
    "compensation-sub-process": [
        file(START + esp(f'<startEvent id="i">{COMPENSATION}</startEvent>')),
    ],
    "ad-hoc-sub-process": [
        file(START + sub("", tag="adHocSubProcess")),
        file(START + sub(TASK + '<endEvent id="e"/>', tag="adHocSubProcess")),
        file(START + sub(f"<extensionElements>{JOB}</extensionElements>{TASK}"
                         "<completionCondition>=x</completionCondition>", tag="adHocSubProcess")),
    ],
    "boundary-attached": [
        file(START + boundary(TIMER, on="nothing")), file(START + boundary(TIMER, on="s")),
    ],
    "boundary-event-flows": [
        file(START + TASK + f'<boundaryEvent id="b" attachedToRef="t">{TIMER}</boundaryEvent>'),
        file(START + TASK + boundary(TIMER) + flow("s", "b")),
    ],
    "event-interrupting": [
        file(START + TASK + boundary("<errorEventDefinition/>", attributes='cancelActivity="false"')),
        file(START + sub("<startEvent id='i'/>", tag="transaction")
             + boundary(CANCEL, attributes='cancelActivity="false"', on="sub")),
        file(START + esp('<startEvent id="i" isInterrupting="false"><errorEventDefinition/>'
                         "</startEvent>")),
    ],
    "event-unique": [
        file(START + TASK + boundary("<errorEventDefinition/>")
             + boundary("<errorEventDefinition/>", "d")),
        file(START + TASK + "".join(boundary('<messageEventDefinition messageRef="m"/>', each)
                                    for each in "bd"), KEYED),
        file("".join(f'<startEvent id="{each}"><signalEventDefinition signalRef="x"/></startEvent>'
                     for each in "ab"), '<signal id="x" name="x"/>'),
        file(START + sub('<startEvent id="i"/>') + "".join(
            boundary("<escalationEventDefinition/>", each, on="sub") for each in "bd")),
        file(START + TASK + boundary(condition("=x")) + boundary(condition("=x"), "d")),
        file(START + sub("<startEvent id='i'/>", tag="transaction")
             + "".join(boundary(CANCEL, each, on="sub") for each in "bd")),
    ],
    "event-definition-reference": [
        file(START + behaving('behavior="None" noneBehaviorEventRef="nothing"')),
        file(START + catch("<eventDefinitionRef>nothing</eventDefinitionRef>")),
    ],
    "timer": [
        file(START + catch("<timerEventDefinition/>")),
        file(START + catch("<timerEventDefinition><timeDuration>PT1S</timeDuration><timeDate>"
                           "2026-01-01T00:00:00Z</timeDate></timerEventDefinition>")),
        file(START + catch("<timerEventDefinition><timeDuration>soon</timeDuration>"
                           "</timerEventDefinition>")),
        file(START + catch("<timerEventDefinition><timeCycle>R/PT1S</timeCycle>"
                           "</timerEventDefinition>")),
        file(START + TASK + boundary("<timerEventDefinition><timeCycle>R/PT1S</timeCycle>"
                                     "</timerEventDefinition>")),
        file('<startEvent id="s"><timerEventDefinition><timeDate>=when</timeDate>'
             "</timerEventDefinition></startEvent>"),
    ],
    "message-reference": [
        file(START + catch("<messageEventDefinition/>")),
        file(START + catch('<messageEventDefinition messageRef="nothing"/>')),
        file(START + catch('<messageEventDefinition messageRef="m"/>'), '<message id="m"/>'),
        file('<startEvent id="s"><messageEventDefinition messageRef="m"/></startEvent>',
             '<message id="m" name="=x"/>'),
        file(START + '<receiveTask id="t"/>'),
    ],
    "subscription": [
        file(START + catch('<messageEventDefinition messageRef="m"/>'), MESSAGE),
        file(START + '<receiveTask id="t" messageRef="m"/>', MESSAGE),
        file(START + TASK + boundary('<messageEventDefinition messageRef="m"/>'), MESSAGE),
    ],
    "signal-reference": [
        file(START + behaving('behavior="None" noneBehaviorEventRef="v"'),
             '<signalEventDefinition id="v" signalRef="x"/><signal id="x"/>'),
        file(START + catch("<signalEventDefinition/>")),
        file(START + catch('<signalEventDefinition signalRef="x"/>'), '<signal id="x"/>'),
        file('<startEvent id="s"><signalEventDefinition signalRef="x"/></startEvent>',
             '<signal id="x" name="=x"/>'),
    ],
    "error-reference": [
        file(START + end("<errorEventDefinition/>")),
        file(START + end('<errorEventDefinition errorRef="x"/>')),
        file(START + end('<errorEventDefinition errorRef="x"/>'), '<error id="x"/>'),
        file(START + TASK + boundary('<errorEventDefinition errorRef="x"/>'),
             '<error id="x" errorCode="=x"/>'),
    ],
    "escalation-reference": [
        file(START + behaving('behavior="None" noneBehaviorEventRef="v"'),
             '<escalationEventDefinition id="v"/>'),
        file(START + throw("<escalationEventDefinition/>")),
        file(START + end('<escalationEventDefinition escalationRef="x"/>'), '<escalation id="x"/>'),
    ],
    "escalation-boundary-event-attached-to-ref": [
        file(START + TASK + boundary('<escalationEventDefinition escalationRef="x"/>'), ESCALATION),
    ],
    "conditional-filter": [file(START + catch(condition("=x", "create, erase")))],
    "link-event": [
        file(START + throw(LINK)),
        file(START + throw('<linkEventDefinition name=""/>')),
        file(START + throw(LINK) + catch(LINK) + catch(LINK, "d")),
        file(START + throw(LINK) + catch(LINK) + flow("s", "c")),
        file(START + TASK + throw(LINK) + catch(LINK) + flow("h", "t")),
    ],
    "compensation-handler": [
        file(START + TASK + f'<boundaryEvent id="b" attachedToRef="t">{COMPENSATION}</boundaryEvent>'),
        file(START + TASK + boundary(COMPENSATION)),
        file(START + '<task id="t" isForCompensation="true"/>' + flow("s", "t")),
    ],
    "compensation-reference": [
        file(START + throw('<compensateEventDefinition activityRef="nothing"/>')),
        file(START + TASK + throw('<compensateEventDefinition activityRef="t"/>')),
        file(START + sub('<startEvent id="i"/>' + TASK)
             + throw('<compensateEventDefinition activityRef="t"/>')),
    ],
    "compensation-order": [
        file('<extensionElements><zeebe:properties><zeebe:property name="remit:compensationOrder" '
             'value="sideways"/></zeebe:properties></extensionElements>' + START),
    ],
    "cancel-event": [
        file(START + end(CANCEL)),
        file(START + TASK + boundary(CANCEL)),
    ],
    "implementation": [
        file(START + '<serviceTask id="t"/>'),
        file(START + '<sendTask id="t"/>'),
        file(START + '<scriptTask id="t"/>'),
        file(START + '<businessRuleTask id="t"/>'),
        file(START + extended("scriptTask", JOB
                              + '<zeebe:script expression="=1" resultVariable="x"/>')),
        file(START + extended("scriptTask", '<zeebe:script expression="=1"/>')),
        file(START + extended("serviceTask", '<zeebe:taskDefinition type=""/>')),
        file(START + throw('<messageEventDefinition messageRef="m"/>'), MESSAGE),
    ],
    "called-element": [file(START + '<callActivity id="t"/>')],
    "called-decision": [
        file(START + extended("businessRuleTask", '<zeebe:calledDecision decisionId="d"/>')),
    ],
    "binding-type": [
        file(START + extended("callActivity",
                              '<zeebe:calledElement processId="q" bindingType="newest"/>')),
    ],
    "version-tag": [
        file(START + extended("callActivity",
                              '<zeebe:calledElement processId="q" bindingType="versionTag"/>')),
        file('<extensionElements><zeebe:versionTag/></extensionElements>' + START),
    ],
    "linked-resource": [
        file(START + extended("serviceTask", JOB + "<zeebe:linkedResources><zeebe:linkedResource/>"
                              "</zeebe:linkedResources>")),
    ],
    "loop-behavior": [
        file(START + behaving('behavior="Sometimes"')),
        file(START + behaving('behavior="Complex"')),
        file(START + behaving('behavior="Complex"',
                              "<complexBehaviorDefinition><event><signalEventDefinition signalRef='x'/>"
                              "</event></complexBehaviorDefinition>"), '<signal id="x" name="x"/>'),
        file(START + behaving('behavior="Complex"', "<complexBehaviorDefinition><condition>=true"
                              "</condition></complexBehaviorDefinition>")),
        file(START + behaving('behavior="None" noneBehaviorEventRef="v"'),
             '<messageEventDefinition id="v" messageRef="m"/>' + MESSAGE),
        file(START + behaving('behavior="One" oneBehaviorEventRef="v"'),
             '<terminateEventDefinition id="v"/>'),
    ],
    "loop-characteristics": [
        file(START + loop("<multiInstanceLoopCharacteristics/>")),
        file(START + loop("<multiInstanceLoopCharacteristics><extensionElements>"
                          '<zeebe:loopCharacteristics inputCollection="=x" outputCollection="y"/>'
                          "</extensionElements></multiInstanceLoopCharacteristics>")),
        file(START + loop("<standardLoopCharacteristics/>")),
        file(START + loop('<standardLoopCharacteristics loopMaximum="0"/>')),
    ],
    "io-mapping": [
        file(START + extended("task", '<zeebe:ioMapping><zeebe:input source="=1" target=""/>'
                              "</zeebe:ioMapping>")),
        file(START + extended("task", '<zeebe:ioMapping><zeebe:input source="=1" target="a..b"/>'
                              "</zeebe:ioMapping>")),
        file(START + extended("task", '<zeebe:ioMapping><zeebe:output target="a"/>'
                              "</zeebe:ioMapping>")),
    ],
    "duplicate-task-headers": [
        file(START + extended("serviceTask", JOB + "<zeebe:taskHeaders>"
                              + '<zeebe:header key="k" value="v"/>' * 2 + "</zeebe:taskHeaders>")),
    ],
    "execution-listener": [
        file(START + extended("task", LISTENERS.format(LISTENER.format("middle", "x")))),
        file(START + extended("task", LISTENERS.format(LISTENER.format("start", "")))),
        file(START + extended("exclusiveGateway", LISTENERS.format(LISTENER.format("end", "x")))),
    ],
    "duplicate-execution-listeners": [
        file(START + extended("task", LISTENERS.format(LISTENER.format("start", "x") * 2))),
    ],
    "task-listener": [
        file(START + extended("userTask",
                              USER + TASK_LISTENERS.format(TASK_LISTENER.format("never", "x")))),
        file(START + extended("userTask",
                              TASK_LISTENERS.format(TASK_LISTENER.format("creating", "x")))),
    ],
    "duplicate-task-listeners": [
        file(START + extended("userTask", USER
                              + TASK_LISTENERS.format(TASK_LISTENER.format("creating", "x") * 2))),
    ],
    "user-task-form": [
        file(START + extended("userTask", USER + '<zeebe:formDefinition formKey="k"/>')),
        file(START + extended("userTask", '<zeebe:formDefinition externalReference="k"/>')),
        file(START + extended("userTask", USER + "<zeebe:formDefinition/>")),
    ],
    "start-event-form": [file(extended("startEvent", "<zeebe:formDefinition/>"))],
    "priority-definition": [
        file(START + extended("userTask", USER + '<zeebe:priorityDefinition priority="101"/>')),
    ],
    "task-schedule": [
        file(START + extended("userTask", USER + '<zeebe:taskSchedule dueDate="tomorrow"/>')),
    ],
    "data-association": [
        file(START + '<task id="t"><ioSpecification><dataInput id="in"/></ioSpecification>'
             "<dataInputAssociation><sourceRef>nothing</sourceRef><targetRef>in</targetRef>"
             "</dataInputAssociation></task>"),
    ],
}  # fmt: skip

CASES = [
    pytest.param(rule, content, id=f"{rule}-{number}")
    for rule, contents in REFUSED.items()
    for number, content in enumerate(contents, 1)
]


def test_only_activities_have_quantities() -> None:
    model = file(
        '<startEvent id="s" completionQuantity="0"/><endEvent id="e"/>'
        '<parallelGateway id="g" startQuantity="0"/>' + flow("s", "g") + flow("g", "e"),
        attributes='isExecutable="true" startQuantity="0"',
    )

    assert read(model, "m.bpmn").findings == []


@pytest.mark.parametrize(("rule", "content"), CASES)
def test_each_rule_finds_its_example_and_says_where_and_how_to_mend_it(
    rule: str, content: bytes
) -> None:
    found = [each for each in read(content, "m.bpmn").findings if each.rule == rule]

    assert found, rule
    for finding in found:
        assert finding.element_id
        assert finding.line >= 1 or rule == "xml"
        assert finding.message
        assert finding.fix


def test_every_rule_has_an_example() -> None:
    """What is not executed is the engine's to say: `tests/engine` has that one."""
    assert set(REFUSED) == set(RULES) - {"not-executed"}


def test_the_page_tells_the_rules_as_they_are() -> None:
    written = Path(__file__).parents[2] / "docs" / "reference" / "models.md"

    assert page() in written.read_text()


def test_one_answer_tells_everything_that_is_wrong() -> None:
    content = file(
        START
        + '<serviceTask id="a"/>'
        + extended("callActivity", "")
        + end("<errorEventDefinition/>")
    )
    said = refusal(read(content, "m.bpmn"), "m.bpmn")

    assert len(said.splitlines()) == 4
    for name, rule in (("a", "implementation"), ("t", "called-element"), ("e", "error-reference")):
        assert any(f"'{name}'" in line and f"[{rule}]" in line for line in said.splitlines())


def test_a_warning_alone_refuses_nothing() -> None:
    definitions = read(REFUSED["duplicate-task-headers"][0], "m.bpmn")

    assert [finding.is_error for finding in definitions.findings] == [False]
    assert refusal(definitions, "m.bpmn") == ""


# --- hostile models: bounded work, a bounded answer --------------------------------------------------


def _many_boundaries() -> bytes:
    events = "".join(f'<boundaryEvent id="b{n}" attachedToRef="t"/>' for n in range(90_000))
    return file(START + TASK + events)


def _a_loop_of_many() -> bytes:
    tasks = "".join(f'<task id="t{n}"/>' for n in range(15_000))
    flows = "".join(flow(f"t{n}", f"t{(n + 1) % 15_000}") for n in range(15_000))
    return file(START + tasks + flows)


def _many_processes_and_associations() -> bytes:
    lines = "".join(f'<association id="a{n}" sourceRef="x" targetRef="y"/>' for n in range(30_000))
    others = "".join(
        f'</process><process id="p{n}" isExecutable="true">{START.replace("s", f"s{n}", 1)}'
        for n in range(10_000)
    )
    return file(START + lines + others)


def _one_id_for_all() -> bytes:
    return file(START + TASK * 50_000)


def _a_name_without_end() -> bytes:
    return file(START + f'<serviceTask id="{"x" * 1_000_000}" name="{"y" * 1_000_000}"/>')


def _deep_sub_processes() -> bytes:
    depth = 190
    opened = "".join(f'<subProcess id="d{n}"><startEvent id="i{n}"/>' for n in range(depth))
    return file(START + opened + "</subProcess>" * depth)


def _many_gateways() -> bytes:
    """Every gateway leads to every one of the next rank: far more paths than elements."""
    ranks, wide = 40, 40
    nodes = "".join(f'<inclusiveGateway id="g{r}-{n}"/>' for r in range(ranks) for n in range(wide))
    flows = "".join(
        f'<sequenceFlow id="f{r}-{n}-{m}" sourceRef="g{r}-{n}" targetRef="g{r + 1}-{m}"/>'
        for r in range(ranks - 1)
        for n in range(wide)
        for m in range(0, wide, 2)
    )
    return file(START + nodes + flows)


@pytest.mark.parametrize(
    "make",
    [
        _many_boundaries, _a_loop_of_many, _many_processes_and_associations, _one_id_for_all,
        _a_name_without_end, _deep_sub_processes, _many_gateways,
    ],
)  # fmt: skip
def test_a_hostile_model_costs_seconds_at_most_and_a_short_answer(make: object) -> None:
    assert callable(make)
    content = make()
    began = time.process_time()
    said = refusal(read(content, "evil.bpmn"), "evil.bpmn")

    assert time.process_time() - began < 10
    assert len(said) < limits.MAX_FINDINGS * (limits.MAX_LINE + 10)
    assert bool(said) != (make is _deep_sub_processes)


def test_a_refused_model_leaves_the_engine_as_it_was() -> None:
    with Engine() as engine:
        engine.deploy(("good.bpmn", Model("good").start("s").end("e").path("s", "e").xml()))
        before = list(engine.turns())
        with pytest.raises(Exception, match="no-loop"):
            engine.deploy(("evil.bpmn", _a_loop_of_many()))
        engine.create("good")

        assert sum(bool(turn.events) for turn in engine.turns()) == len(before) + 1


def test_nesting_to_the_limit_runs() -> None:
    with Engine() as engine:
        engine.deploy(("deep.bpmn", _deep_runnable(90)))
        key = engine.create("p").key

        assert key not in engine.state.elements


def _deep_runnable(depth: int) -> bytes:
    inner = '<startEvent id="i"/><endEvent id="ie"/>' + flow("i", "ie")
    for n in range(depth):
        inner = f'<startEvent id="s{n}"/>{sub(inner, name=f"sub{n}")}{flow(f"s{n}", f"sub{n}")}'
    return file(inner)


def test_what_joins_know_does_not_grow_with_the_square_of_the_model() -> None:
    count = limits.MAX_REACHING * 3
    names = [f"g{n}" for n in range(count)]
    body = "".join(f'<inclusiveGateway id="{name}"/>' for name in names)
    flows = "".join(flow(a, b) for a, b in pairwise(names))
    (process,) = read(file(START + body + flow("s", "g0") + flows), "m.bpmn").processes

    for number, name in enumerate(names):
        assert len(reaching(process, process.nodes[name])) == number + 1
    assert len(process.reaching) <= limits.MAX_REACHING


def test_a_rich_model_of_five_thousand_elements_is_read_and_checked_in_two_seconds() -> None:
    model = Model("p").start("s")
    last = "s"
    for n in range(500):
        split, join = f"split{n}", f"join{n}"
        model.gateway(split, "inclusive", default=f"{split}-d").gateway(join, "inclusive")
        model.service(f"a{n}", "work", inputs={"x": "=order.total * 2"}, outputs={"y": "=x"})
        model.boundary(f"b{n}", f"a{n}", Model.timer("duration", "PT1H")).end(f"late{n}")
        model.catch(f"c{n}", model.message(f"m{n}", "=key")).plain("manualTask", f"m{n}-task")
        with model.sub_process(f"sub{n}"):
            model.start(f"i{n}").end(f"ie{n}").path(f"i{n}", f"ie{n}")
        model.path(last, split).flow(split, f"a{n}", "=total > 10")
        model.flow(split, f"c{n}", "", f"{split}-d").path(f"c{n}", f"m{n}-task", join)
        model.path(f"a{n}", f"sub{n}", join).path(f"b{n}", f"late{n}")
        last = join
    model.end("e").path(last, "e")
    content = model.xml()
    began = time.process_time()
    findings: list[Finding] = read(content, "m.bpmn").findings

    assert time.process_time() - began < 2
    assert findings == []
