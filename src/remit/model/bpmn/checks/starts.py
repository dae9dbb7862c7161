"""Where scopes begin: what the checks of processes and sub-processes share."""

from __future__ import annotations

from collections.abc import Iterator

from remit.model.bpmn.checks.finding import fault
from remit.model.bpmn.graph import Container, EventType, StartNode
from remit.model.finding import Finding


def starts_of(scope: Container) -> list[StartNode]:
    """Every start event directly inside."""
    return [each for each in scope.children.values() if isinstance(each, StartNode)]


def one_none_start(scope: Container) -> Iterator[Finding]:
    """A second none start event would leave it open where to begin."""
    plain = [each for each in starts_of(scope) if each.event_type is EventType.NONE]
    for start in plain[1:]:
        yield fault(
            start, "no-multiple-none-start-events",
            f"'{scope.id}' has more than one none start event", "leave one of them",
        )  # fmt: skip


def embedded_start(scope: Container) -> Iterator[Finding]:
    """A sub-process that is reached by a flow begins at exactly one none start event."""
    if scope.start is None:
        yield fault(
            scope, "start-event-required", "a sub-process needs a none start event", "add one"
        )
    yield from one_none_start(scope)
    for start in starts_of(scope):
        if start.event_type is not EventType.NONE:
            yield fault(
                start, "sub-process-blank-start-event",
                "the start event of an embedded sub-process must be a none start event",
                "make it a none start event, or the sub-process an event sub-process",
            )  # fmt: skip
