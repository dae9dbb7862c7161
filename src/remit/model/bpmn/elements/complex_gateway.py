"""Complex gateway: a condition over the tokens that have come says when it goes on (B1-B4)."""

from __future__ import annotations

from dataclasses import dataclass

from lxml import etree

from remit import feel
from remit.model.bpmn import xml
from remit.model.bpmn.filling import fill
from remit.model.bpmn.graph import ElementType, Node
from remit.model.bpmn.reading import Reading

TAG = "complexGateway"


@dataclass(slots=True, eq=False)
class ComplexGateway(Node):
    """`activation_condition` None: the first token is enough."""

    activation_condition: feel.Expression | None = None


def read(reading: Reading, element: etree._Element) -> Node:
    text = xml.text_of(xml.child(element, "activationCondition"))
    node = ComplexGateway(
        *xml.head(element),
        "complex_gateway",
        ElementType.COMPLEX_GATEWAY,
        activation_condition=reading.optional(element, text, "the activation condition"),
    )
    return fill(reading, element, node)
