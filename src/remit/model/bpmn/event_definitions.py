"""Event definitions: one reader per kind, found by its tag."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from lxml import etree

from remit.model.bpmn import xml
from remit.model.bpmn.graph import (
    CancelDefinition,
    CompensationDefinition,
    ConditionalDefinition,
    ErrorDefinition,
    EscalationDefinition,
    EventDefinition,
    EventType,
    LinkDefinition,
    MessageDefinition,
    SignalDefinition,
    TerminateDefinition,
    TimerDefinition,
)
from remit.model.bpmn.reading import Reading

_THROWING = frozenset(("sendTask", "intermediateThrowEvent", "endEvent"))
_TIMER_KINDS = {"timeDate": "date", "timeDuration": "duration", "timeCycle": "cycle"}


def message(
    reading: Reading, element: etree._Element, definition: etree._Element
) -> MessageDefinition:
    """The referenced message with its `zeebe:subscription`. Send and receive tasks use it too.

    One that is thrown may be without: then only its worker knows what it sends.
    """
    reference = definition.get("messageRef")
    if reference is None and xml.local_name(element) in _THROWING:
        return MessageDefinition("", reading.attribute(element, "", ""), None)
    root = _root(reading, element, reference, "message")
    if root is None:
        return MessageDefinition("", reading.attribute(element, "", ""), None)
    name = reading.attribute(element, root.get("name"), "the message name")
    subscription = xml.extension(root, "subscription")
    text = None if subscription is None else subscription.get("correlationKey")
    key = reading.optional(element, text, "the correlation key")
    return MessageDefinition(str(reference), name, key)


def timer(reading: Reading, element: etree._Element, definition: etree._Element) -> TimerDefinition:
    found = [
        (kind, text)
        for tag, kind in _TIMER_KINDS.items()
        if (text := xml.text_of(xml.child(definition, tag)))
    ]
    if len(found) != 1:
        reading.find_fault(
            element, "timer", "a timer has exactly one of date, duration and cycle",
            "give the timer one of them",
        )  # fmt: skip
        return TimerDefinition("duration", reading.attribute(element, "PT0S", ""))
    kind, text = found[0]
    return TimerDefinition(kind, reading.attribute(element, text, f"the timer {kind}"))


def error(reading: Reading, element: etree._Element, definition: etree._Element) -> ErrorDefinition:
    reference = definition.get("errorRef")
    if reference is None:
        return ErrorDefinition(None)
    root = _root(reading, element, reference, "error")
    code = None if root is None else root.get("errorCode")
    return ErrorDefinition(reading.optional_attribute(element, code, "the error code"))


def signal(
    reading: Reading, element: etree._Element, definition: etree._Element
) -> SignalDefinition:
    reference = definition.get("signalRef")
    root = _root(reading, element, reference, "signal")
    name = None if root is None else root.get("name")
    return SignalDefinition(str(reference), reading.attribute(element, name, "the signal name"))


def escalation(
    reading: Reading, element: etree._Element, definition: etree._Element
) -> EscalationDefinition:
    reference = definition.get("escalationRef")
    if reference is None:
        return EscalationDefinition(None)
    root = _root(reading, element, reference, "escalation")
    code = None if root is None else root.get("escalationCode")
    return EscalationDefinition(reading.optional_attribute(element, code, "the escalation code"))


def conditional(
    reading: Reading, element: etree._Element, definition: etree._Element
) -> ConditionalDefinition:
    text = xml.text_of(xml.child(definition, "condition"))
    condition = reading.expression(element, text, "the condition")
    filters = xml.extension(definition, "conditionalFilter")
    if filters is None:
        return ConditionalDefinition(condition)
    return ConditionalDefinition(
        condition, _names(filters.get("variableNames")), _names(filters.get("variableEvents"))
    )


def compensation(
    reading: Reading, element: etree._Element, definition: etree._Element
) -> CompensationDefinition:
    waits = xml.is_true(definition, "waitForCompletion", default=True)
    return CompensationDefinition(xml.attribute(definition, "activityRef"), waits)


def link(reading: Reading, element: etree._Element, definition: etree._Element) -> LinkDefinition:
    return LinkDefinition(definition.get("name") or "")


READERS: dict[
    str, tuple[EventType, Callable[[Reading, etree._Element, etree._Element], EventDefinition]]
] = {
    "messageEventDefinition": (EventType.MESSAGE, message),
    "timerEventDefinition": (EventType.TIMER, timer),
    "errorEventDefinition": (EventType.ERROR, error),
    "signalEventDefinition": (EventType.SIGNAL, signal),
    "escalationEventDefinition": (EventType.ESCALATION, escalation),
    "conditionalEventDefinition": (EventType.CONDITIONAL, conditional),
    "compensateEventDefinition": (EventType.COMPENSATION, compensation),
    "linkEventDefinition": (EventType.LINK, link),
    "terminateEventDefinition": (EventType.TERMINATE, lambda *_: TerminateDefinition()),
    "cancelEventDefinition": (EventType.CANCEL, lambda *_: CancelDefinition()),
}


def read_definitions(
    reading: Reading, element: etree._Element
) -> tuple[list[EventDefinition], EventType]:
    """The definitions of an event, in order, and what its records call it."""
    found = []
    types = []
    for each in written_definitions(reading, element, of=element):
        event_type, reader = READERS[xml.local_name(each)]
        types.append(event_type)
        found.append(reader(reading, element, each))
    if not found:
        return [], EventType.NONE
    if len(found) > 1:
        parallel = xml.is_true(element, "parallelMultiple")
        return found, EventType.PARALLEL_MULTIPLE if parallel else EventType.MULTIPLE
    return found, types[0]


def written_definitions(
    reading: Reading, event: etree._Element, *, of: etree._Element
) -> Iterator[etree._Element]:
    """Definitions inside the event, and those it shares with others by `eventDefinitionRef`.

    What is wrong is told of the element `of`.
    """
    for each in event:
        name = xml.local_name(each)
        if name in READERS:
            yield each
        elif name == "eventDefinitionRef":
            reference = (xml.text_of(each) or "").rpartition(":")[2]
            root = reading.roots.get(reference)
            if root is not None and xml.local_name(root) in READERS:
                yield root
            else:
                reading.find_fault(
                    of, "event-definition-reference",
                    f"it refers to event definition '{reference}', which the file does not define",
                    "give the event a definition of its own",
                )  # fmt: skip


def _root(
    reading: Reading, element: etree._Element, reference: str | None, kind: str
) -> etree._Element | None:
    reference = reference.strip().rpartition(":")[2] if reference else None
    root = reading.roots.get(reference) if reference else None
    if root is None or xml.local_name(root) != kind:
        said = f"it refers to {kind} '{reference}'" if reference else f"it refers to no {kind}"
        reading.find_fault(
            element, f"{kind}-reference", f"{said}, which the file does not define",
            f"choose a {kind} that exists, or create it",
        )  # fmt: skip
        return None
    return root


def _names(text: str | None) -> tuple[str, ...]:
    return tuple(name.strip() for name in (text or "").split(",") if name.strip())
