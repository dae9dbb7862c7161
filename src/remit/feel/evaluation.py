"""What one evaluation knows beside its variables: the time, chance, warnings, and how much is left.

The same clock, random and uuid give the same value: nothing else comes from outside.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

from remit.feel.dates.python import from_python
from remit.feel.dates.values import DateTime
from remit.feel.limits import Budget

MAX_WARNINGS: Final = 100

Clock = datetime | Callable[[], datetime]


class Evaluation(Budget):
    """One evaluation. `warnings` is None when nobody wants to know."""

    __slots__ = ("_clock", "_now", "random", "uuid", "warnings")

    def __init__(
        self,
        clock: Clock | None,
        random: Callable[[], float],
        uuid: Callable[[], str],
        warnings: list[tuple[str, str]] | None,
    ) -> None:
        super().__init__()
        self._clock = clock
        self._now: DateTime | None = None
        self.random = random
        self.uuid = uuid
        self.warnings = warnings

    def now(self) -> DateTime:
        """The time of this evaluation; it stands still."""
        if self._now is None:
            clock = self._clock
            moment = clock() if callable(clock) else clock or datetime.now(UTC)
            found = from_python(moment)
            assert isinstance(found, DateTime)
            self._now = found
        return self._now

    def warn(self, kind: str, message: str) -> None:
        if self.warnings is not None and len(self.warnings) < MAX_WARNINGS:
            self.warnings.append((kind, message))
