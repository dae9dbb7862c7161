"""What starts a process: its start events, and what instantiates it in the middle (B17-B19)."""

from __future__ import annotations

from collections.abc import Iterator

from remit.model.bpmn.elements.event_based_gateway import EventBasedGateway
from remit.model.bpmn.elements.receive_task import ReceiveTask
from remit.model.bpmn.graph import EventDefinition, Node, Process


def starts(process: Process) -> Iterator[tuple[Node, EventDefinition]]:
    """Every event that starts an instance, with the node that the instance begins at."""
    for start in process.event_starts:
        for definition in start.definitions:
            yield start, definition
    for node in process.instantiating:
        if isinstance(node, ReceiveTask) and node.message is not None:
            yield node, node.message
        elif isinstance(node, EventBasedGateway):
            for target in node.targets:
                for definition in target.definitions:
                    yield target, definition
