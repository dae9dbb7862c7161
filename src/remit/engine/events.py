"""Events that elements wait for: opening what they need, closing it, and being hit by one.

An element hosts the events that concern it: a catch event itself, an activity its boundary events, a
scope the start events of its event sub-processes. Everything that an event waits with hangs on the
host's key, so closing asks for no model.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable
from typing import Any

from remit.engine import conditional, incidents, messages, signals, timers
from remit.engine.expressions import evaluate
from remit.engine.faults import IncidentRaised, extract_value_error
from remit.engine.run import Run
from remit.engine.state.entities import ElementInstance
from remit.engine.triggering import is_used_up, wants_all
from remit.model.bpmn.graph import (
    ConditionalDefinition,
    ErrorDefinition,
    EscalationDefinition,
    EventDefinition,
    EventNode,
    MessageDefinition,
    Node,
    SignalDefinition,
    TimerDefinition,
)

Opening = Callable[[], None]
"""All is evaluated; calling it emits."""

Prepare = Callable[[Run, ElementInstance, Node, EventDefinition, bool], Opening]


def prepare_message(
    run: Run, host: ElementInstance, target: Node, definition: EventDefinition, interrupting: bool
) -> Opening:
    """Name and key are evaluated now and never again (rules 27-29)."""
    assert isinstance(definition, MessageDefinition)
    name = evaluate(run, definition.name, host.key)
    if not isinstance(name, str) or not name:
        raise extract_value_error(
            f"Expected the message name '{definition.name.text}' of element '{target.id}' to be a "
            f"string, but it is {name!r}"
        )
    correlation_key = _correlation_key(run, host, definition)
    if isinstance(correlation_key, float) and correlation_key.is_integer():
        correlation_key = int(correlation_key)
    said = "" if definition.correlation_key is None else definition.correlation_key.text
    if isinstance(correlation_key, bool) or not isinstance(correlation_key, (str, int, float)):
        raise extract_value_error(
            f"Failed to extract the correlation key for '{said}' of element "
            f"'{target.id}': the value must be a string or a number, but it is "
            f"{correlation_key!r}"
        )
    text = str(correlation_key)
    return lambda: messages.open_subscription(
        run, host, target, name, text, interrupting=interrupting
    )


def _correlation_key(run: Run, host: ElementInstance, definition: MessageDefinition) -> Any:
    """What the model says; without that, the key by which a message has started the instance (B18)."""
    if definition.correlation_key is not None:
        return evaluate(run, definition.correlation_key, host.key)
    instance = run.state.instances.get(host.instance)
    return instance.lock if instance is not None and instance.lock else None


def prepare_timer(
    run: Run, host: ElementInstance, target: Node, definition: EventDefinition, interrupting: bool
) -> Opening:
    assert isinstance(definition, TimerDefinition)
    planned = timers.schedule(run, definition, host.key, target)
    return lambda: timers.create(run, host, target, planned)


def prepare_signal(
    run: Run, host: ElementInstance, target: Node, definition: EventDefinition, interrupting: bool
) -> Opening:
    assert isinstance(definition, SignalDefinition)
    name = evaluate(run, definition.name, host.key)
    if not isinstance(name, str) or not name:
        raise extract_value_error(
            f"Expected the signal name '{definition.name.text}' of element '{target.id}' to be a "
            f"string, but it is {name!r}"
        )
    return lambda: signals.listen(run, host, target, name)


def prepare_condition(
    run: Run, host: ElementInstance, target: Node, definition: EventDefinition, interrupting: bool
) -> Opening:
    assert isinstance(target, EventNode)
    index = target.definitions.index(definition)
    return lambda: conditional.wait(run, host, target, index)


PREPARE: dict[type, Prepare] = {
    MessageDefinition: prepare_message,
    TimerDefinition: prepare_timer,
    SignalDefinition: prepare_signal,
    ConditionalDefinition: prepare_condition,
}
"""How each kind of event waits; kinds that are only ever thrown at a scope are not here."""


THROWN = (ErrorDefinition, EscalationDefinition)
"""What nothing waits for: whoever throws it finds the event."""


def is_waited_for(node: Node) -> bool:
    """Whether a host can wait for this event: for each of its definitions."""
    return (
        isinstance(node, EventNode)
        and bool(node.definitions)
        and all(type(each) in PREPARE for each in node.definitions)
    )


def can_happen(node: Node) -> bool:
    """Whether each of its definitions can be waited for, or thrown at it."""
    if not isinstance(node, EventNode) or node.parallel_multiple:
        return is_waited_for(node)
    return all(type(each) in PREPARE or isinstance(each, THROWN) for each in node.definitions)


def open_events(run: Run, host: ElementInstance, targets: Iterable[EventNode]) -> None:
    """Wait on `host` for every definition of every target. Evaluates all before it opens any."""
    openings = [
        PREPARE[type(definition)](run, host, target, definition, is_used_up(target))
        for target in targets
        for definition in target.definitions
        if type(definition) in PREPARE
    ]
    for opening in openings:
        opening()


def open_again(run: Run, host: ElementInstance, target: EventNode) -> None:
    """An event that wants all its definitions has happened, and its host goes on: it waits anew."""
    if not wants_all(target):
        return
    try:
        open_events(run, host, (target,))
    except IncidentRaised as fault:
        incidents.create(run, host, fault)


def close_events(run: Run, element_key: int, targets: Container[str] | None = None) -> None:
    """Wait no more on this element: for `targets`, or for anything."""
    timers.cancel_all(run, element_key, targets)
    messages.close_subscriptions(run, element_key, targets)
    signals.close_all(run, element_key, targets)
    conditional.close_all(run, element_key, targets)
