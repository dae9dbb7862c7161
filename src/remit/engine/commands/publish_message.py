"""PUBLISH a message: offered at once, then kept for its time to live (rules 19-26)."""

from __future__ import annotations

from remit.base.errors import AlreadyExists, InvalidArgument
from remit.engine import messages
from remit.engine.governance import refuse_policy
from remit.engine.run import Handler, Run
from remit.protocol.commands import DeliverMessage, ExpireMessage, PublishMessage
from remit.protocol.events.message import MessageExpired
from remit.protocol.events.message import MessagePublished as Published
from remit.protocol.replies import Done, MessagePublished
from remit.protocol.values import Message, Sender


def publish_message(run: Run, command: PublishMessage) -> None:
    if not command.name:
        raise InvalidArgument("Expected to publish a message with a name, but it was blank")
    refuse_policy(command.variables)
    correlation = run.state.load_correlation(command.tenant, command.name, command.correlation_key)
    if command.message_id:
        for other in run.state.messages.values_of(correlation):
            if other.message_id == command.message_id:
                raise AlreadyExists(
                    f"Expected to publish a new message with id '{command.message_id}', but a message "
                    f"with that id was already published"
                )
    key = _publish(run, command)
    run.reply = MessagePublished(key, command.tenant)


def deliver_message(run: Run, command: DeliverMessage) -> None:
    """A message along a message flow; the instance that sent it was asked for permission."""
    run.state.load_correlation(command.tenant, command.name, command.correlation_key)
    _publish(
        run,
        PublishMessage(
            command.name, command.correlation_key, command.time_to_live,
            variables=command.variables, tenant=command.tenant,
        ),
        command.sender,
    )  # fmt: skip


def _publish(run: Run, command: PublishMessage, sender: Sender | None = None) -> int:
    """The messages of its correlation are in memory; returns its key."""
    key = run.new_key()
    message = Message(
        key, command.name, command.correlation_key, command.time_to_live,
        run.now + max(command.time_to_live, 0), command.variables, command.message_id,
        command.tenant, run.header, sender,
    )  # fmt: skip
    run.emit(Published(key, message))
    hit = messages.offer(run, message)
    messages.start_instances(run, message, hit)
    if command.time_to_live <= 0:
        run.emit(MessageExpired(key, message))
    return key


def expire_message(run: Run, command: ExpireMessage) -> None:
    run.state.load_correlation(*command.correlation)
    message = run.state.messages.get(command.key)
    if message is not None:
        run.emit(MessageExpired(message.key, message))
    run.reply = Done(command.key)


HANDLES = {
    PublishMessage: Handler("PUBLISH", publish_message),
    DeliverMessage: Handler("PUBLISH", deliver_message),
    ExpireMessage: Handler("EXPIRE", expire_message),
}
