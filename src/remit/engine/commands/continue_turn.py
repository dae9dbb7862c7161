"""CONTINUE with the rest of a turn that grew too long."""

from __future__ import annotations

from remit.base.errors import NotFound
from remit.engine.agenda import decode_item, owner_of
from remit.engine.run import Handler, Run
from remit.protocol.commands import Continue
from remit.protocol.events.process_instance import AgendaResumed
from remit.protocol.replies import Done


def continue_turn(run: Run, command: Continue) -> None:
    rest = run.state.rests.get(command.root)
    if rest is None:
        raise NotFound(f"Expected to continue '{command.root}', but nothing is left to do")
    run.touch(command.root)
    run.emit(AgendaResumed(command.root))
    for item in map(decode_item, rest.items):
        run.state.find_element(owner_of(item))  # a signal's turn has reached several instances
        run.later(item)
    run.reply = Done(command.root)


HANDLES = {Continue: Handler("CONTINUE", continue_turn)}
