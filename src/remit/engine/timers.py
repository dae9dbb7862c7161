"""Timers: when an event is due (rules 55-60)."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass

from remit.engine.expressions import evaluate, evaluate_static
from remit.engine.faults import extract_value_error
from remit.engine.run import Run
from remit.engine.state.entities import ElementInstance
from remit.model import timing
from remit.model.bpmn.graph import Node, TimerDefinition
from remit.protocol.events.timer import TimerCanceled, TimerCreated
from remit.protocol.values import NONE_KEY, ProcessDefinition, Timer


@dataclass(frozen=True, slots=True)
class Schedule:
    """The first due time in epoch ms; `repetitions` -1 is for ever; `interval` the cycle's text."""

    due: int
    repetitions: int = 1
    interval: str = ""


def schedule(run: Run, definition: TimerDefinition, scope_key: int, where: Node) -> Schedule:
    """Evaluate a timer definition as seen from `scope_key`."""
    value = evaluate(run, definition.expression, scope_key)
    return _schedule(definition, value, run.now, where)


def schedule_start(definition: TimerDefinition, now: int, where: Node) -> Schedule:
    """The same for a timer start event: there are no variables yet (rule 60)."""
    return _schedule(definition, evaluate_static(definition.expression, now), now, where)


def create(run: Run, element: ElementInstance, target: Node, planned: Schedule) -> None:
    """Arm a timer that triggers `target` on `element`."""
    key = run.new_key()
    run.emit(
        TimerCreated(
            key,
            Timer(
                key,
                planned.due,
                element.key,
                target.id,
                element.instance,
                element.definition,
                element.root,
                planned.repetitions,
                planned.interval,
                element.tenant,
            ),
        )
    )


def create_start(run: Run, row: ProcessDefinition, start: Node, planned: Schedule) -> None:
    key = run.new_key()
    run.emit(
        TimerCreated(
            key,
            Timer(
                key,
                planned.due,
                NONE_KEY,
                start.id,
                NONE_KEY,
                row.key,
                0,
                planned.repetitions,
                planned.interval,
                row.tenant,
            ),
        )
    )


def next_of(timer: Timer, now: int) -> Schedule | None:
    """What a timer that has just triggered does next: last due + interval, no drift (rule 55)."""
    if not timer.interval or timer.repetitions == 1:
        return None
    left = timer.repetitions - 1 if timer.repetitions > 0 else -1
    return Schedule(timing.next_due(timer.interval, timer.due, now), left, timer.interval)


def cancel_all(run: Run, element_key: int, targets: Container[str] | None = None) -> None:
    for timer in tuple(run.state.timers.values_of(element_key)):
        if targets is None or timer.target in targets:
            run.emit(TimerCanceled(timer.key, timer))


def _schedule(definition: TimerDefinition, value: object, now: int, where: Node) -> Schedule:
    try:
        if definition.kind == "date":
            return Schedule(timing.instant(value))
        if definition.kind == "duration":
            return Schedule(timing.add_duration(now, value))
        cycle = timing.cycle(value, now)
        return Schedule(cycle.first, cycle.repetitions, cycle.interval)
    except ValueError as fault:
        raise extract_value_error(
            f"Expected a timer {definition.kind} at element '{where.id}', but "
            f"'{definition.expression.text}' is {value!r}: {fault}"
        ) from fault
