"""Complex gateway: a condition over the tokens that have come says when it goes on (B1-B4).

    waiting for start ── the activation condition holds ─▶ FIRED: takes a token of each flow that has one
           ▲                                                  │
           └── RESET: each other flow has brought a token, ───┘
               or nothing can come along it any more

Conditions of its outgoing flows see `waitingForStart`: true when it fires, false when it resets. A flow
without a condition, and the default flow, are taken when it fires, never when it resets.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from remit.engine import incidents
from remit.engine.agenda import Activate, AskJoins
from remit.engine.conditions import as_boolean, holds
from remit.engine.definitions import Plan, Stage
from remit.engine.elements.base import Element
from remit.engine.expressions import evaluate
from remit.engine.faults import IncidentRaised
from remit.engine.joins import occupied, waiting_flows
from remit.engine.lifecycle import JOIN
from remit.engine.run import Run
from remit.engine.stages.flows import choose_all
from remit.engine.state.entities import ElementInstance
from remit.engine.variables import local
from remit.model.bpmn.elements.complex_gateway import ComplexGateway as Gateway
from remit.model.bpmn.graph import Flow, Node
from remit.model.bpmn.reachability import reaching
from remit.protocol.events.process_instance import GatewayFired, GatewayReset

STARTS = "waitingForStart"


def choose(run: Run, plan: Plan, key: int) -> bool:
    if local(run, key, (STARTS,)).get(STARTS) is not False:
        return choose_all(run, plan, key)
    asked = (flow for flow in plan.node.outgoing if flow.condition is not None)
    run.choices[key] = [flow for flow in asked if holds(run, flow, key)]
    return False


CHOSEN = Stage("choices", choose)


class ComplexGatewayElement(Element):
    joins_late = True

    def opening(self, node: Node) -> Sequence[Stage]:
        return (*super().opening(node), CHOSEN) if node.outgoing else super().opening(node)

    def joins(self, plan: Plan) -> bool:
        return bool(plan.node.incoming)

    def arrived(self, run: Run, plan: Plan, scope_key: int) -> None:
        """Ask the condition, unless it has fired and waits for the rest."""
        scope = run.element(scope_key)
        if (scope_key, plan.node.id) in run.state.gateways:
            run.later(AskJoins(scope_key))
            return
        try:
            fires = self._fires(run, plan, scope_key)
        except IncidentRaised as fault:
            incidents.create(run, scope, fault, stage=JOIN + plan.node.id)
            return
        if fires:
            taken = waiting_flows(run, plan, scope_key)
            run.emit(GatewayFired(run.new_key(), scope_key, plan.node.id, taken, scope.root))
            self._open(run, plan, scope_key, taken, starts=True)
            run.later(AskJoins(scope_key))

    def _fires(self, run: Run, plan: Plan, scope_key: int) -> bool:
        node = plan.node
        assert isinstance(node, Gateway)
        condition = node.activation_condition
        if condition is None:
            return True
        tokens = run.state.tokens
        counts: dict[str, Any] = {}
        for flow in node.incoming:
            token = tokens.get((scope_key, flow.id))
            counts[flow.id] = 0 if token is None else token.count
        counts["activationCount"] = sum(1 for count in counts.values() if count)
        value = evaluate(run, condition, scope_key, counts)
        said = f"the activation condition '{condition.text}' of complex gateway '{node.id}'"
        return as_boolean(value, said)

    def asked(self, run: Run, plan: Plan, scope: ElementInstance) -> bool:
        """It has fired: reset when nothing is missing that can still come."""
        fired = run.state.gateways.get((scope.key, plan.node.id))
        if fired is None:
            return False
        waiting = waiting_flows(run, plan, scope.key)
        rest = [flow for flow in plan.node.incoming if flow.id not in fired.flows]
        missing = [flow for flow in rest if flow.id not in waiting]
        active = occupied(run, plan.node, scope) if missing else set()
        if any(self._may_come(plan, flow, active) for flow in missing):
            return False
        run.emit(GatewayReset(run.new_key(), scope.key, plan.node.id, scope.root))
        taken = tuple(flow.id for flow in rest if flow.id in waiting)
        if taken:
            self._open(run, plan, scope.key, taken, starts=False)
        elif waiting:
            self.arrived(run, plan, scope.key)
        return bool(taken or waiting)

    @staticmethod
    def _may_come(plan: Plan, flow: Flow, active: set[str]) -> bool:
        before = reaching(plan.definition.process, flow.source)
        return flow.source.id in active or not before.isdisjoint(active)

    @staticmethod
    def _open(
        run: Run, plan: Plan, scope_key: int, taken: tuple[str, ...], *, starts: bool
    ) -> None:
        local_variables = {STARTS: starts}
        run.later(
            Activate(
                plan.node.id, scope_key, arrived=len(taken), joined=taken, variables=local_variables
            )
        )


ELEMENT = ComplexGatewayElement()
