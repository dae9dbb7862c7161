"""The life of an element instance, written once.

    (none) ─▶ ACTIVATING ─▶ ACTIVATED ─▶ COMPLETING ─▶ COMPLETED ─▶ its outgoing flows
                  │             │            │
                  └─────────────┴────────────┴───▶ TERMINATING ─▶ TERMINATED

Between ACTIVATING and ACTIVATED lie the opening stages of its plan, between COMPLETING and COMPLETED
the closing ones. A stage may let the element wait, or raise an incident; either way `Resume` goes on
at a named stage. Children end before their parents; a scope completes when it has neither children
nor tokens left (rule 46).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from remit.engine import incidents, triggering
from remit.engine.agenda import (
    Activate,
    AgendaItem,
    AskJoins,
    Complete,
    FollowTrigger,
    HandlerEnded,
    Place,
    Resume,
    ResumeAfter,
    Settle,
    Terminate,
    from_stage,
    held,
)
from remit.engine.definitions import Definition, Plan
from remit.engine.denials import denied, stopped
from remit.engine.faults import IncidentRaised
from remit.engine.governance import (
    ElementDenied,
    admit_flows,
    admit_step,
    admit_write,
    passes,
)
from remit.engine.run import BODY_KIND, Run
from remit.engine.state.entities import ElementInstance, Trigger
from remit.engine.variables import propagate, set_local
from remit.model.bpmn.graph import Flow
from remit.protocol.events.process_instance import (
    ElementActivated,
    ElementActivating,
    ElementCompleted,
    ElementCompleting,
    ElementTerminated,
    ElementTerminating,
    PlacementSet,
    SequenceFlowTaken,
)
from remit.protocol.values import NONE_KEY, Document, Phase, Placement

FLOW_KIND = 25
"""SEQUENCE_FLOW in `ELEMENT_KINDS`."""

LEAVE = "leave"
"""The stage of an incident where a flow was denied: behind all closing stages."""

JOIN = "join:"
"""Before the stage of an incident at a scope: the id of a join that can't tell whether it opens."""

IS_ENDING = frozenset((Phase.TERMINATING, Phase.TERMINATED))


# --- opening ---------------------------------------------------------------------------------------


def activate(run: Run, item: Activate) -> None:
    """Open `item.element` in its scope, unless its token has ended with the scope's others."""
    scope = run.state.elements.get(item.scope)
    if scope is None or scope.phase in IS_ENDING or scope.interrupted_by:
        return
    if item.arrived > scope.tokens:
        return
    tokens = run.state.tokens
    if item.joined and any((scope.key, flow) not in tokens for flow in item.joined):
        return
    open_in(run, item, scope)


def _plan_in(run: Run, element_id: str, scope: ElementInstance) -> Plan:
    """A multi-instance activity is its body, except inside that."""
    definition = run.definition(scope.definition)
    is_inside = scope.kind == BODY_KIND and scope.element == element_id
    body = None if is_inside else definition.bodies.get(element_id)
    return body or definition.plans[element_id]


def accepts_end(element: ElementInstance) -> bool:
    """Whether what happens inside still matters to it."""
    return element.phase is Phase.ACTIVATED and not element.interrupted_by


def follow_trigger(run: Run, item: FollowTrigger) -> None:
    """What an event interrupted has ended; the event itself goes on, in a scope that may be closed."""
    scope = run.state.elements.get(item.scope)
    if scope is not None and scope.phase not in IS_ENDING:
        plan = run.definition(scope.definition).plans[item.element]
        plan.element.follow(run, plan, scope, item.variables)


def place(run: Run, item: Place) -> None:
    """Open what is placed in a scope: an element as if a flow had led to it, or an inner scope."""
    scope = run.state.elements.get(item.scope)
    if scope is None or scope.phase in IS_ENDING:
        return
    placed = item.placement
    if not may_enter(run, scope, placed.element, item):
        return
    variables = placed.variables or None
    key = begin(run, Activate(placed.element, scope.key, variables=variables), scope)
    element = run.element(key)
    for inner in placed.inner:
        run.emit(placement_set(run, element, inner))
    open_from(run, run.plan(element), key, 0)


def placement_set(run: Run, scope: ElementInstance, placement: Placement) -> PlacementSet:
    """`scope`, which has yet to open, begins with `placement`."""
    return PlacementSet(
        run.new_key(), scope.key, placement, scope.instance, scope.definition, scope.root,
        scope.tenant,
    )  # fmt: skip


