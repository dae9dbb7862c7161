"""Events that elements wait for: opening what they need, closing it, and being hit by one.

An element hosts the events that concern it: a catch event itself, an activity its boundary events, a
scope the start events of its event sub-processes. Everything that an event waits with hangs on the
host's key, so closing asks for no model.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable

from remit.engine import conditional, messages, signals, timers
from remit.engine.expressions import evaluate
from remit.engine.faults import extract_value_error
from remit.engine.run import Run
from remit.engine.state.entities import ElementInstance
from remit.engine.triggering import is_interrupting
from remit.model.bpmn.graph import (
    ConditionalDefinition,
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
    assert definition.correlation_key is not None
    correlation_key = evaluate(run, definition.correlation_key, host.key)
    if isinstance(correlation_key, float) and correlation_key.is_integer():
        correlation_key = int(correlation_key)
    if isinstance(correlation_key, bool) or not isinstance(correlation_key, (str, int, float)):
        raise extract_value_error(
            f"Failed to extract the correlation key for '{definition.correlation_key.text}' of "
            f"element '{target.id}': the value must be a string or a number, but it is "
            f"{correlation_key!r}"
        )
    text = str(correlation_key)
    return lambda: messages.open_subscription(
        run, host, target, name, text, interrupting=interrupting
    )


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
    return lambda: conditional.wait(run, host, target)


PREPARE: dict[type, Prepare] = {
    MessageDefinition: prepare_message,
    TimerDefinition: prepare_timer,
    SignalDefinition: prepare_signal,
    ConditionalDefinition: prepare_condition,
}
"""How each kind of event waits; kinds that are only ever thrown at a scope are not here."""


def is_waited_for(node: Node) -> bool:
    """Whether a host can wait for this event: it has one definition, of a kind that waits."""
    return isinstance(node, EventNode) and [type(each) in PREPARE for each in node.definitions] == [
        True
    ]


def open_events(run: Run, host: ElementInstance, targets: Iterable[EventNode]) -> None:
    """Wait on `host` for every definition of every target. Evaluates all before it opens any."""
    openings = [
        PREPARE[type(definition)](run, host, target, definition, is_interrupting(target))
        for target in targets
        for definition in target.definitions
        if type(definition) in PREPARE
    ]
    for opening in openings:
        opening()


def close_events(run: Run, element_key: int, targets: Container[str] | None = None) -> None:
    """Wait no more on this element: for `targets`, or for anything."""
    timers.cancel_all(run, element_key, targets)
    messages.close_subscriptions(run, element_key, targets)
    signals.close_all(run, element_key, targets)
    conditional.close_all(run, element_key, targets)
