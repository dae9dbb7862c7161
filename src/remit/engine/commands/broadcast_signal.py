"""BROADCAST a signal: to everybody who listens now, on every partition (rule 47)."""

from __future__ import annotations

from remit.base.errors import InvalidArgument
from remit.engine import signals
from remit.engine.agenda import Signal
from remit.engine.governance import refuse_policy
from remit.engine.run import Handler, Run
from remit.protocol.commands import BroadcastSignal, ReachListeners
from remit.protocol.replies import SignalBroadcast


def broadcast_signal(run: Run, command: BroadcastSignal) -> None:
    if not command.name:
        raise InvalidArgument("Expected to broadcast a signal with a name, but it was blank")
    refuse_policy(command.variables)
    key = signals.broadcast(run, command.name, command.variables, command.tenant)
    run.reply = SignalBroadcast(key, command.tenant)


def reach_listeners(run: Run, command: ReachListeners) -> None:
    """Those who listen on this partition: everybody who began before now."""
    run.later(
        Signal(
            command.broadcast, command.name, command.variables, command.tenant, 0,
            run.state.next_key, command.starts, command.but,
        )
    )  # fmt: skip


HANDLES = {
    BroadcastSignal: Handler("BROADCAST", broadcast_signal),
    ReachListeners: Handler("BROADCAST", reach_listeners),
}
