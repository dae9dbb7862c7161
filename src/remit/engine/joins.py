"""Joins that wait as long as another token can still come: inclusive gateways (rule 42).

They are asked when everything else of the turn has been played, after each change in their scope. A
token is an active element, or one that waits at another join.
"""

from __future__ import annotations

from remit.engine.agenda import Activate, AskJoins
from remit.engine.definitions import Plan
from remit.engine.lifecycle import IS_ENDING
from remit.engine.run import Run
from remit.engine.state.entities import ElementInstance
from remit.model.bpmn.graph import Container, Node
from remit.model.bpmn.reachability import reaching


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
        waiting = waiting_flows(run, plan, scope.key)
        if waiting and _is_complete(run, plan, scope, waiting):
            run.later(Activate(name, scope.key, arrived=len(waiting), joined=waiting))
            return  # what it sends on may come to the others


def waiting_flows(run: Run, plan: Plan, scope_key: int) -> tuple[str, ...]:
    """The incoming flows of a join on which a token waits."""
    tokens = run.state.tokens
    return tuple(flow.id for flow in plan.node.incoming if (scope_key, flow.id) in tokens)


def _is_complete(run: Run, plan: Plan, scope: ElementInstance, waiting: tuple[str, ...]) -> bool:
    node = plan.node
    if len(waiting) == len(node.incoming):
        return True
    process = plan.definition.process
    return reaching(process, node).isdisjoint(_occupied(run, node, scope))


def _occupied(run: Run, node: Node, scope: ElementInstance) -> set[str]:
    """Ids of the nodes of a scope that have a token, without those that wait at `node` itself."""
    found = {run.element(key).element for key in run.state.elements.of(scope.key)}
    holder = node.scope
    assert isinstance(holder, Container)
    for _, flow_id in run.state.tokens.of(scope.key):
        target = holder.flows[flow_id].target
        if target is not node:
            found.add(target.id)
    return found
