"""End event: the token ends here. Terminate ends its whole scope, others throw (rules 45, 49-54)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from remit.engine import errors
from remit.engine.agenda import Terminate
from remit.engine.cancelling import CANCEL, cancel, cancels, leave
from remit.engine.definitions import Plan, Stage
from remit.engine.elements.base import Element
from remit.engine.elements.job_activity import sending
from remit.engine.governance import admit_step
from remit.engine.lifecycle import child_ended
from remit.engine.run import Run
from remit.engine.state.entities import ElementInstance
from remit.engine.throwing import plays_throws, throw_all, throws
from remit.engine.triggering import trigger
from remit.model.bpmn.graph import (
    CancelDefinition,
    ErrorDefinition,
    EventNode,
    Node,
    TerminateDefinition,
)


def find_catcher(run: Run, plan: Plan, key: int) -> bool:
    """Look for who catches the error, from the flow scope outward; nobody is an incident."""
    definition = _definition(plan.node, ErrorDefinition)
    assert isinstance(definition, ErrorDefinition)
    element = run.element(key)
    code = errors.code_of(run, definition, element)
    admit_step(run, element, "error.throw", {"code": code})
    run.choices[key] = errors.catcher_or_incident(run, run.element(element.scope), element, code)
    return False


ERROR = Stage("error", find_catcher)


class EndEvent(Element):
    def plays(self, node: Node) -> bool:
        return plays_throws(node, ErrorDefinition, TerminateDefinition, CancelDefinition)

    def opening(self, node: Node) -> Sequence[Stage]:
        stages = super().opening(node)
        if _definition(node, ErrorDefinition):
            return (*stages, ERROR)
        if cancels(node):
            return (*stages, CANCEL)
        return (*stages, *sending(node))

    def waits(self, plan: Plan) -> bool:
        ends_others = cancels(plan.node) or _definition(plan.node, ErrorDefinition) is not None
        return ends_others or bool(sending(plan.node))

    def opened(self, run: Run, plan: Plan, key: int) -> None:
        """An error's catcher ends this event with everything else in its way."""
        if throws(plan.node):
            throw_all(run, plan, key)
            return
        if cancels(plan.node):
            cancel(run, run.element(key))
            return
        catcher: errors.Catcher | None = run.choices.pop(key, None)
        if catcher is not None:
            trigger(run, catcher.host, catcher.target, {})

    def compensated(
        self, run: Run, plan: Plan, element: ElementInstance
    ) -> Callable[[], None] | None:
        """A cancelled transaction is left when everything in it is undone."""
        return (lambda: leave(run, element)) if cancels(plan.node) else None

    def clears_scope(self, plan: Plan) -> bool:
        return _definition(plan.node, TerminateDefinition) is not None

    def ending(self, run: Run, plan: Plan, key: int) -> Callable[[], None] | None:
        if not self.clears_scope(plan):
            return None
        scope = run.element(key).scope

        def end_the_others() -> None:
            for child in run.state.elements.of(scope):
                run.later(Terminate(child))
            child_ended(run, scope)

        return end_the_others


def _definition(node: Node, kind: type) -> object | None:
    assert isinstance(node, EventNode)
    return next((each for each in node.definitions if isinstance(each, kind)), None)


ELEMENT = EndEvent()
