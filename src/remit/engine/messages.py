"""Messages and their subscriptions, on both sides (rules 19-30).

    instance side                          message side (the partition of the correlation key)
    CREATING   ── open ──────────────────▶ CREATED, and perhaps a buffered message at once
    CREATED    ◀── confirm ───────────────
               ◀── correlate ───────────── CORRELATING
    CORRELATED ── acknowledge ───────────▶ CORRELATED  (or ── reject ──▶ REJECTED: another one gets it)
    DELETING   ── close ─────────────────▶ DELETED
    DELETED    ◀── confirm closed ────────

When both sides are the same partition all of this happens in one turn.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence
from heapq import merge

from msgspec.structs import replace

from remit.base.keys import partition_for
from remit.engine import instances
from remit.engine.governance import StepDenied, attach_by_message, begin_by_event, sender_of, tell
from remit.engine.run import Run
from remit.engine.state.entities import ElementInstance
from remit.engine.state.tables import Correlation, correlation_of
from remit.model.bpmn.graph import Node
from remit.protocol.commands import (
    CloseMessageSubscription,
    CorrelateMessage,
    CorrelateSubscription,
    OpenMessageSubscription,
)
from remit.protocol.events.message import (
    MessageSubscriptionCorrelating,
    ProcessSubscriptionCreating,
    ProcessSubscriptionDeleted,
    ProcessSubscriptionDeleting,
    StartSubscriptionCorrelated,
)
from remit.protocol.values import (
    NONE_KEY,
    Document,
    Message,
    MessageSubscription,
    ProcessSubscription,
    StartSubscription,
)


def home_of(run: Run, correlation_key: str) -> int:
    """The partition where all messages with this correlation key live."""
    return partition_for(correlation_key, run.state.partitions)


# --- instance side ---------------------------------------------------------------------------------


def open_subscription(
    run: Run,
    element: ElementInstance,
    target: Node,
    name: str,
    correlation_key: str,
    *,
    interrupting: bool,
) -> None:
    """Wait for a message on `element`; it will trigger `target`. A snapshot (rule 29)."""
    home = home_of(run, correlation_key)
    process_id = run.definition(element.definition).row.process_id
    key = run.new_key()
    subscription = ProcessSubscription(
        key, element.key, target.id, element.instance, element.definition, process_id, element.root,
        name, correlation_key, interrupting, home, tenant=element.tenant,
    )  # fmt: skip
    run.emit(ProcessSubscriptionCreating(key, subscription))
    if element.instance not in run.state.suspensions:
        listen(run, subscription)


def listen(run: Run, row: ProcessSubscription) -> None:
    """Let messages come: at first, and again when a suspended instance goes on."""
    subscription = MessageSubscription(
        row.key, row.element_key, row.instance, row.process_id, row.name, row.correlation_key,
        row.interrupting, row.tenant, definition=row.definition, target=row.target,
    )  # fmt: skip
    run.send(row.partition, OpenMessageSubscription(subscription))


def listen_no_more(run: Run, row: ProcessSubscription) -> None:
    """Let no message come, until `listen`: what is buffered meanwhile waits there."""
    run.send(
        row.partition,
        CloseMessageSubscription(row.key, row.name, row.correlation_key, row.tenant),
    )


def listen_again(run: Run, instance: int) -> None:
    """What its policy has denied may be admitted by now: let messages that are buffered come again."""
    if instance not in run.state.suspensions:
        for subscription in tuple(subscriptions_of(run, instance)):
            listen_no_more(run, subscription)
            listen(run, subscription)


def subscriptions_of(run: Run, instance: int) -> Iterator[ProcessSubscription]:
    """What an instance waits for, whether it listens or not."""
    for element in tuple(run.state.of_instance(instance)):
        for subscription in run.state.subscriptions.values_of(element.key):
            if subscription.state != "DELETING":
                yield subscription


def close_subscriptions(run: Run, element_key: int, targets: Container[str] | None = None) -> None:
    """Nobody waits on this element any more: for `targets`, or for anything."""
    for subscription in tuple(run.state.subscriptions.values_of(element_key)):
        wanted = targets is None or subscription.target in targets
        if wanted and subscription.state != "DELETING":
            close_subscription(run, subscription)


def close_subscription(run: Run, subscription: ProcessSubscription) -> None:
    """The row stays until the message side confirms, so that a message on its way is rejected."""
    closing = replace(subscription, state="DELETING")
    run.emit(ProcessSubscriptionDeleting(closing.key, closing))
    if subscription.partition == run.state.partition:
        run.emit(ProcessSubscriptionDeleted(closing.key, closing))
    listen_no_more(run, subscription)


# --- message side ----------------------------------------------------------------------------------


def correlate(run: Run, subscription: MessageSubscription, message: Message) -> None:
    """Give `message` to `subscription`; from now on its process id has had it (rule 20)."""
    taken = replace(subscription, correlating=message.key)
    run.emit(MessageSubscriptionCorrelating(taken.key, taken, message.key))
    run.send(
        subscription.key >> 51,
        CorrelateSubscription(
            subscription.key,
            subscription.element_key,
            message.key,
            message.name,
            message.correlation_key,
            subscription.process_id,
            message.variables,
            message.tenant,
            sender_of(message) if run.state.governor is not None else None,
        ),
    )


def is_free(run: Run, message: Message, process_id: str) -> bool:
    """Alive, and not yet taken by this process id. The deadline counts, not the checker (rule 26)."""
    return message.deadline > run.now and (message.key, process_id) not in run.state.taken


def buffered(
    run: Run, correlation: Correlation, process_id: str, after: int = NONE_KEY
) -> Message | None:
    """The oldest message that this process id may still have (rule 24), of those `after` another."""
    for message in run.state.messages.values_of(correlation):
        if message.key > after and is_free(run, message, process_id):
            return message
    return None


def offer(run: Run, message: Message, only: str | None = None, after: int = NONE_KEY) -> set[str]:
    """Offer a message to the waiting subscriptions; returns the process ids that took it (rule 20).

    `only` those of one process, and only those that began to wait after the subscription `after`.
    """
    hit: set[str] = set()
    for subscription in tuple(run.state.message_subscriptions.values_of(correlation_of(message))):
        process_id = subscription.process_id
        if (only is not None and process_id != only) or subscription.key <= after:
            continue
        if subscription.correlating != NONE_KEY or process_id in hit:
            continue
        if (message.key, process_id) in run.state.taken:
            continue
        hit.add(process_id)
        correlate(run, subscription, message)
    return hit


def start_instances(run: Run, message: Message, hit: set[str]) -> list[int]:
    """Start the processes with a start event for this message, but those in `hit` (rules 21, 22)."""
    started = []
    for start in tuple(run.state.start_subscriptions.values_of((message.tenant, message.name))):
        if start.process_id in hit or (message.key, start.process_id) in run.state.taken:
            continue
        if _is_locked(run, start, message.correlation_key):
            continue
        gathered = _gathered(run, start, message)
        key = start_by_messages(run, start, gathered) if gathered else NONE_KEY
        if key != NONE_KEY:
            hit.add(start.process_id)
            started.append(key)
    return started


def _gathered(run: Run, start: StartSubscription, message: Message) -> list[Message]:
    """The messages that begin an instance, oldest first; none when some are still missing (B17).

    Two policies can't be merged into one instance's: messages of several governed senders never
    begin one together.
    """
    found = [message]
    for name in start.together:
        if name != message.name:
            correlation = run.state.load_correlation(message.tenant, name, message.correlation_key)
            other = buffered(run, correlation, start.process_id)
            if other is None:
                return []
            found.append(other)
    if sum(each.sender is not None for each in found) > 1:
        return []
    return sorted(found, key=lambda each: each.key)


def start_by_messages(run: Run, start: StartSubscription, messages: Sequence[Message]) -> int:
    """The key of the new instance; NONE_KEY when its sender's policy does not let it begin.

    All messages are taken; later ones overwrite the variables of earlier ones.
    """
    mark = run.mark()
    key = run.new_key()
    definition = run.definition(start.definition)
    payload: Document = {}
    for message in messages:
        payload.update(message.variables)
    governed = next((each for each in messages if each.sender is not None), None)
    try:
        unborn = instances.unborn(definition, key)
        if governed is not None:
            attach_by_message(run, definition, unborn, governed)
        elif not begin_by_event(run, definition, unborn, start.start, payload):
            return NONE_KEY
    except StepDenied as fault:
        if isinstance(run.request.command, CorrelateMessage):
            raise
        run.undo(mark)
        for event in fault.events:
            tell(run, event)
        return NONE_KEY
    for message in messages:
        run.emit(
            StartSubscriptionCorrelated(
                start.key, start, message.key, message.correlation_key, key, message.variables
            )
        )
    instances.start(run, definition, unborn, start=start.start, payload=payload)
    return key


def start_next(run: Run, tenant: str, process_id: str, correlation_key: str) -> None:
    """The lock is free: the oldest buffered message over all its start events is next (rule 23).

    One that may not start it is passed over: it keeps no other waiting.
    """
    if run.state.lock(tenant, process_id, correlation_key) is not None:
        return
    waiting = [
        _free(run, start, correlation_key)
        for start in run.state.start_subscriptions.rows.values()
        if start.process_id == process_id and start.tenant == tenant
    ]
    for message, start in merge(*waiting, key=lambda each: each[0].key):
        gathered = _gathered(run, start, message)
        if gathered and start_by_messages(run, start, gathered) != NONE_KEY:
            return


def _free(
    run: Run, start: StartSubscription, correlation_key: str
) -> Iterator[tuple[Message, StartSubscription]]:
    """The messages that this start event may still have, the oldest first."""
    correlation = run.state.load_correlation(start.tenant, start.name, correlation_key)
    for message in run.state.messages.values_of(correlation):
        if is_free(run, message, start.process_id):
            yield message, start


def _is_locked(run: Run, start: StartSubscription, correlation_key: str) -> bool:
    if not correlation_key:
        return False
    return run.state.lock(start.tenant, start.process_id, correlation_key) is not None
