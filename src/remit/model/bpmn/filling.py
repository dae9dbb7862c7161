"""What every flow node may have, read by one function for all of them."""

from __future__ import annotations

import re

from lxml import etree

from remit.model.bpmn import limits, xml
from remit.model.bpmn.extensions import listeners, mappings, properties
from remit.model.bpmn.graph import Activity, Node, Process
from remit.model.bpmn.loop_markers import read_loop
from remit.model.bpmn.reading import Reading

_NUMBER = re.compile(r"\+?[0-9]{1,9}")


def fill(reading: Reading, element: etree._Element, node: Node) -> Node:
    """Mappings, execution listeners and properties; of an activity also its markers and quantities."""
    node.inputs = mappings(reading, element, "input")
    node.outputs = mappings(reading, element, "output")
    node.listeners = listeners(reading, element, "executionListeners", "executionListener")
    node.properties = properties(element)
    if isinstance(node, Activity):
        node.loop = read_loop(reading, element)
        node.is_compensation_handler = xml.is_true(element, "isForCompensation")
    if isinstance(node, Activity) and not isinstance(node, Process):
        node.start_quantity = _quantity(reading, element, "startQuantity")
        node.completion_quantity = _quantity(reading, element, "completionQuantity")
    return node


def _quantity(reading: Reading, element: etree._Element, name: str) -> int:
    """How many tokens an activity needs, or sends along each of its flows; one where nothing is said."""
    given = element.get(name, "1").strip()
    if _NUMBER.fullmatch(given) and 1 <= int(given) <= limits.MAX_QUANTITY:
        return int(given)
    reading.find_fault(
        element, "quantity",
        f"its {name} is '{given[:20]}', and not a whole number from 1 to {limits.MAX_QUANTITY:,}",
        f"give such a number, or remove {name}: one token is the default",
    )  # fmt: skip
    return 1
