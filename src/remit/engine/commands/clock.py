"""PIN the clock, or RESET it: time travel for tests, as commands in the log.

Denied where policies are in force: one that has expired would be valid again, or one of tomorrow
today (T17).
"""

from __future__ import annotations

from remit.base.errors import Denied, InvalidArgument
from remit.engine.run import Handler, Run
from remit.protocol.commands import PinClock, ResetClock
from remit.protocol.events.partition import ClockPinned, ClockReset
from remit.protocol.replies import Done


def pin_clock(run: Run, command: PinClock) -> None:
    if run.state.governor is not None:
        raise Denied(
            "Expected to pin the clock, but this broker lets processes run by signed policies that hold "
            "for a time: its clock is the machine's"
        )
    if command.timestamp < 0:
        raise InvalidArgument(
            f"Expected pin time to be not negative, but it was {command.timestamp}"
        )
    key = run.new_key()
    run.emit(ClockPinned(key, command.timestamp))
    run.reply = Done(key)


def reset_clock(run: Run, command: ResetClock) -> None:
    key = run.new_key()
    run.emit(ClockReset(key))
    run.reply = Done(key)


HANDLES = {
    PinClock: Handler("PIN", pin_clock),
    ResetClock: Handler("RESET", reset_clock),
}
