"""The agenda of a turn: played until nothing is left, or until the turn has grown too long."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from remit.engine import (
    compensation,
    conditional,
    errors,
    joins,
    lifecycle,
    quantities,
    taking_back,
    triggering,
    user_tasks,
)
from remit.engine.agenda import (
    LIMIT,
    RECORDS,
    AskConditions,
    AskJoins,
    Gather,
    HandlerEnded,
    HearListeners,
    Hit,
    Signal,
    Spawn,
    StartByMessage,
    StartHandler,
    TakeBack,
    ThrowDenied,
    encode_item,
)
from remit.engine.messages import start_next
from remit.engine.multi_instance import WEIGHT, spawn
from remit.engine.run import Run
from remit.engine.signals import reach
from remit.protocol.events.process_instance import AgendaDeferred

PLAYS: dict[type, Callable[[Run, Any], object]] = {
    **lifecycle.PLAYS,
    StartByMessage: lambda run, item: start_next(
        run, item.tenant, item.process_id, item.correlation_key
    ),
    Signal: reach,
    AskConditions: conditional.ask,
    AskJoins: joins.ask,
    Gather: quantities.gather,
    HandlerEnded: compensation.handler_ended,
    StartHandler: compensation.start_again,
    Hit: triggering.hit,
    ThrowDenied: errors.throw_denied,
    TakeBack: taking_back.again,
    HearListeners: user_tasks.hear,
}
"""What each kind of item asks for; `Spawn`, which is many steps in one, has its own way."""


def play_agenda(run: Run) -> None:
    """Play until nothing is left to do here, or until the turn has grown too long."""
    played = 0
    agenda, local, events = run.agenda, run.local, run.events
    while agenda or local:
        if (played >= LIMIT or len(events) >= RECORDS) and agenda:
            _defer(run)
            return
        if agenda:
            item = agenda.popleft()
            played += 1
            if item.__class__ is Spawn:
                assert isinstance(item, Spawn)
                played += WEIGHT * spawn(run, item.key, item.index)
            else:
                PLAYS[item.__class__](run, item)
        else:
            run.handle(local.popleft())


def _defer(run: Run) -> None:
    items = tuple(encode_item(item) for item in run.agenda)
    run.agenda.clear()
    while run.local:
        run.handle(run.local.popleft())
    items += tuple(encode_item(item) for item in run.agenda)
    run.agenda.clear()
    run.emit(AgendaDeferred(run.root, items))
