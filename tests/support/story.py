"""The log as a story: what happened, in order, short enough to compare."""

from __future__ import annotations

from collections.abc import Sequence

from remit import Engine
from remit.engine.state.folds import fold
from remit.engine.state.state import State
from remit.engine.turn import Turn
from remit.protocol.events import INTENT_NAMES, Event, value_type_and_intent
from remit.protocol.events.process_instance import ElementEvent
from remit.protocol.numbers import ValueType


def record(event: Event) -> str:
    """`ELEMENT_ACTIVATED a`, `JOB CREATED`, `VARIABLE UPDATED x=1`."""
    tag = event.__struct_config__.tag
    assert isinstance(tag, int)
    intent = INTENT_NAMES[tag]
    if isinstance(event, ElementEvent):
        return f"{intent} {event.element}"
    value_type, _ = value_type_and_intent(tag)
    if value_type is ValueType.VARIABLE:
        return f"VARIABLE {intent} {event.name}={event.value}"  # type: ignore[attr-defined]
    return f"{value_type.name} {intent}"


def replayed(engine: Engine) -> State:
    """A state that saw nothing but the events of the log."""
    state = State(1, 1)
    for event in engine.events():
        fold(state, event)
    return state


def keep(engine: Engine, turns: Sequence[Turn]) -> None:
    """Store turns that were played on its state as one batch, as a partition does."""
    engine._keep(turns)


def story(engine: Engine, *kinds: str) -> list[str]:
    """Every record, or those that begin with one of `kinds`."""
    told = [record(event) for event in engine.events()]
    return [line for line in told if not kinds or line.startswith(kinds)]


def elements(engine: Engine) -> list[str]:
    """The life of elements and the flows taken."""
    return story(engine, "ELEMENT_", "SEQUENCE_")


def completed(engine: Engine) -> list[str]:
    """The elements that have completed, in order."""
    return [line.split()[1] for line in story(engine, "ELEMENT_COMPLETED")]


def leftovers(engine: Engine) -> list[object]:
    """Rows that are not definitions: nothing may be left when every instance has ended."""
    state = engine.state
    kept = (state.processes, state.start_subscriptions, state.requirements, state.decisions)
    definitions = {table.number for table in kept}
    rows = [row for number, _, row in engine.state.table_rows() if number not in definitions]
    due = engine.state.due_queue.take(10)
    ready = [entry for queue in engine.state.ready.values() for entry in queue.take(10)]
    return [*rows, *due, *ready]
