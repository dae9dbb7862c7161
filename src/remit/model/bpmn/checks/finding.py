"""How a check says what it found."""

from __future__ import annotations

from remit.model.bpmn.graph import Flow, Node
from remit.model.finding import Finding


def fault(node: Node | Flow, rule: str, message: str, fix: str) -> Finding:
    return Finding(node.id, node.name, node.line, rule, message, fix)
