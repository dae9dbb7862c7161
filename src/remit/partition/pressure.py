"""Back-pressure: how many commands may be in flight, learned from how long they take.

Additive increase, multiplicative decrease, as Zeebe has it (reference 2.5). Commands that finish work
are never refused: refusing them would only keep the load up.
"""

from __future__ import annotations

from remit.protocol.commands import (
    AcknowledgeCorrelation,
    AcknowledgeDistribution,
    CancelInstance,
    Command,
    CompleteJob,
    DeployResources,
    DistributeDeployment,
    FailJob,
    PinClock,
    ResetClock,
    SteerBatch,
    YieldJob,
)

ALWAYS: frozenset[type[Command]] = frozenset(
    (
        CompleteJob, FailJob, CancelInstance, YieldJob, DeployResources, DistributeDeployment,
        AcknowledgeDistribution, SteerBatch, AcknowledgeCorrelation, PinClock, ResetClock,
    )
)  # fmt: skip

INITIAL = 1000
LOWEST = 100
HIGHEST = 20_000
TOO_SLOW_SECONDS = 0.2
DECREASE = 0.9

assert LOWEST <= INITIAL <= HIGHEST


class Pressure:
    def __init__(self) -> None:
        self.limit = INITIAL
        self.in_flight = 0

    def admits(self, command: Command) -> bool:
        return self.in_flight < self.limit or type(command) in ALWAYS

    def observe(self, seconds: float) -> None:
        """A batch took this long from its first command to its release."""
        if seconds > TOO_SLOW_SECONDS:
            self.limit = max(LOWEST, int(self.limit * DECREASE))
        elif self.in_flight * 2 > self.limit:
            self.limit = min(HIGHEST, self.limit + 10)
