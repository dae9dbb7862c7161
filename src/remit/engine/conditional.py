"""Conditional events: triggered when a condition becomes true (Zeebe 8.9; BPMN 10.5.5).

A condition is asked when its event begins to wait, and after every change of a variable that its host
sees. It triggers on the way from false to true; one that does not interrupt has to become false before
it can trigger again.
"""

from __future__ import annotations

from collections.abc import Container, Iterator

from msgspec.structs import replace

from remit.engine.agenda import AskConditions, Hit
from remit.engine.denials import may_happen
from remit.engine.expressions import evaluate
from remit.engine.faults import IncidentRaised
from remit.engine.run import Run
from remit.engine.state.entities import ElementInstance
from remit.engine.triggering import accepts, trigger, wants_all
from remit.model.bpmn.graph import ConditionalDefinition, EventNode, Node
from remit.protocol.events.condition import (
    ConditionCreated,
    ConditionDeleted,
    ConditionReset,
    ConditionsHeld,
    ConditionTriggered,
)
from remit.protocol.values import ConditionSubscription


def wait(run: Run, host: ElementInstance, target: Node, index: int = 0) -> None:
    """Wait on `host` until a condition of `target` holds; asked for the first time at once.

    `index` says which of its definitions that is.
    """
    key = run.new_key()
    row = ConditionSubscription(
        key, host.key, target.id, host.instance, host.definition, host.root, tenant=host.tenant,
        index=index,
    )  # fmt: skip
    run.emit(ConditionCreated(key, row))
    run.later(AskConditions(host.instance, ()))


def close_all(run: Run, element_key: int, targets: Container[str] | None = None) -> None:
    for row in tuple(run.state.conditions.values_of(element_key)):
        if targets is None or row.target in targets:
            run.emit(ConditionDeleted(row.key, row))


def ask(run: Run, item: AskConditions) -> None:
    """Ask the conditions of an instance again after `changes`; none means that one is new.

    Those of a suspended instance are asked when it goes on.
    """
    if item.instance in run.state.suspensions:
        run.emit(ConditionsHeld(item.instance, item.instance, item.changes))
        return
    for row in _of_instance(run, item.instance):
        host = run.state.elements.get(row.element_key)
        if host is None or not accepts(host) or row.key not in run.state.conditions:
            continue
        definition = _definition(run, row)
        if item.changes and not any(_concerns(definition, *each) for each in item.changes):
            continue
        holds = _holds(run, definition, host)
        if holds and not row.held:
            row = replace(row, held=True)
            hit = Hit(host.key, row.target, {}, "event.catch", row.target)
            if may_happen(run, host, hit):
                run.emit(ConditionTriggered(row.key, row))
                if wants_all(run.definition(row.definition).plans[row.target].node):
                    run.emit(ConditionDeleted(row.key, row))
                trigger(run, host, row.target, {})
        elif row.held and not holds:
            run.emit(ConditionReset(row.key, replace(row, held=False)))


def _holds(run: Run, definition: ConditionalDefinition, host: ElementInstance) -> bool:
    """A condition that can't be evaluated does not hold: whoever wrote the variable is not at fault."""
    try:
        return evaluate(run, definition.condition, host.key) is True
    except IncidentRaised:
        return False


def _of_instance(run: Run, instance: int) -> Iterator[ConditionSubscription]:
    """The conditions that are waited for anywhere in an instance, outer scopes first."""
    waiting = [instance]
    while waiting:
        key = waiting.pop(0)
        yield from tuple(run.state.conditions.values_of(key))
        waiting.extend(
            child for child in run.state.elements.of(key) if run.element(child).instance == instance
        )


def _definition(run: Run, row: ConditionSubscription) -> ConditionalDefinition:
    node = run.definition(row.definition).process.nodes[row.target]
    assert isinstance(node, EventNode)
    definition = node.definitions[row.index]
    assert isinstance(definition, ConditionalDefinition)
    return definition


def _concerns(definition: ConditionalDefinition, name: str, kind: str) -> bool:
    """Whether the change of a variable passes the event's filters."""
    return (not definition.variable_names or name in definition.variable_names) and (
        not definition.variable_events or kind in definition.variable_events
    )
