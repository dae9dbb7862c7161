"""Waiting for the events that concern an element: opened before ACTIVATED, closed before COMPLETED."""

from __future__ import annotations

from remit.engine.definitions import Plan, Stage
from remit.engine.events import close_events, open_events
from remit.engine.run import Run
from remit.model.bpmn.graph import Activity, Container, EventNode


def hosted(plan: Plan) -> list[EventNode]:
    """Boundary events of an activity, and the start events of a scope's event sub-processes."""
    node = plan.node
    targets: list[EventNode] = []
    if isinstance(node, Container) and not plan.is_body:
        for inner in node.event_sub_processes:
            targets.extend(inner.event_starts)
    if isinstance(node, Activity) and not plan.is_inner:
        targets.extend(node.boundaries)
    return targets


def open_hosted(run: Run, plan: Plan, key: int) -> bool:
    targets = plan.memory.get("hosted")
    if targets is None:
        targets = plan.memory["hosted"] = hosted(plan)
    open_events(run, run.element(key), targets)
    return False


def open_own(run: Run, plan: Plan, key: int) -> bool:
    assert isinstance(plan.node, EventNode)
    open_events(run, run.element(key), (plan.node,))
    return False


def close_all(run: Run, plan: Plan, key: int) -> bool:
    close_events(run, key)
    return False


HOSTED = Stage("events", open_hosted)
OWN = Stage("event", open_own)
CLOSED = Stage("close-events", close_all)
