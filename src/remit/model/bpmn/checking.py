"""Deployment rules (reference 3.12): every finding in one answer.

The rules of one element alone are in its own module; here is one module per group of rules that reach
over several.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from remit.model.bpmn.checks import compensation, events, flows, links, listeners, loops, unique
from remit.model.bpmn.elements import CHECKS
from remit.model.bpmn.graph import Process
from remit.model.finding import Finding

Check = Callable[[Process], Iterator[Finding]]

RULES: tuple[Check, ...] = (
    events.check,
    unique.check,
    links.check,
    compensation.check,
    listeners.check,
    flows.check,
    loops.check,
)


def check(process: Process) -> list[Finding]:
    """All that is wrong with a process whose nodes are joined and connected."""
    found: list[Finding] = []
    for node in (process, *process.nodes.values()):
        own = CHECKS.get(node.stem)
        if own is not None:
            found.extend(own(node))
    for rule in RULES:
        found.extend(rule(process))
    return found
