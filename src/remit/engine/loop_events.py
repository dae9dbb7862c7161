"""What a multi-instance activity throws as one of its instances completes: its `behavior`.

    an instance is about to complete ─▶ thrown, with the counters as they will be then
                                          ├─▶ first the boundary events of the activity
                                          └─▶ everybody else, as for any event that is thrown
    none of them interrupts it ─▶ it completes; then the completion condition is asked

An event that interrupts the activity ends this instance with the others. Boundary events get the
counters as variables.
"""

from __future__ import annotations

from remit.engine import escalations, lifecycle, signals
from remit.engine.conditions import as_boolean
from remit.engine.definitions import Plan, Stage
from remit.engine.expressions import evaluate
from remit.engine.governance import admit_step
from remit.engine.run import Run
from remit.engine.state.entities import ElementInstance
from remit.engine.throwing import Throw, text_of
from remit.model.bpmn.graph import (
    Activity,
    EscalationDefinition,
    LoopEvent,
    MultiInstance,
    SignalDefinition,
)
from remit.protocol.values import Document


def counters(body: ElementInstance, *, completing: int = 0) -> Document:
    """The runtime attributes of a multi-instance activity, once `completing` more have completed."""
    completed = body.completed_children
    return {
        "numberOfInstances": body.loop_size,
        "numberOfActiveInstances": body.children - completing,
        "numberOfCompletedInstances": completed + completing,
        "numberOfTerminatedInstances": body.spawned - body.children - completed,
    }


def throw_events(run: Run, plan: Plan, key: int) -> bool:
    """A closing stage of the inner instance. Evaluates and asks all before it throws any."""
    inner = run.element(key)
    body = run.element(inner.scope)
    assert isinstance(plan.node, Activity)
    assert isinstance(plan.node.loop, MultiInstance)
    if not lifecycle.accepts_end(body):
        return False
    seen = counters(body, completing=1)
    throws = [
        _throw(run, inner, definition, seen)
        for event in plan.node.loop.events
        if _happens(run, inner, event, seen)
        for definition in event.definitions
    ]
    goes_on = [throw() for throw in throws]
    return not all(goes_on)


def _happens(run: Run, inner: ElementInstance, event: LoopEvent, seen: Document) -> bool:
    if event.is_first:
        return bool(seen["numberOfCompletedInstances"] == 1)
    if event.condition is None:
        return True
    value = evaluate(run, event.condition, inner.key, seen)
    said = f"the condition '{event.condition.text}' of an event that '{inner.element}' throws"
    return as_boolean(value, said)


def _throw(
    run: Run,
    inner: ElementInstance,
    definition: SignalDefinition | EscalationDefinition,
    seen: Document,
) -> Throw:
    """All is evaluated; calling it throws, and returns whether the instance goes on."""
    if isinstance(definition, EscalationDefinition):
        code = escalations.code_of(run, definition, inner)
        admit_step(run, inner, "escalation.throw", {"code": code})
        return lambda: escalations.throw(run, inner, code, seen)
    name = text_of(run, definition.name, inner, "signal name")
    admit_step(run, inner, "signal.broadcast", {"name": name})

    def throw() -> bool:
        signals.broadcast_from(run, inner.scope, name, seen, inner.tenant)
        return lifecycle.accepts_end(run.element(inner.scope))

    return throw


EVENTS = Stage("loop-events", throw_events)
