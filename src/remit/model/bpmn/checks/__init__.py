"""Deployment rules (reference 3.12): one module per group, every finding in one answer."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from remit.model.bpmn.checks import events, flows, loops, scopes
from remit.model.bpmn.graph import Process
from remit.model.finding import Finding

Check = Callable[[Process], Iterator[Finding]]

CHECKS: tuple[Check, ...] = (scopes.check, events.check, flows.check, loops.check)


def check(process: Process) -> list[Finding]:
    return [finding for each in CHECKS for finding in each(process)]
