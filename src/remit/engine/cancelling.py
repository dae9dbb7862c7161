"""Cancelling a transaction (B6): what a cancel end event does."""

from __future__ import annotations

from collections.abc import Iterator

from remit.engine import compensation
from remit.engine.agenda import Terminate
from remit.engine.definitions import Plan, Stage
from remit.engine.faults import IncidentRaised
from remit.engine.run import Run
from remit.engine.state.entities import ElementInstance
from remit.engine.triggering import trigger
from remit.model.bpmn.graph import Activity, CancelDefinition, ElementType, EventNode, Node


def cancels(node: Node) -> bool:
    return isinstance(node, EventNode) and any(
        isinstance(each, CancelDefinition) for each in node.definitions
    )


def check_boundary(run: Run, plan: Plan, key: int) -> bool:
    """Without a cancel boundary event nobody goes on: an incident."""
    transaction = _transaction(run, run.element(key))
    if _boundary(run, transaction) is None:
        raise IncidentRaised(
            "UNHANDLED_ERROR_EVENT",
            f"Expected transaction '{transaction.element}' to have a cancel boundary event, but it has "
            f"none: '{plan.node.id}' can't cancel it",
        )
    return False


CANCEL = Stage("cancel", check_boundary)


def cancel(run: Run, end: ElementInstance) -> None:
    """End everything else in the transaction, compensate, then leave by the boundary event."""
    transaction = _transaction(run, end)
    inside: int = end.key
    scopes = list(_outward(run, end, transaction))
    for scope in scopes:
        for child in run.state.elements.of(scope.key):
            if child != inside:
                run.later(Terminate(child))
        inside = scope.key
    if compensation.throw(run, end, iter(scopes), None, waits=True, in_reverse=True):
        leave(run, end)


def leave(run: Run, end: ElementInstance) -> None:
    transaction = _transaction(run, end)
    boundary = _boundary(run, transaction)
    assert boundary is not None, "checked before the event became active"
    trigger(run, transaction, boundary, {})


def _transaction(run: Run, element: ElementInstance) -> ElementInstance:
    while run.plan(element).node.type is not ElementType.TRANSACTION:
        element = run.element(element.scope)
    return element


def _outward(
    run: Run, element: ElementInstance, last: ElementInstance
) -> Iterator[ElementInstance]:
    while element.key != last.key:
        element = run.element(element.scope)
        yield element


def _boundary(run: Run, transaction: ElementInstance) -> str | None:
    node = run.plan(transaction).node
    assert isinstance(node, Activity)
    return next((each.id for each in node.boundaries if cancels(each)), None)