def begin_inside(run: Run, scope: ElementInstance, waiting: Iterable[Trigger]) -> None:
    """A scope has opened: it begins with the events and tokens that have waited for that."""
    for trigger in waiting:
        if trigger.placed:
            placed = Placement(trigger.target, trigger.variables, trigger.inner)
            run.later(Place(scope.key, placed))
        else:
            run.later(FollowTrigger(trigger.target, scope.key, trigger.variables))


def open_in(run: Run, item: Activate, scope: ElementInstance) -> None:
    """Begin the life of `item.element` in `scope`, which accepts it, and open it."""
    if scope.is_ungoverned or may_enter(run, scope, item.element, item):
        key = begin(run, item, scope)
        open_from(run, run.plan(run.element(key)), key, 0)


def may_enter(run: Run, scope: ElementInstance, element_id: str, item: AgendaItem) -> bool:
    """Whether the instance's policy lets an element begin in `scope`; yes where there is none.

    If not, an incident stands at the scope: resolving it plays `item`, which asks again. The call alone
    counts where everything passes: `open_in` does without it for the ungoverned.
    """
    if passes(run, scope, "element.enter", element_id):
        return True
    facts: dict[str, object] = {
        "elementId": element_id,
        "elementType": lambda: _plan_in(run, element_id, scope).node.type.value,
        "flowScopeType": lambda: run.plan(scope).node.type.value,
    }
    if isinstance(item, Activate) and item.loop_counter:
        facts["loopIndex"] = item.loop_counter
    try:
        admit_step(run, scope, "element.enter", facts)
    except ElementDenied as fault:
        denied(run, scope, fault, held(item))
        return False
    return True


def begin(run: Run, item: Activate, scope: ElementInstance) -> int:
    """ACTIVATING, and nothing more yet; returns the key of the new element instance."""
    plan = _plan_in(run, item.element, scope)
    key = run.new_key()
    run.emit(
        ElementActivating(
            key,
            scope.instance,
            scope.definition,
            item.element,
            plan.kind,
            scope.key,
            root=scope.root,
            arrived=item.arrived,
            joined=item.joined,
            loop_counter=item.loop_counter,
            tenant=scope.tenant,
        )
    )
    if item.variables:
        set_local(run, run.element(key), item.variables)
    return key


def open_from(run: Run, plan: Plan, key: int, start: int) -> None:
    """Play the opening stages from `start` on; then the element is active, and waits or completes."""
    if not _play_stages(run, plan.opening, plan, key, start):
        return
    waits = plan.element.waits(plan)
    activated(run, plan, key)
    if waits:
        plan.element.opened(run, plan, key)
    else:
        complete(run, key, None)


def activated(run: Run, plan: Plan, key: int) -> None:
    """Everything the element needs is there."""
    element = run.element(key)
    run.emit(
        ElementActivated(
            key, element.instance, element.definition, element.element, plan.kind, element.scope
        )
    )


def resume(run: Run, key: int, stage: str, *, done: bool = False) -> None:
    """Go on where the element stopped, behind that stage when it is `done`.

    Nothing to do when the element has ended meanwhile.
    """
    element = run.state.elements.get(key)
    if element is None or element.phase in IS_ENDING:
        return
    item = from_stage(stage)
    if item is not None:
        run.later(item)
        return
    if stage.startswith(JOIN):
        join = run.definition(element.definition).plans[stage.removeprefix(JOIN)]
        join.element.arrived(run, join, key)
        return
    plan = run.plan(element)
    if element.phase is Phase.ACTIVATING:
        open_from(run, plan, key, _index(plan.opening, stage) + done)
    elif element.phase is Phase.COMPLETING:
        close_from(run, plan, key, _index(plan.closing, stage) + done)
    else:
        plan.element.resumed(run, plan, key, stage)


# --- completing ------------------------------------------------------------------------------------


