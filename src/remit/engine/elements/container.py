"""What all scopes share: they start their content, and are done when nothing is left in it (rule 46)."""

from __future__ import annotations

from collections.abc import Sequence

from remit.engine.agenda import Activate, Complete
from remit.engine.definitions import Plan, Stage
from remit.engine.elements.activity import ActivityElement
from remit.engine.lifecycle import begin_inside, is_done_inside, take_triggers
from remit.engine.run import Run
from remit.engine.stages.data import DATA, has_data
from remit.engine.stages.mappings import INPUTS
from remit.model.bpmn.graph import Container, Node
from remit.protocol.values import Phase


class ContainerElement(ActivityElement):
    is_waiting = True

    def opening(self, node: Node) -> Sequence[Stage]:
        assert isinstance(node, Container)
        stages = super().opening(node)
        if not has_data(node):
            return stages
        after_inputs = 1 if INPUTS in stages else 0
        return (*stages[:after_inputs], DATA, *stages[after_inputs:])

    def opened(self, run: Run, plan: Plan, key: int) -> None:
        """Begin at the start event that was triggered, else at the none start event."""
        scope = run.element(key)
        waiting = take_triggers(run, scope)
        begin_inside(run, scope, waiting)
        if not waiting:
            assert isinstance(plan.node, Container)
            assert plan.node.start is not None, f"'{plan.node.id}' has no none start event"
            run.later(Activate(plan.node.start.id, key))

    def child_ended(self, run: Run, plan: Plan, key: int) -> None:
        scope = run.element(key)
        if scope.phase is Phase.ACTIVATED and is_done_inside(scope):
            run.later(Complete(key))
