"""The life of element instances, as it shows in the tables.

`children` and `tokens` of a scope are counted here: +1 token when a flow is taken, -1 token and +1
child when its target activates, -1 child when an element has ended. A scope is done at zero and zero.
"""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from remit.engine.state.entities import (
    ElementInstance,
    FiredGateway,
    ProcessInstance,
    Rest,
    Result,
    Token,
    Trigger,
)
from remit.engine.state.folds.governance import forget as forget_policy
from remit.engine.state.state import State
from remit.protocol.events.process_instance import (
    AdHocFulfilled,
    AgendaDeferred,
    AgendaResumed,
    BusinessIdAssigned,
    ElementActivated,
    ElementActivating,
    ElementCompleted,
    ElementCompleting,
    ElementEvent,
    ElementMigrated,
    ElementTerminated,
    ElementTerminating,
    GatewayFired,
    GatewayReset,
    InstanceCreated,
    InstanceMigrated,
    InstanceModified,
    LoopStarted,
    PlacementSet,
    ResultKept,
    SequenceFlowTaken,
    TriggerSet,
    TriggerTaken,
)
from remit.protocol.values import Phase


def activating(state: State, event: ElementActivating) -> None:
    scope = state.elements.get(event.scope)
    if scope is None:
        is_ungoverned = event.instance not in state.governed.rows
    else:
        is_ungoverned = scope.is_ungoverned
        left = scope.tokens - event.arrived
        assert left >= 0, f"{event.element} consumed a token that nobody sent"
        state.elements.put(
            scope.key,
            replace(scope, children=scope.children + 1, tokens=left, spawned=scope.spawned + 1),
        )
    for flow in event.joined:
        _take_token(state, event.scope, flow)
    if event.root == event.key:
        state.resident[event.root] = None
    state.elements.put(
        event.key,
        ElementInstance(
            event.key,
            event.instance,
            event.definition,
            event.element,
            event.kind,
            event.scope,
            event.root,
            loop_counter=event.loop_counter,
            parent_instance=event.parent_instance,
            parent_element=event.parent_element,
            tenant=event.tenant,
            is_ungoverned=is_ungoverned,
        ),
    )
    if event.business_id:
        state.instances.put(
            event.key,
            ProcessInstance(
                event.key, event.root, business_id=event.business_id, process_id=event.element,
                tenant=event.tenant,
            ),
        )  # fmt: skip


def activated(state: State, event: ElementActivated) -> None:
    _move(state, event, Phase.ACTIVATED)


def completing(state: State, event: ElementCompleting) -> None:
    _move(state, event, Phase.COMPLETING)


def terminating(state: State, event: ElementTerminating) -> None:
    _move(state, event, Phase.TERMINATING)


def ended(state: State, event: ElementCompleted | ElementTerminated) -> None:
    """Remove the element and all that still hangs on it; its scope has a child less."""
    key = event.key
    state.variables.delete_of(key)
    state.tokens.delete_of(key)
    state.triggers.delete_of(key)
    state.results.delete_of(key)
    state.gateways.delete_of(key)
    state.compensations.delete_of(key)
    state.elements.delete(key)
    scope = state.elements.get(event.scope)
    if scope is None:
        _instance_ended(state, key)
        return
    tokens = scope.tokens
    if isinstance(event, ElementCompleted) and event.clears_scope:
        tokens = 0
        state.tokens.delete_of(scope.key)
    completed = scope.completed_children + isinstance(event, ElementCompleted)
    state.elements.put(
        scope.key,
        replace(scope, children=scope.children - 1, tokens=tokens, completed_children=completed),
    )


def _instance_ended(state: State, key: int) -> None:
    """Remove what only process instances have."""
    if key in state.governed.rows:
        forget_policy(state, key)
    if key in state.suspensions:
        state.suspensions.delete(key)
    if key in state.instances:
        _unlock(state, state.instances[key])
        state.instances.delete(key)


def flow_taken(state: State, event: SequenceFlowTaken) -> None:
    scope = state.elements[event.scope]
    state.elements.put(scope.key, replace(scope, tokens=scope.tokens + 1))
    if event.waits:
        name = (event.scope, event.element)
        token = state.tokens.get(name)
        count = 1 if token is None else token.count + 1
        state.tokens.put(name, Token(event.scope, event.element, count, scope.root))