def complete(run: Run, key: int, variables: Document | None, *, admitted: bool = False) -> None:
    """The element is done, bringing `variables` (rules 3-5, 12); see `Complete` for `admitted`."""
    element = run.state.elements.get(key)
    if element is None or element.phase is not Phase.ACTIVATED or not is_done_inside(element):
        return  # it has ended, or an event has begun something in it since
    plan = run.plan(element)
    if variables and not admitted:
        try:
            admit_write(run, element, variables, "result")
        except ElementDenied as fault:
            denied(run, element, fault, held(Complete(key, variables)))
            return
    run.emit(
        ElementCompleting(
            key, element.instance, element.definition, element.element, plan.kind, element.scope
        )
    )
    if variables:
        if plan.node.outputs:
            set_local(run, element, variables)
        else:
            propagate(run, element, variables)
    close_from(run, plan, key, 0)


def close_from(run: Run, plan: Plan, key: int, start: int) -> None:
    """Play the closing stages from `start` on; then the element has completed and tokens move on."""
    if not _play_stages(run, plan.closing, plan, key, start):
        return
    element = run.element(key)
    ends_instance = _ends_instance(run, element)
    flows: Sequence[Flow] | None = ()
    is_governed = not element.is_ungoverned and element.instance in run.state.governed.rows
    if not (plan.is_inner or ends_instance):
        leave = _leave if is_governed else plan.element.leave
        flows = leave(run, plan, key)
    if flows is None:
        return
    ending = plan.element.ending(run, plan, key)
    if plan.definition.compensates:
        plan.element.remember(run, plan, element)
    if is_governed:
        incidents.resolve_all(run, key)  # events that were denied: it is too late for them
    run.emit(
        ElementCompleted(
            key,
            element.instance,
            element.definition,
            element.element,
            plan.kind,
            element.scope,
            clears_scope=plan.element.clears_scope(plan),
        )
    )
    for flow in flows:
        take(run, element.scope, flow)
    if ending is not None:
        ending()
    if plan.definition.compensates:
        run.later(HandlerEnded(key, element.scope))
    if plan.definition.late_joins:
        ask_joins(run, plan.definition, element.scope)
    if ends_instance:
        run.later(Terminate(element.instance))
    elif element.scope != NONE_KEY and not flows:
        child_ended(run, element.scope)


def _leave(run: Run, plan: Plan, key: int) -> Sequence[Flow] | None:
    """The flows to take; None when one of them is denied, and an incident stands.

    Those that were chosen were asked about then.
    """
    element = run.element(key)
    was_chosen = key in run.choices
    mark = run.mark()
    flows = plan.element.leave(run, plan, key)
    if was_chosen:
        return flows
    try:
        admit_flows(run, element, plan.node, flows)
    except ElementDenied as fault:
        run.undo(mark)
        denied(run, element, fault, LEAVE)
        return None
    return flows


def _ends_instance(run: Run, element: ElementInstance) -> bool:
    """Whether a runtime instruction ends the instance after this element (reference 3.10)."""
    carried = run.state.instances.get(element.instance)
    return carried is not None and element.element in carried.terminate_after


def take(run: Run, scope_key: int, flow: Flow) -> None:
    """Take a sequence flow inside `scope`: its target opens, or counts the token if it joins."""
    scope = run.element(scope_key)
    if scope.phase in IS_ENDING or scope.interrupted_by:
        return
    target = run.definition(scope.definition).plans[flow.target.id]
    joins = target.joins
    run.emit(
        SequenceFlowTaken(
            run.new_key(),
            scope.instance,
            scope.definition,
            flow.id,
            FLOW_KIND,
            scope_key,
            waits=joins,
        )
    )
    if joins:
        target.element.arrived(run, target, scope_key)
    else:
        run.later(Activate(flow.target.id, scope_key, arrived=1))


def child_ended(run: Run, scope_key: int) -> None:
    """A child of this scope has ended without sending a token on: the scope may be done."""
    scope = run.state.elements.get(scope_key)
    if scope is None:
        return
    plan = run.plan(scope)
    plan.element.child_ended(run, plan, scope_key)


def ask_joins(run: Run, definition: Definition, scope_key: int) -> None:
    """Something has ended in a scope: joins in it may have waited for that."""
    scope = run.state.elements.get(scope_key)
    if scope is not None and scope.element in definition.late_joins:
        run.later(AskJoins(scope_key))


def is_done_inside(scope: ElementInstance) -> bool:
    return scope.children == 0 and scope.tokens == 0


# --- terminating -----------------------------------------------------------------------------------


