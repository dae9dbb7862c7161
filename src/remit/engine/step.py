"""One command, one turn: `step(state, request, now)`.

    touch ─▶ admit ─▶ handle ─▶ agenda until it waits ─▶ Turn
      │         │         │          └ too long: the rest is written as one DEFERRED event
      └─────────┴─────────┴── Rejection: everything is undone, the reply says why
    an unexpected exception is a bug: everything is undone and the instance is banned (rule 94)

Pure: time comes in, keys come from the state, nothing goes out but the returned turn.
"""

from __future__ import annotations

import traceback

from remit.base.errors import Rejection, RejectionType, Unavailable
from remit.engine import access
from remit.engine.commands import COMMANDS
from remit.engine.faults import Busy
from remit.engine.governance import StepDenied, after_denial, tell
from remit.engine.plans import load
from remit.engine.playing import play_agenda
from remit.engine.run import Run
from remit.engine.state.rows import Missing
from remit.engine.state.state import State
from remit.engine.turn import Request, Turn
from remit.protocol.events.partition import InstanceBanned
from remit.protocol.replies import Rejected


def step(state: State, request: Request, now: int) -> Turn:
    """Play `request` at `now` (epoch ms). Never raises for what a command or a model does wrong.

    Raises `Missing`, `Busy`, or `Unavailable` (rows can't be read) when it has to be played later;
    nothing has happened then.
    """
    run = Run(state, request, now, load, COMMANDS)
    del state.journal[:]
    before = run.mark()
    try:
        if state.access is not None:
            access.check(run, request.command)
        if request.header.broken_glass:
            access.check_glass(run, request.command)
        run.handle(request.command)
        play_agenda(run)
    except Rejection as fault:
        run.undo(before)
        run.reply = Rejected(fault.type, intent_of(run), str(fault))
        if isinstance(fault, StepDenied):
            for event in fault.events:
                tell(run, event)
                after_denial(run, event)
    except (Missing, Busy, Unavailable):
        run.undo(before)
        raise
    except Exception as fault:
        run.undo(before)
        _ban(run, fault)
    return run.finish()


def intent_of(run: Run) -> str:
    return COMMANDS[type(run.request.command)].intent


def _ban(run: Run, fault: Exception) -> None:
    """A bug in the engine: say so, and stop only the instance that met it."""
    said = f"{type(fault).__name__}: {fault}"
    trace = "".join(traceback.format_exception(fault))
    key = run.new_key()
    run.emit(InstanceBanned(key, run.root, said, trace, run.root))
    run.reply = Rejected(
        RejectionType.PROCESSING_ERROR,
        intent_of(run),
        f"Expected to process the command, but an unexpected error occurred: {said}",
    )
