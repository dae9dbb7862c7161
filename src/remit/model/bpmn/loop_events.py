"""What a multi-instance activity throws while its instances complete: its `behavior` (BPMN 10.3.8)."""

from __future__ import annotations

from lxml import etree

from remit.model.bpmn import xml
from remit.model.bpmn.event_definitions import READERS, written_definitions
from remit.model.bpmn.graph import EscalationDefinition, LoopEvent, SignalDefinition
from remit.model.bpmn.reading import Reading

RULE = "loop-behavior"
FIX = "use a signal or an escalation, which boundary events of the activity can catch"


def read_events(
    reading: Reading, element: etree._Element, marker: etree._Element
) -> tuple[LoopEvent, ...]:
    """The events of activity `element`, by its `marker`; none with the behaviour `All`."""
    behavior = (marker.get("behavior") or "All").strip()
    if behavior == "All":
        return ()
    if behavior in ("None", "One"):
        reference = marker.get(f"{behavior.lower()}BehaviorEventRef")
        event = LoopEvent(_referenced(reading, element, reference), is_first=behavior == "One")
        return (event,)
    if behavior != "Complex":
        reading.find_fault(
            element, RULE, f"its behavior '{behavior[:20]}' is none of All, None, One and Complex",
            "choose one of them, or remove it: All is the default",
        )  # fmt: skip
        return ()
    found = tuple(
        _complex(reading, element, each)
        for each in xml.children(marker, "complexBehaviorDefinition")
    )
    if not found:
        reading.find_fault(
            element, RULE, "its behavior is Complex, and nothing says what is thrown when",
            "add a complexBehaviorDefinition, or remove the behavior",
        )  # fmt: skip
    return found


def _complex(reading: Reading, element: etree._Element, definition: etree._Element) -> LoopEvent:
    text = xml.text_of(xml.child(definition, "condition"))
    if not text:
        reading.find_fault(
            element, RULE, "a complexBehaviorDefinition has no condition", "give it a condition"
        )
    event = xml.child(definition, "event")
    written = [] if event is None else list(written_definitions(reading, event, of=element))
    if not written:
        reading.find_fault(
            element, RULE, "a complexBehaviorDefinition has no event that is thrown", FIX
        )
    return LoopEvent(
        _read(reading, element, written),
        condition=reading.expression(element, text or "false", "the condition of an event"),
    )


def _referenced(
    reading: Reading, element: etree._Element, reference: str | None
) -> tuple[SignalDefinition | EscalationDefinition, ...]:
    """The event definition with this id; without one the standard's default signal, which has no name
    there: here it has the id of the activity."""
    name = (reference or "").strip().rpartition(":")[2]
    if not name:
        return (SignalDefinition("", reading.attribute(element, element.get("id"), "")),)
    root = reading.roots.get(name)
    if root is None or xml.local_name(root) not in READERS:
        reading.find_fault(
            element, "event-definition-reference",
            f"it throws event definition '{name}', which the file does not define",
            "refer to an event definition beside the processes",
        )  # fmt: skip
        return ()
    return _read(reading, element, [root])


def _read(
    reading: Reading, element: etree._Element, written: list[etree._Element]
) -> tuple[SignalDefinition | EscalationDefinition, ...]:
    found = []
    for each in written:
        name = xml.local_name(each)
        if name not in ("signalEventDefinition", "escalationEventDefinition"):
            reading.find_fault(element, RULE, f"it can't throw a {name} as a loop", FIX)
            continue
        definition = READERS[name][1](reading, element, each)
        assert isinstance(definition, SignalDefinition | EscalationDefinition)
        _check(reading, element, definition)
        found.append(definition)
    return tuple(found)


def _check(
    reading: Reading, element: etree._Element, definition: SignalDefinition | EscalationDefinition
) -> None:
    if isinstance(definition, EscalationDefinition):
        code = definition.code
        if code is None or (code.is_static and not code.static_value):
            reading.find_fault(
                element,
                "escalation-reference",
                "it throws an escalation without a code",
                "give one",
            )
    elif definition.name.is_static and not definition.name.static_value:
        reading.find_fault(
            element, "signal-reference", "the signal that it throws has no name", "name the signal"
        )
