"""BPMN models for tests, written in a few words.

>>> xml = Model("p").start("s").service("a", "work").end("e").path("s", "a", "e").xml()
>>> b'<serviceTask id="a"' in xml
True
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from html import escape
from itertools import pairwise

NAMESPACES = (
    'xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" '
    'xmlns:zeebe="http://camunda.org/schema/zeebe/1.0" targetNamespace="test"'
)


class Model:
    """A process under construction; every method returns the model itself."""

    def __init__(self, process_id: str, version_tag: str = "") -> None:
        self.id = process_id
        self._parts: list[str] = []
        self._roots: dict[str, str] = {}
        self._flows = 0
        tag = f'<zeebe:versionTag value="{version_tag}"/>' if version_tag else ""
        self._extensions = f"<extensionElements>{tag}</extensionElements>" if tag else ""

    # --- tasks ---

    def service(
        self,
        element: str,
        job_type: str,
        *,
        retries: str = "3",
        headers: Mapping[str, str] | None = None,
        inputs: Mapping[str, str] | None = None,
        outputs: Mapping[str, str] | None = None,
        tag: str = "serviceTask",
    ) -> Model:
        inner = f'<zeebe:taskDefinition type="{escape(job_type)}" retries="{escape(retries)}"/>'
        if headers:
            rows = "".join(f'<zeebe:header key="{k}" value="{v}"/>' for k, v in headers.items())
            inner += f"<zeebe:taskHeaders>{rows}</zeebe:taskHeaders>"
        return self._add(tag, element, inner + _mappings(inputs, outputs))

    def plain(self, tag: str, element: str, **attributes: str) -> Model:
        return self._add(tag, element, "", **attributes)

    def decide(self, element: str, decision: str, result: str, **attributes: str) -> Model:
        extra = "".join(f' {name}="{value}"' for name, value in attributes.items())
        called = (
            f'<zeebe:calledDecision decisionId="{escape(decision)}" '
            f'resultVariable="{result}"{extra}/>'
        )
        return self._add("businessRuleTask", element, called)

    def user(self, element: str) -> Model:
        return self._add("userTask", element, "")

    def native_user(
        self,
        element: str,
        *listeners: tuple[str, str],
        assignment: Mapping[str, str] | None = None,
        schedule: Mapping[str, str] | None = None,
        priority: str = "",
        form: str = "",
        outputs: Mapping[str, str] | None = None,
    ) -> Model:
        """A user task of the engine's own; `listeners` are (event, job type)."""
        inner = "<zeebe:userTask/>" + _mappings(None, outputs)
        for tag, attributes in (
            ("assignmentDefinition", assignment),
            ("taskSchedule", schedule),
            ("priorityDefinition", {"priority": priority} if priority else None),
            ("formDefinition", {"formId": form} if form else None),
        ):
            if attributes:
                shown = "".join(f' {name}="{escape(v)}"' for name, v in attributes.items())
                inner += f"<zeebe:{tag}{shown}/>"
        rows = "".join(
            f'<zeebe:taskListener eventType="{event}" type="{kind}"/>' for event, kind in listeners
        )
        if rows:
            inner += f"<zeebe:taskListeners>{rows}</zeebe:taskListeners>"
        return self._add("userTask", element, inner)

    def receive(self, element: str, message: str, key: str, **attributes: str) -> Model:
        reference = self._message(message, key)
        return self._add("receiveTask", element, "", messageRef=reference, **attributes)

    def call(
        self,
        element: str,
        process_id: str,
        *,
        inputs: Mapping[str, str] | None = None,
        outputs: Mapping[str, str] | None = None,
        **attributes: str,
    ) -> Model:
        extra = "".join(f' {name}="{value}"' for name, value in attributes.items())
        called = f'<zeebe:calledElement processId="{escape(process_id)}"{extra}/>'
        return self._add("callActivity", element, called + _mappings(inputs, outputs))

    @contextmanager
    def sub_process(
        self,
        element: str,
        *,
        by_event: bool = False,
        inputs: Mapping[str, str] | None = None,
        tag: str = "subProcess",
    ) -> Iterator[Model]:
        outer, self._parts = self._parts, []
        yield self
        inner, self._parts = "".join(self._parts), outer
        event = ' triggeredByEvent="true"' if by_event else ""
        mapped = f"<extensionElements>{_mappings(inputs, None)}</extensionElements>"
        self._parts.append(f'<{tag} id="{element}"{event}>{mapped}{inner}</{tag}>')

    @contextmanager
    def ad_hoc(
        self,
        element: str,
        active: str = "",
        *,
        until: str = "",
        job_type: str = "",
        output: tuple[str, str] = ("", ""),
        inputs: Mapping[str, str] | None = None,
        **attributes: str,
    ) -> Iterator[Model]:
        """`active` and `until` are expressions; `output` is the collection and what goes into it."""
        outer, self._parts = self._parts, []
        yield self
        inner, self._parts = "".join(self._parts), outer
        shown = f' activeElementsCollection="{escape(active)}"' if active else ""
        if output[0]:
            shown += f' outputCollection="{output[0]}" outputElement="{escape(output[1])}"'
        extensions = f"<zeebe:adHoc{shown}/>" + _mappings(inputs, None)
        if job_type:
            extensions += f'<zeebe:taskDefinition type="{job_type}"/>'
        ends = f"<completionCondition>{escape(until)}</completionCondition>" if until else ""
        self._add("adHocSubProcess", element, extensions, inner + ends, **attributes)

    # --- events ---

    def start(
        self,
        element: str,
        definition: str = "",
        *,
        interrupting: bool = True,
        parallel: bool = False,
    ) -> Model:
        attributes = {} if interrupting else {"isInterrupting": "false"}
        if parallel:
            attributes["parallelMultiple"] = "true"
        return self._event("startEvent", element, definition, outputs=None, **attributes)

    def end(self, element: str, definition: str = "") -> Model:
        return self._event("endEvent", element, definition)

    def catch(
        self,
        element: str,
        definition: str,
        *,
        outputs: Mapping[str, str] | None = None,
        parallel: bool = False,
    ) -> Model:
        """`definition` may be several; `parallel`: all of them have to come."""
        attributes: dict[str, str] = {"parallelMultiple": "true"} if parallel else {}
        return self._event(
            "intermediateCatchEvent", element, definition, outputs=outputs, **attributes
        )

    def throw(
        self, element: str, definition: str = "", *, inputs: Mapping[str, str] | None = None
    ) -> Model:
        extensions = _mappings(inputs, None)
        return self._add("intermediateThrowEvent", element, extensions, after=definition)

    def boundary(
        self,
        element: str,
        on: str,
        definition: str,
        *,
        interrupting: bool = True,
        outputs: Mapping[str, str] | None = None,
        parallel: bool = False,
    ) -> Model:
        cancel = {} if interrupting else {"cancelActivity": "false"}
        if parallel:
            cancel["parallelMultiple"] = "true"
        return self._event(
            "boundaryEvent", element, definition, outputs=outputs, attachedToRef=on, **cancel
        )

    def message(self, name: str, key: str = "") -> str:
        return f'<messageEventDefinition messageRef="{self._message(name, key)}"/>'

    def error(self, code: str = "") -> str:
        if not code:
            return "<errorEventDefinition/>"
        reference = f"error-{len(self._roots)}"
        self._roots[reference] = f'<error id="{reference}" errorCode="{escape(code)}"/>'
        return f'<errorEventDefinition errorRef="{reference}"/>'

    def signal(self, name: str) -> str:
        return f'<signalEventDefinition signalRef="{self._root("signal", name=name)}"/>'

    def escalation(self, code: str = "") -> str:
        if not code:
            return "<escalationEventDefinition/>"
        reference = self._root("escalation", escalationCode=code)
        return f'<escalationEventDefinition escalationRef="{reference}"/>'

    def shared(self, element: str, definition: str) -> str:
        """Put an event definition beside the processes, under an id that events refer to."""
        at = definition.index(" ")
        self._roots[element] = f'{definition[:at]} id="{element}"{definition[at:]}'
        return element

    @staticmethod
    def when(condition: str, definition: str) -> str:
        """What a multi-instance activity throws when a condition holds."""
        return (
            f"<complexBehaviorDefinition><condition>{escape(condition)}</condition>"
            f"<event>{definition}</event></complexBehaviorDefinition>"
        )

    @staticmethod
    def condition(text: str, *, names: str = "", events: str = "") -> str:
        filters = f'<zeebe:conditionalFilter variableNames="{names}" variableEvents="{events}"/>'
        return (
            f"<conditionalEventDefinition><extensionElements>{filters}</extensionElements>"
            f"<condition>{escape(text)}</condition></conditionalEventDefinition>"
        )

    @staticmethod
    def compensation(activity: str = "", *, waits: bool = True) -> str:
        reference = f' activityRef="{activity}"' if activity else ""
        no_wait = "" if waits else ' waitForCompletion="false"'
        return f"<compensateEventDefinition{reference}{no_wait}/>"

    CANCEL = "<cancelEventDefinition/>"

    def undone_by(self, activity: str, handler: str, job_type: str = "") -> Model:
        """Give an activity a compensation boundary event with a handler: a job, or nothing to do."""
        mark = {"isForCompensation": "true"}
        if job_type:
            inner = f'<zeebe:taskDefinition type="{escape(job_type)}"/>'
            self._add("serviceTask", handler, inner, **mark)
        else:
            self._add("manualTask", handler, "", **mark)
        self.boundary(f"undo-{activity}", activity, Model.compensation())
        self._parts.append(
            f'<association id="of-{activity}" sourceRef="undo-{activity}" targetRef="{handler}"/>'
        )
        return self

    @staticmethod
    def link(name: str) -> str:
        return f'<linkEventDefinition name="{escape(name)}"/>'

    @staticmethod
    def timer(kind: str, text: str) -> str:
        tag = {"date": "timeDate", "duration": "timeDuration", "cycle": "timeCycle"}[kind]
        return f"<timerEventDefinition><{tag}>{escape(text)}</{tag}></timerEventDefinition>"

    TERMINATE = "<terminateEventDefinition/>"

    def repeat(
        self,
        collection: str,
        *,
        item: str = "item",
        output: str = "",
        result: str = "",
        condition: str = "",
        sequential: bool = False,
        behavior: str = "",
        inside: str = "",
    ) -> Model:
        """Make the activity that was added last a multi-instance one.

        `behavior` are attributes that say what it throws, `inside` its complex behaviour definitions.
        """
        collected = (
            f' outputCollection="{result}" outputElement="{escape(output)}"' if result else ""
        )
        until = (
            f"<completionCondition>{escape(condition)}</completionCondition>" if condition else ""
        )
        marker = (
            f'<multiInstanceLoopCharacteristics isSequential="{str(sequential).lower()}" {behavior}>'
            f"<extensionElements><zeebe:loopCharacteristics "
            f'inputCollection="{escape(collection)}" inputElement="{item}"{collected}/>'
            f"</extensionElements>{inside}{until}</multiInstanceLoopCharacteristics>"
        )
        last = self._parts[-1]
        at = last.rindex("</")
        self._parts[-1] = last[:at] + marker + last[at:]
        return self

    def quantities(self, *, start: int | str = 1, completion: int | str = 1) -> Model:
        """How many tokens begin the activity that was added last, and how many it sends on."""
        last = self._parts[-1]
        at = last.index(" id=")
        given = f' startQuantity="{start}" completionQuantity="{completion}"'
        self._parts[-1] = last[:at] + given + last[at:]
        return self

    def listen(self, *listeners: tuple[str, str]) -> Model:
        """Give the element that was added last execution listeners: (event, job type)."""
        rows = "".join(
            f'<zeebe:executionListener eventType="{event}" type="{escape(kind)}"/>'
            for event, kind in listeners
        )
        return self._extend(f"<zeebe:executionListeners>{rows}</zeebe:executionListeners>")

    def _extend(self, extension: str) -> Model:
        """Add an extension element to what was added last."""
        last = self._parts[-1]
        holder = "<extensionElements>"
        if holder in last.split(">", 2)[1] + ">":
            self._parts[-1] = last.replace(holder, holder + extension, 1)
        else:
            at = last.index(">") + 1
            self._parts[-1] = f"{last[:at]}{holder}{extension}</extensionElements>{last[at:]}"
        return self

    def script(self, element: str, expression: str, result: str) -> Model:
        inner = f'<zeebe:script expression="{escape(expression)}" resultVariable="{result}"/>'
        return self._add("scriptTask", element, inner)

    def loop(self, condition: str = "", *, maximum: int = 0, before: bool = False) -> Model:
        """Make the activity that was added last a standard loop."""
        bound = f' loopMaximum="{maximum}"' if maximum else ""
        inner = f"<loopCondition>{escape(condition)}</loopCondition>" if condition else ""
        marker = (
            f'<standardLoopCharacteristics testBefore="{str(before).lower()}"{bound}>{inner}'
            f"</standardLoopCharacteristics>"
        )
        last = self._parts[-1]
        at = last.rindex("</")
        self._parts[-1] = last[:at] + marker + last[at:]
        return self

    # --- flows ---

    def path(self, *elements: str) -> Model:
        for source, target in pairwise(elements):
            self.flow(source, target)
        return self

    def flow(self, source: str, target: str, condition: str = "", flow_id: str = "") -> Model:
        self._flows += 1
        name = flow_id or f"{source}-{target}-{self._flows}"
        inner = ""
        if condition:
            inner = f"<conditionExpression>{escape(condition)}</conditionExpression>"
        self._parts.append(
            f'<sequenceFlow id="{name}" sourceRef="{source}" targetRef="{target}">{inner}'
            f"</sequenceFlow>"
        )
        return self

    def gateway(self, element: str, kind: str = "exclusive", default: str = "") -> Model:
        attributes = {"default": default} if default else {}
        return self._add(f"{kind}Gateway", element, "", **attributes)

    def complex(self, element: str, inside: str = "") -> Model:
        """A complex gateway; `inside` is XML, e.g. its activation condition."""
        return self._add("complexGateway", element, "", after=inside)

    def part(self, xml: str) -> Model:
        """Anything else, as it is."""
        self._parts.append(xml)
        return self

    # --- text ---

    def xml(self) -> bytes:
        roots = "".join(self._roots.values())
        body = "".join(self._parts)
        return (
            f'<?xml version="1.0" encoding="UTF-8"?><definitions {NAMESPACES}>{roots}'
            f'<process id="{self.id}" isExecutable="true">{self._extensions}{body}</process>'
            f"</definitions>"
        ).encode()

    def _message(self, name: str, key: str) -> str:
        reference = f"message-{len(self._roots)}"
        subscription = ""
        if key:
            subscription = (
                f'<extensionElements><zeebe:subscription correlationKey="{escape(key)}"/>'
                f"</extensionElements>"
            )
        self._roots[reference] = (
            f'<message id="{reference}" name="{escape(name)}">{subscription}</message>'
        )
        return reference

    def _root(self, tag: str, **attributes: str) -> str:
        reference = f"{tag}-{len(self._roots)}"
        shown = "".join(f' {name}="{escape(value)}"' for name, value in attributes.items())
        self._roots[reference] = f'<{tag} id="{reference}"{shown}/>'
        return reference

    def _event(
        self,
        tag: str,
        element: str,
        definition: str,
        *,
        outputs: Mapping[str, str] | None = None,
        **attributes: str,
    ) -> Model:
        return self._add(tag, element, _mappings(None, outputs), after=definition, **attributes)

    def _add(
        self, tag: str, element: str, extensions: str, after: str = "", **attributes: str
    ) -> Model:
        shown = "".join(f' {name}="{escape(value)}"' for name, value in attributes.items())
        holder = f"<extensionElements>{extensions}</extensionElements>" if extensions else ""
        self._parts.append(f'<{tag} id="{element}"{shown}>{holder}{after}</{tag}>')
        return self


