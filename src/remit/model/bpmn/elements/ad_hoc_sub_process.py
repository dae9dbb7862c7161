"""Ad-hoc sub-process: its activities are activated as they are asked for (rule 74)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from lxml import etree

from remit import feel
from remit.model.bpmn import xml
from remit.model.bpmn.checks.finding import fault
from remit.model.bpmn.extensions import job
from remit.model.bpmn.filling import fill
from remit.model.bpmn.graph import (
    Activity,
    BoundaryNode,
    Container,
    ElementType,
    JobDefinition,
    Node,
)
from remit.model.bpmn.reading import Reading
from remit.model.finding import Finding

TAG = "adHocSubProcess"
RULE = "ad-hoc-sub-process"


@dataclass(slots=True, eq=False)
class AdHocSubProcess(Container):
    """`activatable` are the nodes that can be asked for: those no flow leads to, in order.

    With a `job` a worker says what is activated and when it is complete; else `active_elements`
    gives a list of ids at the beginning, and `completion_condition` is asked after each inner end.
    Each activation lives in a scope of its own, an instance of `inner`, which holds all but the event
    sub-processes. `documentation` is what the model says of its elements, by id.
    """

    active_elements: feel.Expression | None = None
    completion_condition: feel.Expression | None = None
    cancel_remaining: bool = True
    is_sequential: bool = False
    output_collection: str | None = None
    output_element: feel.Expression | None = None
    job: JobDefinition | None = None
    activatable: dict[str, Node] = field(default_factory=dict, repr=False)
    documentation: dict[str, str] = field(default_factory=dict, repr=False)
    inner: Container | None = field(default=None, repr=False)


def read(reading: Reading, element: etree._Element) -> Node:
    condition = xml.text_of(xml.child(element, "completionCondition"))
    node = AdHocSubProcess(
        *xml.head(element),
        "ad_hoc_sub_process",
        ElementType.AD_HOC_SUB_PROCESS,
        completion_condition=reading.optional(element, condition, "the completion condition"),
        cancel_remaining=xml.is_true(element, "cancelRemainingInstances", default=True),
        is_sequential=element.get("ordering") == "Sequential",
        job=job(reading, element),
        documentation=_documentation(element),
    )
    holder = xml.extension(element, "adHoc")
    if holder is not None:
        node.active_elements = reading.optional(
            element, holder.get("activeElementsCollection"), "the active elements"
        )
        node.output_collection = xml.attribute(holder, "outputCollection") or None
        node.output_element = reading.optional(
            element, holder.get("outputElement"), "the output element"
        )
    return fill(reading, element, node)


def _documentation(element: etree._Element) -> dict[str, str]:
    texts = (
        (each.get("id"), xml.text_of(xml.child(each, "documentation")))
        for each in element.iterchildren(f"{xml.BPMN}*")
    )
    return {name: text for name, text in texts if name and text}


def connect(node: AdHocSubProcess) -> None:
    inner = Container(
        f"{node.id}#innerInstance",
        node.name,
        node.line,
        "ad_hoc_inner_instance",
        ElementType.AD_HOC_SUB_PROCESS_INNER_INSTANCE,
        scope=node,
        flows=node.flows,
    )
    for each in node.children.values():
        if each.type is not ElementType.EVENT_SUB_PROCESS:
            inner.children[each.id] = each
            each.scope = inner
    node.inner = inner
    node.activatable = {
        each.id: each
        for each in inner.children.values()
        if not each.incoming
        and not isinstance(each, BoundaryNode)
        and not (isinstance(each, Activity) and each.is_compensation_handler)
    }


def check(node: AdHocSubProcess) -> Iterator[Finding]:
    if not any(isinstance(each, Activity) for each in node.children.values()):
        yield fault(node, RULE, "an ad-hoc sub-process holds an activity at least", "add one")
    for each in node.children.values():
        if each.type in (ElementType.START_EVENT, ElementType.END_EVENT):
            yield fault(
                each, RULE, "an ad-hoc sub-process has neither start nor end events", "remove it"
            )
    if (node.output_collection is None) != (node.output_element is None):
        yield fault(
            node, RULE, "an output collection and an output element go together",
            "give both, or neither",
        )  # fmt: skip
    if node.job is not None and (node.active_elements or node.completion_condition):
        yield fault(
            node, RULE, "its worker says what is activated and when it is complete, and so do its "
            "active elements or its completion condition", "leave one of the two",
        )  # fmt: skip
