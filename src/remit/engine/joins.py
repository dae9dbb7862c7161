"""Joins that wait as long as another token can still come: inclusive and complex gateways (rule 42, B3).

They are asked when everything else of the turn has been played, after each change in their scope. A
token is an active element, or one that waits at another join.
"""

from __future__ import annotations

from remit.engine.agenda import AskJoins
from remit.engine.definitions import Plan
from remit.engine.lifecycle import IS_ENDING
from remit.engine.run import Run
from remit.engine.state.entities import ElementInstance
from remit.model.bpmn.graph import Container, Node


def ask(run: Run, item: AskJoins) -> None:
    """Open the joins of a scope for which no further token can come."""
    if any(not isinstance(other, AskJoins) for other in run.agenda):
        run.later(item)
        return
    scope = run.state.elements.get(item.scope)
    if scope is None or scope.phase in IS_ENDING or scope.interrupted_by:
        return
    definition = run.definition(scope.definition)
    for name in definition.late_joins[scope.element]:
        plan = definition.plans[name]
        if plan.element.asked(run, plan, scope):
            return  # what it sends on may come to the others


def waiting_flows(run: Run, plan: Plan, scope_key: int) -> tuple[str, ...]:
    """The incoming flows of a join on which a token waits."""
    tokens = run.state.tokens
    return tuple(flow.id for flow in plan.node.incoming if (scope_key, flow.id) in tokens)


def occupied(run: Run, node: Node, scope: ElementInstance) -> set[str]:
    """Ids of the nodes of a scope that have a token, without those that wait at `node` itself."""
    found = {run.element(key).element for key in run.state.elements.of(scope.key)}
    holder = node.scope
    assert isinstance(holder, Container)
    for _, flow_id in run.state.tokens.of(scope.key):
        target = holder.flows[flow_id].target
        if target is not node:
            found.add(target.id)
    return found
