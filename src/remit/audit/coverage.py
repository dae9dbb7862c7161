"""Each effect has its admission, in the same turn and before it; and each admission has its effect.

An admission waits for its effect; an effect takes the first admission that waits and is about it. What
is left when the turn is over was admitted and never happened.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from remit.audit.effects import ACTIONS_WITH_EFFECT, EFFECTS, Effect, Live
from remit.audit.records import Turn
from remit.authority.verify import Finding
from remit.protocol.events import Event

BATCH = "RunBatch"
"""A command that does what others asked for, in their name: effects are not matched in its turns."""

Findings = Sequence[Finding]
FINE: Findings = ()


class Coverage:
    """`waiting` are the admissions of this turn without an effect yet, with their positions."""

    def __init__(self, live: Live) -> None:
        self.waiting: dict[tuple[int, str], list[tuple[int, Any]]] = {}
        self._live = live

    def wait(self, position: int, event: Any) -> None:
        """An admission is there, its effect is not yet."""
        asked = (event.instance, event.action)
        waiting = self.waiting.get(asked)
        if waiting is None:
            self.waiting[asked] = [(position, event)]
        else:
            waiting.append((position, event))

    def happened(self, turn: Turn, position: int, event: Event) -> Findings:
        """The effects of a record in governed instances, each of which takes its admission."""
        found: Findings = FINE
        for effect in EFFECTS[event.__class__](turn, event, self._live):
            if self._takes(effect, effect.action):
                continue
            if effect.instead and self._takes(effect, effect.instead):
                continue
            text = f"{effect.action} happened, and nothing admitted it"
            found = [*found, Finding(position, "completeness", text)]
        return found

    def _takes(self, effect: Effect, action: str) -> bool:
        asked = (effect.instance, action)
        waiting = self.waiting.get(asked)
        if waiting is None:
            return False
        element, about = effect.element, effect.about
        for index, (_, admission) in enumerate(waiting):
            if (not element or admission.element == element) and (
                not about or admission.about == about
            ):
                if len(waiting) == 1:
                    del self.waiting[asked]
                else:
                    del waiting[index]
                return True
        return False

    def never_happened(self, turn: Turn) -> Findings:
        """The turn is over: what was admitted in it, and of which nothing happened."""
        left = sorted(
            (position, action)
            for (_, action), admissions in self.waiting.items()
            for position, _ in admissions
            if action in ACTIONS_WITH_EFFECT and turn.command != BATCH
        )
        self.waiting.clear()
        return [
            Finding(position, "completeness", f"{action} was admitted, and nothing of it happened")
            for position, action in left
        ]
