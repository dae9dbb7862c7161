"""Noticing that a client has left.

The REST port knows and says so: it puts a `Presence` of its own into the scope of a request. Envoy, in
front of the gRPC port, answers `receive` at once, with an empty part, when a request has come in whole:
waiting for its end in a loop would keep a core busy for one idle worker. So there a client that waits is
looked after with pauses that grow, and once more just before something is given to it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from time import monotonic
from typing import Any, Protocol

Receive = Callable[[], Awaitable[Any]]

PRESENCE = "remit.presence"
"""Where a `Presence` stands among the extensions of a scope."""

FIRST_SECONDS = 0.02
LONGEST_SECONDS = 5.0
"""Ten thousand clients that wait are looked after 2,000 times a second."""


class Presence(Protocol):
    """Whether the client of one request is still there."""

    is_gone: bool

    async def look(self) -> bool:
        """Whether the client is gone, as far as is known just now."""
        ...

    def when_gone(self, tell: Callable[[], None] | None) -> None:
        """`tell` is called when the client leaves, by servers that notice; others have to be asked."""
        ...


def presence_of(scope: Mapping[str, Any], receive: Receive) -> Presence:
    """Of a request that has been read whole."""
    told: Presence | None = scope.get("extensions", {}).get(PRESENCE)
    return told or Watch(receive)


class Watch:
    """Over one request that has been read whole."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._looked = monotonic()
        self._pausing: asyncio.Future[None] | None = None
        self.is_gone = False

    async def look(self) -> bool:
        if not self.is_gone:
            self._looked = monotonic()
            self.is_gone = (await self._receive())["type"] == "http.disconnect"
        return self.is_gone

    def when_gone(self, tell: Callable[[], None] | None) -> None:
        """Nobody tells this one."""

    async def look_again(self) -> bool:
        """Like `look`, content with what was seen a moment ago."""
        if monotonic() - self._looked < FIRST_SECONDS:
            return self.is_gone
        return await self.look()

    async def until_gone(self) -> None:
        """Returns when the client has left, or when nobody waits for that any more."""
        pause = FIRST_SECONDS
        while not await self.look():
            self._pausing = asyncio.ensure_future(asyncio.sleep(pause))
            await asyncio.wait((self._pausing,))
            if self._pausing.cancelled():
                return
            pause = min(pause * 2, LONGEST_SECONDS)

    def end(self) -> None:
        """Nobody waits any more."""
        if self._pausing is not None:
            self._pausing.cancel()
