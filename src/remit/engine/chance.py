"""Chance in expressions: drawn from where the turn stands, so that the same inputs give the same log.

What is drawn can be foretold by whoever knows the log: `random number()` and `uuid()` tell things
apart, they are no secrets.
"""

from __future__ import annotations

import uuid
from hashlib import blake2b


class Chance:
    """Draws for one turn, seeded by the partition, the position of its command and an ordinal."""

    __slots__ = ("_ordinal", "_seed")

    def __init__(self, partition: int, position: int) -> None:
        self._seed = f"{partition}/{position}/"
        self._ordinal = 0

    def random(self) -> float:
        """At least 0 and less than 1, evenly."""
        return (int.from_bytes(self._draw(7)) >> 3) / (1 << 53)

    def uuid(self) -> str:
        """A random UUID (RFC 9562, version 4) as text."""
        return str(uuid.UUID(bytes=self._draw(16), version=4))

    def _draw(self, size: int) -> bytes:
        self._ordinal += 1
        return blake2b(f"{self._seed}{self._ordinal}".encode(), digest_size=size).digest()
