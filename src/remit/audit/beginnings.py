"""What instances under the same grants share in the tables, followed through the log.

A record that attaches a policy says how far its blocks are those of another instance (`begins`, `stem`).
It says so of itself first, or of one whose beginning is still stored, and the letters are the same.
"""

from __future__ import annotations

from remit.authority.binding import stem_of
from remit.protocol.events.governance import PolicyAttached
from remit.protocol.values import NONE_KEY


class Beginnings:
    """Those that are stored now, by the key of the first instance that had each."""

    def __init__(self) -> None:
        self._blocks: dict[int, tuple[str, ...]] = {}
        self._count: dict[int, int] = {}
        self._begins: dict[int, int] = {}

    def hold(self, event: PolicyAttached) -> str:
        """One instance more; returns what is wrong with what its record says, empty for nothing."""
        key, stem, tokens = event.begins, event.stem, event.tokens
        if key == NONE_KEY:
            return "a policy that shares nothing has letters in common with others" if stem else ""
        blocks = (*tokens[:-1], tokens[-1][:stem]) if tokens and stem > 0 else ()
        known = self._blocks.get(key)
        if known is None and key != event.instance:
            return f"the policy begins like that of {key}, of which nothing is stored"
        if not blocks or (stem != stem_of(tokens[-1]) if known is None else blocks != known):
            return f"the policy does not begin like that of {key}"
        self._blocks[key] = blocks
        self._count[key] = self._count.get(key, 0) + 1
        self._begins[event.instance] = key
        return ""

    def release(self, instance: int) -> None:
        """The instance has ended, or carries another policy: the last one takes the beginning along."""
        key = self._begins.pop(instance, NONE_KEY)
        if key == NONE_KEY:
            return
        self._count[key] -= 1
        if not self._count[key]:
            del self._count[key], self._blocks[key]
