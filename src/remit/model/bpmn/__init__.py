"""BPMN: from XML to the graph that the engine walks.

definitions = read(content, "order.bpmn")      # processes and findings
refusal(definitions, "order.bpmn")             # "" or all that is wrong, for people
"""

from __future__ import annotations

from remit.model.bpmn.reader import read
from remit.model.bpmn.refusal import refusal

__all__ = ["read", "refusal"]
