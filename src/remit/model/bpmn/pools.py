"""What pools and lanes mean to a token: deliveries along message flows (B22), lanes of nodes (B23)."""

from __future__ import annotations

import json
from collections.abc import Sequence

from remit import feel
from remit.model.bpmn.checks.finding import fault
from remit.model.bpmn.elements.user_task import UserTask
from remit.model.bpmn.graph import MessageDefinition, Node, Process
from remit.model.bpmn.reading import Reading

LANES = "remit:laneAsCandidateGroup"
"""The `zeebe:property` of a process, `true` or nothing, that lets lanes assign user tasks (B23)."""


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
            if held in nodes:
                _assign(*nodes[held], lane.name)


def _assign(node: Node, process: Process, lane: str | None) -> None:
    """A user task without candidate groups is meant for those of its lane, if the process says so."""
    if not isinstance(node, UserTask):
        return
    node.lane = lane
    if process.properties.get(LANES) != "true" or node.candidate_groups is not None or not lane:
        return
    node.candidate_groups = feel.compile(json.dumps([lane], ensure_ascii=False))


def _deliver(sender: Node) -> None:
    """Without a job type, the sender's message is what the engine delivers."""
    if not hasattr(sender, "delivery") or getattr(sender, "job", None) is not None:
        return
    for each in (getattr(sender, "message", None), *getattr(sender, "definitions", ())):
        if isinstance(each, MessageDefinition) and each.id:
            sender.delivery = each
