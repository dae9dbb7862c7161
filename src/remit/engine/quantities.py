"""Quantities of activities: how many tokens one needs to begin, how many leave along each of its flows.

    flows taken ─▶ tokens wait, on any of its incoming flows ─▶ `startQuantity` of them: it opens once
    it completes ─▶ `completionQuantity` tokens along each flow that is taken

Which tokens begin it makes no difference, so that is chosen as it opens. Those that are too few wait for
more as at a join: their scope does not complete, and they end with it.
"""

from __future__ import annotations

from collections import Counter

from remit.engine import lifecycle
from remit.engine.agenda import Activate, Gather
from remit.engine.definitions import Definition, Plan
from remit.engine.run import Run
from remit.engine.state.entities import Token
from remit.model.bpmn.graph import Activity, Node


def arrived(run: Run, plan: Plan, scope_key: int) -> None:
    """A token has come to an activity that needs several: each time that there are enough, it begins."""
    there = sum(row.count for row in _waiting(run, plan.node, scope_key))
    if there % start_quantity(plan.node) == 0:
        run.later(Gather(plan.node.id, scope_key))


def gather(run: Run, item: Gather) -> None:
    """Open the activity with as many tokens as it needs, if there are so many."""
    scope = run.state.elements.get(item.scope)
    if scope is None or scope.phase in lifecycle.IS_ENDING or scope.interrupted_by:
        return
    plan = run.definition(scope.definition).plans.get(item.element)
    if plan is None or not isinstance(plan.node, Activity):
        return  # it was denied, and its instance has been migrated since
    needed = start_quantity(plan.node)
    waiting = _waiting(run, plan.node, scope.key)
    taken = tuple(row.flow for row in waiting for _ in range(row.count))[:needed]
    if len(taken) < needed or not lifecycle.may_enter(run, scope, item.element, item):
        return
    opened = Activate(item.element, scope.key, arrived=needed, joined=taken)
    key = lifecycle.begin(run, opened, scope)
    lifecycle.open_from(run, run.plan(run.element(key)), key, 0)


def enough(run: Run, definition: Definition, scope_key: int) -> tuple[Gather, ...]:
    """What the tokens that wait in a scope would begin in `definition`, in which they may be enough."""
    waiting: Counter[str] = Counter()
    for row in run.state.tokens.values_of(scope_key):
        flow = definition.process.all_flows.get(row.flow)
        if flow is not None and isinstance(flow.target, Activity):
            waiting[flow.target.id] += row.count
    return tuple(
        Gather(element, scope_key)
        for element, count in waiting.items()
        for _ in range(count // start_quantity(definition.plans[element].node))
    )


def start_quantity(node: Node) -> int:
    assert isinstance(node, Activity)
    return node.start_quantity


def _waiting(run: Run, node: Node, scope_key: int) -> list[Token]:
    """The tokens that wait for an activity, by its incoming flows."""
    tokens = run.state.tokens
    rows = (tokens.get((scope_key, flow.id)) for flow in node.incoming)
    return [row for row in rows if row is not None]
