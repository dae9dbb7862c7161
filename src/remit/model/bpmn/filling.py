"""What every flow node may have, read by one function for all of them."""

from __future__ import annotations

from lxml import etree

from remit.model.bpmn import xml
from remit.model.bpmn.extensions import listeners, mappings, properties
from remit.model.bpmn.graph import Activity, Node
from remit.model.bpmn.loop_markers import read_loop
from remit.model.bpmn.reading import Reading


def fill(reading: Reading, element: etree._Element, node: Node) -> Node:
    """Mappings, execution listeners and properties; of an activity also its markers."""
    node.inputs = mappings(reading, element, "input")
    node.outputs = mappings(reading, element, "output")
    node.listeners = listeners(reading, element, "executionListeners", "executionListener")
    node.properties = properties(element)
    if isinstance(node, Activity):
        node.loop = read_loop(reading, element)
        node.is_compensation_handler = xml.is_true(element, "isForCompensation")
        _refuse_quantities(reading, element)
    return node


def _refuse_quantities(reading: Reading, element: etree._Element) -> None:
    for name in ("startQuantity", "completionQuantity"):
        if element.get(name) not in (None, "1"):
            reading.find_fault(
                element, "quantity", f"its {name} is {element.get(name)}; tokens are counted singly",
                f"remove {name}",
            )  # fmt: skip
