"""Compensation: what has completed can be undone by its handler (rules 67-70, B5-B12).

    activity completes ─▶ CREATED ── thrown ──▶ TRIGGERED ─▶ its handler runs ─▶ COMPLETED

A subscription belongs to the scope of its activity. When that scope completes itself, the enclosing
scope keeps one for it, with those inside it. Handlers run in the scope that is still there, and see the
variables that the activity and its scopes had when they completed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from msgspec.structs import replace

from remit.engine import lifecycle
from remit.engine.agenda import Activate, Complete, HandlerEnded, StartHandler
from remit.engine.definitions import Plan
from remit.engine.run import Run
from remit.engine.state.entities import ElementInstance
from remit.engine.variables import local
from remit.model.bpmn.graph import Activity, Container, ElementType, EventType, Node, Process
from remit.protocol.events.compensation import (
    CompensationCompleted,
    CompensationCreated,
    CompensationStarted,
    CompensationTriggered,
)
from remit.protocol.values import NONE_KEY, CompensationSubscription, Document, Placement

# --- remembering -----------------------------------------------------------------------------------


def compensates(process: Process) -> bool:
    """Whether anything in a process can be compensated: others pay nothing for it."""
    return any(
        isinstance(node, Activity)
        and (node.compensation_handler is not None or _own_sub_process(node) is not None)
        for node in process.nodes.values()
    )


def remember(run: Run, plan: Plan, element: ElementInstance) -> None:
    """An activity is about to complete: keep what undoes it, and what undoes what is inside it."""
    node = plan.node
    if not isinstance(node, Activity) or plan.is_inner or element.scope == NONE_KEY:
        return
    inner = tuple(
        row for row in run.state.compensations.values_of(element.key) if not row.is_triggered
    )
    own = _own_sub_process(node)
    handler = node.compensation_handler
    if handler is None and own is None and not inner:
        return
    key = run.new_key()
    row = CompensationSubscription(
        key, element.scope, element.element, handler.id if handler is not None else "",
        element.instance, element.definition, element.root, local(run, element.key),
        () if own is not None else inner, "" if own is None else own.id, tenant=element.tenant,
    )  # fmt: skip
    run.emit(CompensationCreated(key, row))


def _own_sub_process(node: Node) -> Container | None:
    """The compensation event sub-process of a scope: it replaces what is inside (B10)."""
    if not isinstance(node, Container):
        return None
    for inner in node.event_sub_processes:
        if any(start.event_type is EventType.COMPENSATION for start in inner.event_starts):
            return inner
    return None


# --- throwing --------------------------------------------------------------------------------------


def throw(
    run: Run,
    thrower: ElementInstance,
    scopes: Iterator[ElementInstance],
    activity: str | None,
    *,
    waits: bool,
    in_reverse: bool,
) -> bool:
    """Trigger what can be compensated in `scopes`; returns whether the thrower goes on at once."""
    found: list[CompensationSubscription] = []
    for scope in scopes:
        for row in run.state.compensations.values_of(scope.key):
            if not row.is_triggered and activity in (None, row.activity):
                found.extend(_flat(row, row.scope, {}))
    if not found:
        return True
    by = thrower.key if waits else NONE_KEY
    triggered = [_trigger(run, row, by, in_reverse) for row in found]
    if in_reverse:
        start(run, max(triggered, key=lambda row: row.order))
    else:
        for row in triggered:
            start(run, row)
    return not waits


def _flat(
    row: CompensationSubscription, scope: int, variables: Document
) -> Iterator[CompensationSubscription]:
    """A subscription, and those inside it, each with all variables that its handler sees."""
    seen = {**variables, **row.variables}
    yield replace(row, scope=scope, variables=seen)
    for inner in row.inner:
        yield from _flat(inner, scope, seen)


def _trigger(
    run: Run, row: CompensationSubscription, by: int, in_reverse: bool
) -> CompensationSubscription:
    row = replace(
        row, is_triggered=True, thrower=by, in_reverse=in_reverse, order=row.key, inner=()
    )
    run.emit(CompensationTriggered(row.key, row))
    return row


def start(run: Run, row: CompensationSubscription) -> None:
    """Let the handler run in the scope that is still there; without one there is nothing to do."""
    scope = run.element(row.scope)
    handler = row.handler or row.sub_process
    if not handler:
        _completed(run, row)
        return
    if not lifecycle.may_enter(run, scope, handler, StartHandler(scope.key, row.key)):
        return
    key = lifecycle.begin(run, Activate(handler, scope.key, variables=row.variables or None), scope)
    element = run.element(key)
    run.emit(CompensationStarted(row.key, replace(row, handler_key=key)))
    plan = run.plan(element)
    node = plan.node
    if isinstance(node, Container) and node.type is ElementType.EVENT_SUB_PROCESS:
        begins = next(each for each in node.event_starts)
        run.emit(lifecycle.placement_set(run, element, Placement(begins.id)))
    lifecycle.open_from(run, plan, key, 0)


def start_again(run: Run, item: StartHandler) -> None:
    """The handler was denied, and an incident of that was resolved."""
    row = run.state.compensations.get(item.key)
    if row is not None and row.handler_key == NONE_KEY:
        start(run, row)


def handler_ended(run: Run, item: HandlerEnded) -> None:
    """Perhaps the element was a handler: the next one has its turn, or the thrower goes on."""
    for row in tuple(run.state.compensations.values_of(item.scope)):
        if row.handler_key == item.key:
            _completed(run, row)


def _completed(run: Run, row: CompensationSubscription) -> None:
    run.emit(CompensationCompleted(row.key, row))
    left = [
        each
        for each in run.state.compensations.values_of(row.scope)
        if each.is_triggered and each.thrower == row.thrower
    ]
    waiting = [each for each in left if each.handler_key == NONE_KEY]
    if row.in_reverse and waiting and len(waiting) == len(left):
        start(run, max(waiting, key=lambda each: each.order))
    elif not left and row.thrower != NONE_KEY:
        thrower = run.state.elements.get(row.thrower)
        if thrower is not None:
            plan = run.plan(thrower)
            done: Callable[[], None] | None = plan.element.compensated(run, plan, thrower)
            if done is None:
                run.later(Complete(thrower.key))
            else:
                done()


def scopes_of(run: Run, thrower: ElementInstance) -> Iterator[ElementInstance]:
    """The scope of a throw event; from an event sub-process also the one around it (rule 68)."""
    scope = run.element(thrower.scope)
    yield scope
    while run.plan(scope).node.type is ElementType.EVENT_SUB_PROCESS:
        scope = run.element(scope.scope)
        yield scope