def created(state: State, event: InstanceCreated) -> None:
    if event.await_request or event.tags or event.business_id or event.terminate_after:
        state.instances.put(
            event.key,
            ProcessInstance(
                event.key,
                event.key,
                tags=event.tags,
                business_id=event.business_id,
                await_request=event.await_request,
                fetch_variables=event.fetch_variables,
                terminate_after=event.terminate_after,
                process_id=event.process_id,
                tenant=event.tenant,
            ),
        )


def business_id_assigned(state: State, event: BusinessIdAssigned) -> None:
    row = state.instances.get(event.key) or ProcessInstance(
        event.key, event.key, process_id=event.process_id, tenant=event.tenant
    )
    state.instances.put(event.key, replace(row, business_id=event.business_id))


def migrated(state: State, event: ElementMigrated) -> None:
    element = state.elements[event.key]
    state.elements.put(
        event.key, replace(element, definition=event.definition, element=event.element)
    )


def modified(state: State, event: InstanceModified | InstanceMigrated) -> None:
    """What it changes is told by the events that follow."""


def trigger_set(state: State, event: TriggerSet) -> None:
    if event.interrupts:
        element = state.elements[event.element_key]
        for token in state.tokens.of(element.key):
            state.tokens.delete(token)
        state.elements.put(element.key, replace(element, interrupted_by=event.target, tokens=0))
    state.triggers.put(
        event.key,
        Trigger(
            event.key, event.element_key, event.target, event.variables, event.root,
            is_partial=event.is_partial,
        ),
    )  # fmt: skip


def placement_set(state: State, event: PlacementSet) -> None:
    placed = event.placement
    state.triggers.put(
        event.key,
        Trigger(
            event.key, event.element_key, placed.element, placed.variables, event.root,
            placed=True, inner=placed.inner,
        ),
    )  # fmt: skip


def trigger_taken(state: State, event: TriggerTaken) -> None:
    if event.key in state.triggers:
        state.triggers.delete(event.key)


def loop_started(state: State, event: LoopStarted) -> None:
    state.elements.put(event.key, replace(state.elements[event.key], loop_size=event.size))


def fulfilled(state: State, event: AdHocFulfilled) -> None:
    state.elements.put(event.key, replace(state.elements[event.key], is_fulfilled=True))


def gateway_fired(state: State, event: GatewayFired) -> None:
    name = (event.scope, event.element)
    state.gateways.put(name, FiredGateway(event.scope, event.element, event.flows, event.root))


def gateway_reset(state: State, event: GatewayReset) -> None:
    state.gateways.delete((event.scope, event.element))


def result_kept(state: State, event: ResultKept) -> None:
    name = (event.body, event.index)
    state.results.put(name, Result(event.body, event.index, event.value, event.root))


def agenda_deferred(state: State, event: AgendaDeferred) -> None:
    state.rests.put(event.key, Rest(event.key, event.items))


def agenda_resumed(state: State, event: AgendaResumed) -> None:
    state.rests.delete(event.key)


def _move(state: State, event: ElementEvent, phase: Phase) -> None:
    element = state.elements[event.key]
    state.elements.put(event.key, replace(element, phase=phase))


def _take_token(state: State, scope: int, flow: str) -> None:
    token = state.tokens[(scope, flow)]
    if token.count == 1:
        state.tokens.delete((scope, flow))
    else:
        state.tokens.put((scope, flow), replace(token, count=token.count - 1))


def _unlock(state: State, instance: ProcessInstance) -> None:
    if instance.lock:
        state.set_lock(instance.tenant, instance.process_id, instance.lock, None)


FOLDS: dict[Any, Any] = {
    ElementActivating: activating,
    ElementActivated: activated,
    ElementCompleting: completing,
    ElementCompleted: ended,
    ElementTerminating: terminating,
    ElementTerminated: ended,
    SequenceFlowTaken: flow_taken,
    InstanceCreated: created,
    BusinessIdAssigned: business_id_assigned,
    InstanceModified: modified,
    InstanceMigrated: modified,
    ElementMigrated: migrated,
    TriggerSet: trigger_set,
    PlacementSet: placement_set,
    TriggerTaken: trigger_taken,
    LoopStarted: loop_started,
    AdHocFulfilled: fulfilled,
    GatewayFired: gateway_fired,
    GatewayReset: gateway_reset,
    ResultKept: result_kept,
    AgendaDeferred: agenda_deferred,
    AgendaResumed: agenda_resumed,
}
