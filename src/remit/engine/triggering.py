"""An event that somebody waits for happens: whether its host still takes it, and handing it over."""

from __future__ import annotations

from itertools import chain

from remit.engine.agenda import Hit
from remit.engine.denials import may_happen
from remit.engine.run import Run
from remit.engine.state.entities import ElementInstance, Trigger
from remit.model.bpmn.graph import Node
from remit.protocol.events.process_instance import TriggerSet, TriggerTaken
from remit.protocol.values import Document, Phase


def is_interrupting(target: Node) -> bool:
    return getattr(target, "interrupting", True)


def accepts(host: ElementInstance) -> bool:
    """After an interrupting event nothing else is accepted (rule 35)."""
    return host.phase in (Phase.ACTIVATING, Phase.ACTIVATED) and not host.interrupted_by


def hit(run: Run, item: Hit) -> None:
    """An event that was denied is tried again."""
    host = run.state.elements.get(item.key)
    if host is not None and accepts(host) and may_happen(run, host, item):
        trigger(run, host, item.target, item.variables)


def trigger(run: Run, host: ElementInstance, target: str, variables: Document) -> None:
    """Event `target`, waited for on `host`, has happened. The caller has asked `accepts`, and
    `may_happen` where a policy may have a say."""
    plan = run.plan(host)
    happened = run.definition(host.definition).plans[target]
    if wants_all(happened.node):
        run.emit(_part(run, host, target, variables))
        if _waits(run, host.key, target):
            return
        variables = _gathered(run, host, target)
    plan.element.hit(run, plan, host, happened, variables)


def take(run: Run, element: ElementInstance, trigger: Trigger) -> None:
    """What has waited on `element` waits no more."""
    run.emit(
        TriggerTaken(
            trigger.key,
            element.key,
            trigger.target,
            element.instance,
            element.definition,
            element.tenant,
        )
    )


# --- parallel multiple events (B15) ----------------------------------------------------------------


def wants_all(target: Node) -> bool:
    """Whether all its definitions have to come; each is used up by coming once."""
    return getattr(target, "parallel_multiple", False)


def is_used_up(target: Node) -> bool:
    """Whether what is waited for comes only once."""
    return is_interrupting(target) or wants_all(target)


def _waits(run: Run, host: int, target: str) -> bool:
    state = run.state
    open_ones = (row for row in state.subscriptions.values_of(host) if row.state != "DELETING")
    tables = (state.timers, state.signals, state.conditions)
    others = (row for table in tables for row in table.values_of(host))
    return any(row.target == target for row in chain(open_ones, others))


def _part(run: Run, host: ElementInstance, target: str, variables: Document) -> TriggerSet:
    return TriggerSet(
        run.new_key(), host.key, target, host.instance, host.definition, host.root, variables,
        host.tenant, interrupts=False, is_partial=True,
    )  # fmt: skip


def _gathered(run: Run, host: ElementInstance, target: str) -> Document:
    """The variables of all parts, in the order in which they came."""
    merged: Document = {}
    for part in tuple(run.state.triggers.values_of(host.key)):
        if part.is_partial and part.target == target:
            merged.update(part.variables)
            take(run, host, part)
    return merged
