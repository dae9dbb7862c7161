"""Standard loop: an activity again and again, as long as its condition holds (B13, B14).

The body lives around the rounds like that of a multi-instance activity. `loopCounter` is local to each
round and counts from 1; asked between rounds, the condition sees how many there were. What a round
brings goes up as that of any activity does, so that the condition sees it.
"""

from __future__ import annotations

from collections.abc import Sequence

from remit.engine import incidents, lifecycle
from remit.engine.agenda import Activate, Complete
from remit.engine.conditions import as_boolean
from remit.engine.definitions import Plan, Stage
from remit.engine.elements.base import Element
from remit.engine.expressions import evaluate
from remit.engine.faults import IncidentRaised
from remit.engine.run import Run
from remit.engine.stages.events import CLOSED, HOSTED
from remit.engine.state.entities import ElementInstance
from remit.model.bpmn.graph import Activity, Node, StandardLoop

CONDITION = "loop-condition"


class LoopBody(Element):
    is_waiting = True

    def opening(self, node: Node) -> Sequence[Stage]:
        return (HOSTED,)

    def closing(self, node: Node) -> Sequence[Stage]:
        return (CLOSED,)

    def opened(self, run: Run, plan: Plan, key: int) -> None:
        self._next_round(run, plan, key)

    def resumed(self, run: Run, plan: Plan, key: int, stage: str) -> None:
        """The condition could not be evaluated: it is asked again."""
        self._next_round(run, plan, key)

    def child_ended(self, run: Run, plan: Plan, key: int) -> None:
        body = run.element(key)
        if lifecycle.accepts_end(body) and body.children == 0:
            self._next_round(run, plan, key)

    def _next_round(self, run: Run, plan: Plan, key: int) -> None:
        body = run.element(key)
        try:
            goes_on = self._goes_on(run, plan, body)
        except IncidentRaised as fault:
            incidents.create(run, body, fault, stage=CONDITION)
            return
        if not goes_on:
            run.later(Complete(key))
            return
        number = body.completed_children + 1
        local = {"loopCounter": number}
        run.later(Activate(body.element, key, variables=local, loop_counter=number))

    def _goes_on(self, run: Run, plan: Plan, body: ElementInstance) -> bool:
        assert isinstance(plan.node, Activity)
        loop, rounds = plan.node.loop, body.completed_children
        assert isinstance(loop, StandardLoop)
        if loop.maximum is not None and rounds >= loop.maximum:
            return False
        if loop.condition is None or (rounds == 0 and not loop.test_before):
            return True
        value = evaluate(run, loop.condition, body.key, {"loopCounter": rounds})
        return as_boolean(value, f"the loop condition '{loop.condition.text}' of '{body.element}'")


LOOP = LoopBody()
