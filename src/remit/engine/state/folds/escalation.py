"""Escalations leave nothing: who caught one goes on by events of its own."""

from __future__ import annotations

from typing import Any

from remit.engine.state.state import State
from remit.protocol.events.escalation import Escalated, NotEscalated


def told(state: State, event: Escalated | NotEscalated) -> None:
    pass


FOLDS: dict[Any, Any] = {Escalated: told, NotEscalated: told}
