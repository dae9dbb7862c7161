"""What one client may use: requests a second, and streams and long polls that wait at once.

A client is a caller by name, or where nobody has a name the address that a connection comes from. Who
asks for more is told so (RESOURCE_EXHAUSTED, over HTTP 429) and can go on a moment later; nobody else
notices.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from remit.gateway.faults import Code, Problem, Status

BURST_SECONDS = 2.0
"""Requests that come at once after a pause: those of this long."""

REMEMBERED = 100_000
"""Clients whose last requests are remembered; the one that was quiet for longest is forgotten first."""

STREAMS = 20_000
TOO_MANY = Problem(429, "RESOURCE_EXHAUSTED")


class Limits:
    """`requests` a second, 0 for any number; `streams` at once."""

    def __init__(
        self,
        requests: float = 0,
        streams: int = STREAMS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._requests = requests
        self._streams = streams
        self._clock = clock
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._open: dict[str, int] = {}

    @property
    def are_counted(self) -> bool:
        """Requests are: none may be played twice."""
        return bool(self._requests)

    def spend(self, client: str) -> None:
        """One more request of this client; raises `Status` when that is too many."""
        if not self._requests:
            return
        now, most = self._clock(), max(1.0, self._requests * BURST_SECONDS)
        left, since = self._left.pop(client, (most, now))
        left = min(most, left + (now - since) * self._requests)
        if len(self._left) >= REMEMBERED:
            self._left.popitem(last=False)
        self._left[client] = (left - 1 if left >= 1 else left, now)
        if left < 1:
            raise Status(
                Code.RESOURCE_EXHAUSTED,
                f"'{client}' sends more than {self._requests:g} requests a second: wait a moment",
                TOO_MANY,
            )

    @contextmanager
    def waiting(self, client: str) -> Iterator[None]:
        """A stream, or a poll that waits, while it does; raises `Status` when that is too many."""
        count = self._open.get(client, 0)
        if count >= self._streams:
            raise Status(
                Code.RESOURCE_EXHAUSTED,
                f"'{client}' holds {count} streams and long polls open, as many as one client may: "
                f"close some",
                TOO_MANY,
            )
        self._open[client] = count + 1
        try:
            yield
        finally:
            left = self._open[client] - 1
            if left:
                self._open[client] = left
            else:
                del self._open[client]
