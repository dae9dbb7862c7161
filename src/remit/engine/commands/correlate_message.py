"""CORRELATE a message: to whoever waits for it now, or nothing happens at all."""

from __future__ import annotations

from remit.base.errors import InvalidArgument, NotFound
from remit.engine import messages
from remit.engine.governance import refuse_policy
from remit.engine.run import Handler, Run
from remit.protocol.commands import CorrelateMessage
from remit.protocol.events.message import MessageExpired, MessagePublished
from remit.protocol.replies import MessageCorrelated
from remit.protocol.values import Message


def correlate_message(run: Run, command: CorrelateMessage) -> None:
    """Answered with the first instance that has got it, waiting ones before started ones."""
    if not command.name:
        raise InvalidArgument("Expected to correlate a message with a name, but it was blank")
    refuse_policy(command.variables)
    correlation = run.state.load_correlation(command.tenant, command.name, command.correlation_key)
    waiting = [row.instance for row in run.state.message_subscriptions.values_of(correlation)
               if row.correlating == -1]  # fmt: skip
    key = run.new_key()
    message = Message(
        key, command.name, command.correlation_key, 0, run.now, command.variables,
        tenant=command.tenant, header=run.header,
    )  # fmt: skip
    run.emit(MessagePublished(key, message))
    hit = messages.offer(run, message)
    started = messages.start_instances(run, message, hit)
    if not hit:
        raise NotFound(
            f"Expected to find subscription for message with name '{command.name}' and correlation "
            f"key '{command.correlation_key}', but none was found."
        )
    run.emit(MessageExpired(key, message))
    run.reply = MessageCorrelated(key, (waiting + started)[0], command.tenant)


HANDLES = {CorrelateMessage: Handler("CORRELATE", correlate_message)}