def _mappings(inputs: Mapping[str, str] | None, outputs: Mapping[str, str] | None) -> str:
    rows = [
        f'<zeebe:{kind} source="{escape(source)}" target="{target}"/>'
        for kind, mapped in (("input", inputs), ("output", outputs))
        for target, source in (mapped or {}).items()
    ]
    return f"<zeebe:ioMapping>{''.join(rows)}</zeebe:ioMapping>" if rows else ""


def one_task(process_id: str = "one", job_type: str = "work") -> Model:
    """Start, one service task, end."""
    return Model(process_id).start("s").service("a", job_type).end("e").path("s", "a", "e")


DISH = b"""<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="menu" name="Menu"
             namespace="test">
  <decision id="dish" name="Dish">
    <decisionTable id="table">
      <input id="in" label="Season">
        <inputExpression id="ex" typeRef="string"><text>season</text></inputExpression>
      </input>
      <output id="out" name="dish" typeRef="string"/>
      <rule id="r1">
        <inputEntry id="i1"><text>"Fall"</text></inputEntry>
        <outputEntry id="o1"><text>"Spareribs"</text></outputEntry>
      </rule>
      <rule id="r2">
        <inputEntry id="i2"><text>"Winter"</text></inputEntry>
        <outputEntry id="o2"><text>"Roastbeef"</text></outputEntry>
      </rule>
    </decisionTable>
  </decision>
</definitions>"""
"""A decision `dish` over `season`."""