def terminate(run: Run, key: int) -> None:
    """End an element from outside: first everything inside it, then itself (rules 35, 81)."""
    element = run.state.elements.get(key)
    if element is None or element.phase in IS_ENDING:
        return
    plan = run.plan(element)
    run.emit(
        ElementTerminating(
            key, element.instance, element.definition, element.element, plan.kind, element.scope
        )
    )
    plan.element.close(run, plan, key)
    children = run.state.elements.of(key)
    for child in children:
        run.later(Terminate(child))
    if not children and not plan.element.holds_end(run, plan, key):
        terminated(run, key)


def terminated(run: Run, key: int) -> None:
    """Nothing is left inside: the element itself ends, and whoever waits for that goes on."""
    element = run.element(key)
    plan = run.plan(element)
    tokens = run.state.tokens.values_of(key)
    dropped = tuple(token.flow for token in tokens for _ in range(token.count))
    ending = plan.element.ending(run, plan, key)
    waiting = take_triggers(run, element)
    run.emit(
        ElementTerminated(
            key,
            element.instance,
            element.definition,
            element.element,
            plan.kind,
            element.scope,
            dropped=dropped,
        )
    )
    if ending is not None:
        ending()
    if plan.definition.late_joins:
        ask_joins(run, plan.definition, element.scope)
    if element.parent_element != NONE_KEY:
        run.later(Settle(element.parent_element))
    if element.scope == NONE_KEY:
        return
    if not _follow(run, waiting, element.scope):
        run.later(Settle(element.scope))


def settle(run: Run, scope_key: int) -> None:
    """A child was terminated: a scope that is ending, or was interrupted, may go on now."""
    scope = run.state.elements.get(scope_key)
    if scope is None:
        return
    if scope.phase is Phase.TERMINATING:
        plan = run.plan(scope)
        if scope.children == 0 and not plan.element.holds_end(run, plan, scope_key):
            terminated(run, scope_key)
        return
    if scope.children == 0 and scope.interrupted_by and run.state.triggers.of(scope_key):
        follow_waiting(run, scope)
        return
    plan = run.plan(scope)
    plan.element.child_ended(run, plan, scope_key)


def follow_waiting(run: Run, scope: ElementInstance) -> None:
    """Everything in an interrupted scope has ended: the event that did it goes on (rule 37)."""
    _follow(run, take_triggers(run, scope), scope.key)


def _follow(run: Run, waiting: Iterable[Trigger], scope_key: int) -> bool:
    """Let the events among what has waited go on; what was to be placed is not, any more."""
    events = [trigger for trigger in waiting if not trigger.placed]
    for trigger in events:
        run.later(FollowTrigger(trigger.target, scope_key, trigger.variables))
    return bool(events)


def take_triggers(run: Run, element: ElementInstance) -> tuple[Trigger, ...]:
    """The events that wait on `element`, which are now on their way."""
    waiting = tuple(
        each for each in run.state.triggers.values_of(element.key) if not each.is_partial
    )
    for trigger in waiting:
        triggering.take(run, element, trigger)
    return waiting


# --- stages ----------------------------------------------------------------------------------------


def _play_stages(run: Run, stages: tuple, plan: Plan, key: int, start: int) -> bool:  # type: ignore[type-arg]
    """True when all were played; False when the element waits at one, or an incident stands."""
    for index in range(start, len(stages)):
        stage = stages[index]
        mark = run.mark()
        try:
            if stage.play(run, plan, key):
                return False
        except IncidentRaised as fault:
            run.undo(mark)
            stopped(run, run.element(key), fault, stage.name)
            return False
    return True


def _index(stages: tuple, name: str) -> int:  # type: ignore[type-arg]
    if name == LEAVE:
        return len(stages)
    for index, stage in enumerate(stages):
        if stage.name == name:
            return index
    raise AssertionError(f"no stage '{name}' to resume at")


PLAYS: dict[type, Callable[[Run, Any], None]] = {
    Activate: activate,
    Complete: lambda run, item: complete(run, item.key, item.variables, admitted=item.admitted),
    Terminate: lambda run, item: terminate(run, item.key),
    Resume: lambda run, item: resume(run, item.key, item.stage),
    ResumeAfter: lambda run, item: resume(run, item.key, item.stage, done=True),
    FollowTrigger: follow_trigger,
    Place: place,
    Settle: lambda run, item: settle(run, item.key),
}
"""How the items of the agenda that concern one element are played."""
