"""An event that somebody waits for happens: whether its host still takes it, and handing it over."""

from __future__ import annotations

from remit.engine.agenda import Hit
from remit.engine.denials import may_happen
from remit.engine.run import Run
from remit.engine.state.entities import ElementInstance
from remit.model.bpmn.graph import Node
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
    plans = run.definition(host.definition).plans
    plan.element.hit(run, plan, host, plans[target], variables)
