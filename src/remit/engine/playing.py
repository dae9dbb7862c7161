"""The agenda of a turn: played until nothing is left, or until the turn has grown too long."""

from __future__ import annotations

from remit.engine import compensation, conditional, errors, joins, lifecycle, triggering
from remit.engine.agenda import (
    LIMIT,
    AskConditions,
    AskJoins,
    HandlerEnded,
    Hit,
    Signal,
    Spawn,
    StartByMessage,
    StartHandler,
    ThrowDenied,
    encode_item,
)
from remit.engine.messages import start_next
from remit.engine.multi_instance import WEIGHT, spawn
from remit.engine.run import Run
from remit.engine.signals import reach
from remit.protocol.events.process_instance import AgendaDeferred


def play_agenda(run: Run) -> None:
    """Play until nothing is left to do here, or until the turn has grown too long."""
    played = 0
    agenda, local = run.agenda, run.local
    while agenda or local:
        if played >= LIMIT and agenda:
            _defer(run)
            return
        if agenda:
            item = agenda.popleft()
            played += 1
            if isinstance(item, StartByMessage):
                start_next(run, item.tenant, item.process_id, item.correlation_key)
            elif isinstance(item, Spawn):
                played += WEIGHT * spawn(run, item.key, item.index)
            elif isinstance(item, Signal):
                reach(run, item)
            elif isinstance(item, AskConditions):
                conditional.ask(run, item)
            elif isinstance(item, AskJoins):
                joins.ask(run, item)
            elif isinstance(item, HandlerEnded):
                compensation.handler_ended(run, item)
            elif isinstance(item, StartHandler):
                compensation.start_again(run, item)
            elif isinstance(item, Hit):
                triggering.hit(run, item)
            elif isinstance(item, ThrowDenied):
                errors.throw_denied(run, item)
            else:
                lifecycle.play(run, item)
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
