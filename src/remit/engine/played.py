"""What this engine executes of a model. The rest is refused at deployment, by name: never skipped.

Elements say it of their own nodes (`Element.plays`); what any node may have is here.
"""

from __future__ import annotations

from collections.abc import Iterator

from remit.engine.plans import ELEMENTS
from remit.model.bpmn.checks.finding import fault
from remit.model.bpmn.graph import Node, Process
from remit.model.finding import Finding

RULE = "not-executed"
FIX = "leave it out for now"


def unplayed(process: Process) -> Iterator[Finding]:
    """Everything in a process that would not be executed as it is drawn."""
    for node in (process, *process.nodes.values()):
        for what in _unplayed(node):
            yield fault(node, RULE, f"{what} not executed by this version", FIX)


def _unplayed(node: Node) -> Iterator[str]:
    element = ELEMENTS.get(node.stem)
    if element is None or not element.plays(node):
        kind = node.type.value.lower().replace("_", " ")
        event = node.event_type.value.lower().replace("_", " ")
        yield f"a {kind} of type {event} is" if event != "unspecified" else f"a {kind} like this is"
