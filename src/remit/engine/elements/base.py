"""What an element may say about its own life. Everything else is the life cycle's.

    opening stages ─▶ ACTIVATED ─▶ opened … waiting … ─▶ closing stages ─▶ leave ─▶ COMPLETED

The defaults describe a pass-through element: it opens, waits for nothing, and leaves along all its
outgoing flows. Modules override what differs and register the result under their own stem.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from remit.engine import compensation, incidents, jobs, lifecycle
from remit.engine.agenda import Activate, Complete
from remit.engine.definitions import Plan, Stage
from remit.engine.events import close_events
from remit.engine.run import Run
from remit.engine.stages.flows import CHOICES, has_conditions
from remit.engine.stages.mappings import INPUTS, OUTPUTS
from remit.engine.state.entities import ElementInstance
from remit.model.bpmn.graph import ElementType, Flow, Node
from remit.protocol.values import Document

_GATEWAYS = frozenset(
    (ElementType.EXCLUSIVE_GATEWAY, ElementType.INCLUSIVE_GATEWAY, ElementType.COMPLEX_GATEWAY)
)


class Element:
    """A pass-through element. Instances have no state: one serves every node of its kind."""

    is_waiting: ClassVar[bool] = False
    joins_late: ClassVar[bool] = False
    """Whether a join asks what can still reach it, and so whenever something in its scope changes."""

    def plays(self, node: Node) -> bool:
        """Whether this node is executed as it is drawn; what is not is refused at deployment."""
        return True

    # --- the stages that concern a node ------------------------------------------------------------

    def opening(self, node: Node) -> Sequence[Stage]:
        """Stages between ACTIVATING and ACTIVATED, in order. `IncidentRaised` stops at one."""
        return (INPUTS,) if node.inputs else ()

    def closing(self, node: Node) -> Sequence[Stage]:
        """Stages between COMPLETING and COMPLETED, in order."""
        stages = (OUTPUTS,) if node.outputs else ()
        chooses = has_conditions(node) and node.type not in _GATEWAYS
        return (*stages, CHOICES) if chooses else stages

    # --- opening -----------------------------------------------------------------------------------

    def waits(self, plan: Plan) -> bool:
        """Whether the element waits for something once it is active."""
        return self.is_waiting

    def opened(self, run: Run, plan: Plan, key: int) -> None:
        """The element is active and waits. Containers start their content here."""

    def resumed(self, run: Run, plan: Plan, key: int, stage: str) -> None:
        """An incident of an active element was resolved; `stage` is where it stood."""

    def joins(self, plan: Plan) -> bool:
        """Whether tokens wait on its incoming flows until it takes several at once."""
        return False

    def arrived(self, run: Run, plan: Plan, scope_key: int) -> None:
        """A token has come to a join: open it if it has what it needs."""

    def asked(self, run: Run, plan: Plan, scope: ElementInstance) -> bool:
        """Something in its scope has changed: a late join may open now. Returns whether it does."""
        return False

    def target_happened(self, run: Run, plan: Plan, scope: ElementInstance, target: Plan) -> None:
        """An event right behind it has happened in `scope`, waited for by somebody else."""

    # --- while it waits ----------------------------------------------------------------------------

    def hit(
        self, run: Run, plan: Plan, host: ElementInstance, target: Plan, variables: Document
    ) -> None:
        """Event `target`, waited for on this element, has happened."""
        if target is plan:
            run.later(Complete(host.key, variables))
        else:
            target.element.caught(run, target, host, variables)

    def caught(self, run: Run, plan: Plan, host: ElementInstance, variables: Document) -> None:
        """This event, waited for on `host`, has happened."""
        raise AssertionError(f"'{plan.node.id}' is no event that others wait for")

    def follow(self, run: Run, plan: Plan, scope: ElementInstance, variables: Document) -> None:
        """This event has happened, and whatever it had to end has ended: it opens in `scope`."""
        lifecycle.open_in(run, Activate(plan.node.id, scope.key, variables=variables), scope)

    def called_completed(self, run: Run, plan: Plan, key: int, variables: Document) -> None:
        """The process that this element called has completed with these variables."""
        raise AssertionError(f"'{plan.node.id}' calls no process")

    def child_ended(self, run: Run, plan: Plan, key: int) -> None:
        """A child ended without sending a token on. Containers may be done now."""

    def inner_ended(self, run: Run, plan: Plan, key: int) -> None:
        """A scope of its own that is not drawn, made for one activation, has completed."""
        raise AssertionError(f"'{plan.node.id}' has no inner instances")

    def remember(self, run: Run, plan: Plan, element: ElementInstance) -> None:
        """It is about to complete in a process with compensation."""
        compensation.remember(run, plan, element)

    def compensated(
        self, run: Run, plan: Plan, element: ElementInstance
    ) -> Callable[[], None] | None:
        """All that it has thrown compensation for is undone. None: it completes."""
        return None

    # --- leaving -----------------------------------------------------------------------------------

    def leave(self, run: Run, plan: Plan, key: int) -> Sequence[Flow]:
        """The flows to take, in order. Whatever can fail was decided in a stage before."""
        chosen: Sequence[Flow] | None = run.choices.pop(key, None)
        return plan.outgoing if chosen is None else chosen

    def clears_scope(self, plan: Plan) -> bool:
        """Whether all tokens of the scope end with this element (rule 45)."""
        return False

    def ending(self, run: Run, plan: Plan, key: int) -> Callable[[], None] | None:
        """What to do when the element has ended; reads beforehand what ends with it."""
        return None

    def holds_end(self, run: Run, plan: Plan, key: int) -> bool:
        """Whether something has to happen before the element may end; `Settle` goes on."""
        return False

    def close(self, run: Run, plan: Plan, key: int) -> None:
        """The element is being terminated: give up what it waits for."""
        jobs.cancel_all(run, key)
        close_events(run, key)
        incidents.resolve_all(run, key)
