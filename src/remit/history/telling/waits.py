"""What instances wait for: timers, signals, conditions."""

from __future__ import annotations

from typing import Any

from remit.history.telling.rows import Row, json
from remit.history.telling.told import Tells, Told
from remit.model.bpmn.graph import ConditionalDefinition
from remit.protocol.events import condition as c
from remit.protocol.events import signal as s
from remit.protocol.events import timer as t


def waiting(told: Told, row: Any, kind: str, details: Row) -> None:
    if row.element_key > 0:  # else it starts instances, none of them waits
        told.tables["waits"].add(
            row.key,
            {
                "key": row.key, "kind": kind, "element_key": row.element_key,
                "instance": row.instance, "root": row.root,
                "details": json(details).decode(),
            },
        )  # fmt: skip


def waits_for_timer(told: Told, event: t.TimerCreated) -> None:
    timer = event.timer
    repetitions = None if timer.repetitions == 1 else timer.repetitions
    waiting(told, timer, "TIMER", {"dueDate": timer.due, "repetitions": repetitions})


def waits_for_signal(told: Told, event: s.SignalSubscriptionCreated) -> None:
    waiting(told, event.subscription, "SIGNAL", {"signalName": event.subscription.name})


def waits_for_condition(told: Told, event: c.ConditionCreated) -> None:
    row = event.subscription
    definition = told.definitions.get(row.definition)
    process = None if definition is None else told.process(definition)
    node = None if process is None else process.nodes.get(row.target)
    for each in getattr(node, "definitions", ()):
        if isinstance(each, ConditionalDefinition):
            shown = {
                "expression": f"={each.condition.text}",
                "events": list(each.variable_events),
            }
            waiting(told, row, "CONDITION", shown)
            return


def waits_no_more(told: Told, event: t.TimerTriggered | s.SignalSubscriptionDeleted) -> None:
    told.tables["waits"].drop(event.key)


TELLS: Tells = {
    t.TimerCreated: waits_for_timer,
    t.TimerTriggered: waits_no_more,
    t.TimerCanceled: waits_no_more,
    s.SignalSubscriptionCreated: waits_for_signal,
    s.SignalSubscriptionDeleted: waits_no_more,
    c.ConditionCreated: waits_for_condition,
    c.ConditionDeleted: waits_no_more,
}
