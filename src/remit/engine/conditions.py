"""Conditions of sequence flows (rules 39, 43)."""

from __future__ import annotations

from typing import Any

from remit.engine.expressions import evaluate
from remit.engine.faults import IncidentRaised, extract_value_error
from remit.engine.run import Run
from remit.model.bpmn.graph import Flow, Node


def holds(run: Run, flow: Flow, scope_key: int) -> bool:
    """Whether the condition of `flow` is true; anything but a boolean is an incident."""
    if flow.condition is None:
        return True
    value = evaluate(run, flow.condition, scope_key)
    return as_boolean(value, f"the condition '{flow.condition.text}' of sequence flow '{flow.id}'")


def as_boolean(value: Any, what: str) -> bool:
    """The value of a condition; `what` names it in the incident that anything else is."""
    if value is True or value is False:
        return bool(value)
    raise extract_value_error(
        f"Expected {what} to be true or false, but it is {'null' if value is None else repr(value)}"
    )


def no_flow_chosen(node: Node) -> IncidentRaised:
    tried = ", ".join(f"'{flow.id}'" for flow in node.outgoing)
    return IncidentRaised(
        "CONDITION_ERROR",
        f"Expected at least one condition to evaluate to true, or to have a default flow: at "
        f"'{node.id}' the flows {tried} were all false",
    )
