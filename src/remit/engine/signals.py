"""Signals: broadcast to everybody who listens at that moment, never kept (rule 47).

A start event makes an instance on the partition that the broadcast came to; those who wait in
instances are reached on every partition.
"""

from __future__ import annotations

from collections.abc import Container

from remit.base.errors import InvalidState
from remit.engine import instances
from remit.engine.agenda import Hit, Signal, encode_item
from remit.engine.denials import may_happen
from remit.engine.governance import begin_by_event
from remit.engine.run import Run
from remit.engine.state.entities import ElementInstance
from remit.engine.state.state import SHARED_ROOT
from remit.engine.triggering import accepts, trigger, wants_all
from remit.model.bpmn.graph import Node
from remit.protocol.commands import ReachListeners
from remit.protocol.events.process_instance import AgendaDeferred
from remit.protocol.events.signal import (
    SignalBroadcasted,
    SignalSubscriptionCreated,
    SignalSubscriptionDeleted,
)
from remit.protocol.values import NONE_KEY, Document, ProcessDefinition, SignalSubscription

PORTION = 20
"""Listeners reached in one turn; a signal that more wait for goes on in the next one."""


def listen(run: Run, host: ElementInstance, target: Node, name: str) -> None:
    """Wait for a signal on `host`; it will trigger `target`."""
    key = run.new_key()
    run.emit(
        SignalSubscriptionCreated(
            key,
            SignalSubscription(
                key, name, host.key, target.id, host.instance, host.definition, host.root,
                host.tenant,
            ),
        )
    )  # fmt: skip


def listen_to_start(run: Run, row: ProcessDefinition, start: Node, name: str) -> None:
    """A signal start event of this version."""
    key = run.new_key()
    run.emit(
        SignalSubscriptionCreated(
            key,
            SignalSubscription(
                key, name, NONE_KEY, start.id, NONE_KEY, row.key, SHARED_ROOT, row.tenant
            ),
        )
    )


def close_all(run: Run, element_key: int, targets: Container[str] | None = None) -> None:
    """Nobody listens on this element, or for this definition, any more."""
    for row in tuple(run.state.signals.values_of(element_key)):
        if targets is None or row.target in targets:
            run.emit(SignalSubscriptionDeleted(row.key, row))


def broadcast(run: Run, name: str, variables: Document, tenant: str, *, but: int = NONE_KEY) -> int:
    """Tell everybody but the element with that key; returns the key of the broadcast."""
    key = run.new_key()
    run.emit(SignalBroadcasted(key, name, variables, tenant))
    for partition in range(1, run.state.partitions + 1):
        is_own = partition == run.state.partition
        run.send(partition, ReachListeners(key, name, variables, tenant, starts=is_own, but=but))
    return key


def broadcast_from(run: Run, host_key: int, name: str, variables: Document, tenant: str) -> None:
    """Tell everybody, and before them the element itself: it may be over when its turn comes."""
    broadcast(run, name, variables, tenant, but=host_key)
    for row in tuple(run.state.signals.values_of(host_key)):
        if row.name == name:
            _happen(run, row, name, variables)


def reach(run: Run, item: Signal) -> None:
    """Trigger the next listeners; whoever began to listen after the broadcast is not among them."""
    listeners = run.state.listeners(item.tenant, item.name)
    entries = listeners.after((item.after, 0), PORTION + 1)
    entries = [entry for entry in entries if entry[0] < item.before]
    for key, root in entries[:PORTION]:
        _reach_one(run, item, key, root)
    if len(entries) > PORTION:
        rest = Signal(
            item.broadcast, item.name, item.variables, item.tenant, entries[PORTION - 1][0],
            item.before, item.starts, item.but,
        )  # fmt: skip
        run.emit(AgendaDeferred(item.broadcast, (encode_item(rest),)))


def _reach_one(run: Run, item: Signal, key: int, root: int) -> None:
    """A suspended instance does not listen: signals are never kept."""
    run.state.load_root(root)
    row = run.state.signals.get(key)
    if row is None or row.instance in run.state.suspensions:
        return
    if item.but != NONE_KEY and row.element_key == item.but:
        return
    try:
        run.touch(root, row.instance)
    except InvalidState:
        return  # a bug has banned that instance; the others go on
    if row.element_key != NONE_KEY:
        _happen(run, row, item.name, item.variables)
    elif item.starts:
        instance = run.new_key()
        run.root = instance
        definition = run.definition(row.definition)
        unborn = instances.unborn(definition, instance)
        if not begin_by_event(run, definition, unborn, row.target, item.variables):
            return
        instances.start(run, definition, unborn, start=row.target, payload=item.variables)


def _happen(run: Run, row: SignalSubscription, name: str, variables: Document) -> None:
    """The signal has come to an element that listens to it."""
    host = run.element(row.element_key)
    hit = Hit(host.key, row.target, variables, "signal.catch", name)
    if accepts(host) and may_happen(run, host, hit):
        if wants_all(run.definition(row.definition).plans[row.target].node):
            run.emit(SignalSubscriptionDeleted(row.key, row))
        trigger(run, host, row.target, variables)
