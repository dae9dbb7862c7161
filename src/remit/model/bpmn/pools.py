"""What pools and lanes mean to a token: deliveries along message flows (B22), lanes of nodes (B23)."""

from __future__ import annotations

from collections.abc import Sequence

from remit.model.bpmn.checks.finding import fault
from remit.model.bpmn.graph import MessageDefinition, Node, Process
from remit.model.bpmn.reading import Reading


def bind_pools(reading: Reading, processes: Sequence[Process]) -> None:
    """Tell every sender what it delivers itself, and every node that asks for it its lane."""
    nodes = {node.id: (node, process) for process in processes for node in process.nodes.values()}
    for flow in reading.notation.message_flows:
        sender, receiver = nodes.get(flow.source), nodes.get(flow.target)
        if sender is None:
            continue
        if receiver is not None and receiver[1] is sender[1]:
            reading.findings.append(
                fault(
                    sender[0], "message-flow", f"its message flow '{flow.id}' stays within one pool",
                    "draw it to another pool, or use a sequence flow",
                )
            )  # fmt: skip
        elif receiver is not None:
            _deliver(sender[0])
    for lane in reading.notation.lanes:
        for held in lane.holds:
            node, _ = nodes.get(held, (None, None))
            if node is not None and hasattr(node, "lane"):
                node.lane = lane.name


def _deliver(sender: Node) -> None:
    """Without a job type, the sender's message is what the engine delivers."""
    if not hasattr(sender, "delivery") or getattr(sender, "job", None) is not None:
        return
    for each in (getattr(sender, "message", None), *getattr(sender, "definitions", ())):
        if isinstance(each, MessageDefinition) and each.id:
            sender.delivery = each
