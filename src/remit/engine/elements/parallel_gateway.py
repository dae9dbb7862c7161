"""Parallel gateway: waits for a token on each incoming flow, then sends one along each outgoing.

Surplus tokens on a flow stay for the next round (rule 41).
"""

from __future__ import annotations

from remit.engine.agenda import Activate
from remit.engine.definitions import Plan
from remit.engine.elements.base import Element
from remit.engine.run import Run


class ParallelGateway(Element):
    def joins(self, plan: Plan) -> bool:
        return len(plan.node.incoming) > 1

    def arrived(self, run: Run, plan: Plan, scope_key: int) -> None:
        tokens = run.state.tokens
        flows = tuple(flow.id for flow in plan.node.incoming)
        if all((scope_key, flow) in tokens for flow in flows):
            run.later(Activate(plan.node.id, scope_key, arrived=len(flows), joined=flows))


ELEMENT = ParallelGateway()
