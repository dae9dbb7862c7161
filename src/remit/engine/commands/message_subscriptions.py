"""The conversation between the two sides of a message subscription (rule 30).

Every step is idempotent: a repeated one finds what it would do done, and says so.
"""

from __future__ import annotations

from msgspec.structs import replace

from remit.engine import messages
from remit.engine.governance import StepDenied, admit_message, tell
from remit.engine.run import Handler, Run
from remit.engine.state.entities import ElementInstance
from remit.engine.triggering import accepts, trigger
from remit.protocol.commands import (
    AcknowledgeCorrelation,
    CloseMessageSubscription,
    ConfirmSubscription,
    ConfirmSubscriptionClosed,
    CorrelateMessage,
    CorrelateSubscription,
    OpenMessageSubscription,
    RejectCorrelation,
)
from remit.protocol.events.message import (
    MessageSubscriptionCorrelated,
    MessageSubscriptionCreated,
    MessageSubscriptionDeleted,
    MessageSubscriptionRejected,
    ProcessSubscriptionCorrelated,
    ProcessSubscriptionCreated,
    ProcessSubscriptionDeleted,
)
from remit.protocol.values import NONE_KEY, MessageSubscription, Sender

# --- message side ----------------------------------------------------------------------------------


def open_subscription(run: Run, command: OpenMessageSubscription) -> None:
    """Somebody waits: perhaps a message does as well (rule 24)."""
    subscription = command.subscription
    correlation = run.state.load_correlation(
        subscription.tenant, subscription.name, subscription.correlation_key
    )
    if subscription.key not in run.state.message_subscriptions:
        run.emit(MessageSubscriptionCreated(subscription.key, subscription))
        message = messages.buffered(run, correlation, subscription.process_id)
        if message is not None:
            messages.correlate(run, subscription, message)
            return
    run.send(
        subscription.key >> 51, ConfirmSubscription(subscription.key, subscription.element_key)
    )


def acknowledge(run: Run, command: AcknowledgeCorrelation) -> None:
    """Taken. A subscription that stays open gets the next message (rule 25)."""
    subscription = _find(run, command)
    if subscription is None or subscription.correlating != command.message:
        return
    run.emit(MessageSubscriptionCorrelated(subscription.key, subscription, command.message))
    if subscription.interrupting:
        return
    open_again = replace(subscription, correlating=-1)
    correlation = (command.tenant, command.name, command.correlation_key)
    message = messages.buffered(run, correlation, subscription.process_id)
    if message is not None:
        messages.correlate(run, open_again, message)


def reject(run: Run, command: RejectCorrelation) -> None:
    """Nobody waits there any more: the message goes to another of this process id (rule 30).

    Where it was denied, somebody waits on: the next message is his, so that one of somebody whom his
    policy does not trust keeps no other from him.
    """
    found = subscription = _find(run, command)
    if subscription is None:
        subscription = MessageSubscription(
            command.key, -1, -1, command.process_id, command.name, command.correlation_key, True,
            command.tenant,
        )  # fmt: skip
    run.emit(MessageSubscriptionRejected(command.key, subscription, command.message))
    if found is not None and command.denied:
        waits_on = replace(found, correlating=NONE_KEY)
        run.emit(MessageSubscriptionCreated(found.key, waits_on))
        correlation = (command.tenant, command.name, command.correlation_key)
        following = messages.buffered(run, correlation, command.process_id, after=command.message)
        if following is not None:
            messages.correlate(run, waits_on, following)
    message = run.state.messages.get(command.message)
    if message is not None and messages.is_free(run, message, command.process_id):
        after = command.key if command.denied else NONE_KEY
        messages.offer(run, message, only=command.process_id, after=after)


def close(run: Run, command: CloseMessageSubscription) -> None:
    subscription = _find(run, command)
    if subscription is not None:
        run.emit(MessageSubscriptionDeleted(subscription.key, subscription))
    home = command.key >> 51
    if home != run.state.partition:
        run.send(home, ConfirmSubscriptionClosed(command.key, -1))


def _find(
    run: Run, command: AcknowledgeCorrelation | RejectCorrelation | CloseMessageSubscription
) -> MessageSubscription | None:
    run.state.load_correlation(command.tenant, command.name, command.correlation_key)
    return run.state.message_subscriptions.get(command.key)


# --- instance side ---------------------------------------------------------------------------------


def confirm(run: Run, command: ConfirmSubscription) -> None:
    subscription = run.state.find_subscription(command.key)
    if subscription is not None and subscription.state == "CREATING":
        run.emit(
            ProcessSubscriptionCreated(subscription.key, replace(subscription, state="CREATED"))
        )


def correlate(run: Run, command: CorrelateSubscription) -> None:
    """A message comes: the event it was waited for happens, unless nobody waits any more."""
    subscription = run.state.find_subscription(command.key)
    is_waiting = subscription is not None and subscription.instance not in run.state.suspensions
    if subscription is not None and is_waiting:
        run.touch(subscription.root, subscription.instance)
    element = run.state.elements.get(command.element_key)
    home = messages.home_of(run, command.correlation_key)
    if subscription is None or subscription.state == "DELETING" or element is None:
        accepted = False
    elif not is_waiting:
        accepted = False  # it was suspended while the message was on its way
    else:
        accepted = accepts(element)
    if subscription is None or element is None or not accepted:
        process_id = command.process_id
        run.send(
            home,
            RejectCorrelation(
                command.key,
                command.message,
                command.name,
                command.correlation_key,
                process_id,
                command.tenant,
            ),
        )
        return
    if not _is_admitted(run, element, home, command):
        return
    run.emit(
        ProcessSubscriptionCorrelated(
            subscription.key, subscription, command.message, command.variables
        )
    )
    run.send(
        home,
        AcknowledgeCorrelation(
            command.key, command.message, command.name, command.correlation_key, command.tenant
        ),
    )
    trigger(run, element, subscription.target, command.variables)


def _is_admitted(
    run: Run, element: ElementInstance, home: int, command: CorrelateSubscription
) -> bool:
    """What the receiver's policy denies is not consumed: the message goes to another, or is kept."""
    sender = command.sender or Sender("anonymous", "none", "", command.tenant)
    try:
        admit_message(run, element, command.name, sender)
    except StepDenied as fault:
        if isinstance(run.request.command, CorrelateMessage):
            raise
        for event in fault.events:
            tell(run, event)
        run.send(
            home,
            RejectCorrelation(
                command.key, command.message, command.name, command.correlation_key,
                command.process_id, command.tenant, denied=True,
            ),
        )  # fmt: skip
        return False
    return True


def confirm_closed(run: Run, command: ConfirmSubscriptionClosed) -> None:
    """One that is not ending was only closed for the time that its instance was suspended."""
    subscription = run.state.find_subscription(command.key)
    if subscription is not None and subscription.state == "DELETING":
        run.emit(ProcessSubscriptionDeleted(subscription.key, subscription))


HANDLES = {
    OpenMessageSubscription: Handler("CREATE", open_subscription),
    AcknowledgeCorrelation: Handler("CORRELATE", acknowledge),
    RejectCorrelation: Handler("REJECT", reject),
    CloseMessageSubscription: Handler("DELETE", close),
    ConfirmSubscription: Handler("CREATE", confirm),
    CorrelateSubscription: Handler("CORRELATE", correlate),
    ConfirmSubscriptionClosed: Handler("DELETE", confirm_closed),
}
