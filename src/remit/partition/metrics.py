"""Plain counters of one partition; the edge shows them to whoever scrapes."""

from __future__ import annotations

from dataclasses import asdict, dataclass


@dataclass(slots=True)
class Metrics:
    """Totals since the start. Seconds are wall-clock time: of playing turns, of encoding rows and
    log, of writing them (`store`), and of batches from their first turn to their release (`commit`).
    `slow_turns` took longer than 20 ms each; `yielded` jobs found their stream closed.
    """

    turns: int = 0
    batches: int = 0
    rejected: int = 0
    dropped: int = 0
    slow_turns: int = 0
    yielded: int = 0
    step_seconds: float = 0.0
    encode_seconds: float = 0.0
    store_seconds: float = 0.0
    commit_seconds: float = 0.0
    slowest_batch_seconds: float = 0.0

    def stepped(self, turns: int, seconds: float) -> None:
        if turns:
            self.step_seconds += seconds

    def released(self, turns: int, seconds: float) -> None:
        """A batch was made durable, `seconds` after its first turn began."""
        self.turns += turns
        self.batches += 1
        self.commit_seconds += seconds
        self.slowest_batch_seconds = max(self.slowest_batch_seconds, seconds)

    def snapshot(self) -> dict[str, float]:
        return asdict(self)
