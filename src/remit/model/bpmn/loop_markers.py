"""Loop markers of activities: multi-instance (rules 61-66) and standard loop (B13, B14)."""

from __future__ import annotations

from collections.abc import Callable

from lxml import etree

from remit import feel
from remit.model.bpmn import xml
from remit.model.bpmn.graph import MultiInstance, StandardLoop
from remit.model.bpmn.loop_events import read_events
from remit.model.bpmn.reading import Reading

RULE = "loop-characteristics"


def read_loop(reading: Reading, element: etree._Element) -> MultiInstance | StandardLoop | None:
    """The marker of an activity, or None."""
    for marker in element:
        reader = _READERS.get(xml.local_name(marker))
        if reader is not None:
            return reader(reading, element, marker)
    return None


def _multi_instance(
    reading: Reading, element: etree._Element, marker: etree._Element
) -> MultiInstance:
    loop = xml.extension(marker, "loopCharacteristics")
    if loop is None or not (loop.get("inputCollection") or "").strip():
        reading.find_fault(
            element, RULE, "a multi-instance activity needs an input collection",
            "add a zeebe:loopCharacteristics with an inputCollection",
        )  # fmt: skip
        nothing = feel.compile("null")
        return MultiInstance(xml.is_true(marker, "isSequential"), nothing, None, None, None, None)
    output, collection = loop.get("outputElement"), xml.attribute(loop, "outputCollection")
    if bool(output) != bool(collection):
        reading.find_fault(
            element, RULE, "an output collection and an output element go together",
            "give both, or neither",
        )  # fmt: skip
    condition = xml.text_of(xml.child(marker, "completionCondition"))
    return MultiInstance(
        xml.is_true(marker, "isSequential"),
        reading.expression(element, loop.get("inputCollection"), "the input collection"),
        xml.attribute(loop, "inputElement") or None,
        collection or None,
        reading.optional(element, output, "the output element"),
        reading.optional(element, condition, "the completion condition"),
        read_events(reading, element, marker),
    )


def _standard(reading: Reading, element: etree._Element, marker: etree._Element) -> StandardLoop:
    text = (marker.get("loopMaximum") or "").strip()
    maximum = int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None
    if text and not maximum:
        reading.find_fault(
            element, RULE, f"its loop maximum '{text}' is no number above zero",
            "give a whole number, or remove it",
        )  # fmt: skip
    condition = xml.text_of(xml.child(marker, "loopCondition"))
    if not condition and not text:
        reading.find_fault(
            element, RULE, "a loop without a condition and without a maximum never ends",
            "give the loop a condition or a maximum",
        )  # fmt: skip
    return StandardLoop(
        xml.is_true(marker, "testBefore"),
        maximum,
        reading.optional(element, condition, "the loop condition"),
    )


_READERS: dict[
    str, Callable[[Reading, etree._Element, etree._Element], MultiInstance | StandardLoop]
] = {
    "multiInstanceLoopCharacteristics": _multi_instance,
    "standardLoopCharacteristics": _standard,
}
