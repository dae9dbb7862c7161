"""Choosing several outgoing flows: inclusive gateways (rules 43, 44), and activities and events whose
flows have conditions (B20)."""

from __future__ import annotations

from remit.engine.conditions import holds, no_flow_chosen
from remit.engine.definitions import Plan, Stage, each_token
from remit.engine.governance import admit_choice, admit_conditions
from remit.engine.run import Run
from remit.model.bpmn.graph import Node


def choose_all(run: Run, plan: Plan, key: int) -> bool:
    """Every flow without a condition and every one that holds; the default when none holds."""
    node, element = plan.node, run.element(key)
    admit_conditions(run, element, node)
    asked = [flow for flow in node.outgoing if flow.condition is not None]
    true = {flow.id for flow in asked if holds(run, flow, key)}
    chosen = [
        flow
        for flow in node.outgoing
        if flow.id in true or (flow.condition is None and flow is not node.default)
    ]
    if not true and node.default is not None:
        chosen.append(node.default)
    if not chosen:
        raise no_flow_chosen(node)
    tokens = each_token(node, chosen)
    admit_choice(run, element, node, tokens)
    run.choices[key] = tokens
    return False


CHOICES = Stage("choices", choose_all)


def has_conditions(node: Node) -> bool:
    """Whether the flows of a node are chosen, not simply taken all."""
    return any(flow.condition is not None for flow in node.outgoing)
