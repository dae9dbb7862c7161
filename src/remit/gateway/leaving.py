"""Noticing that a client has left.

The server answers `receive` at once, with an empty part, when a request has come in whole: waiting for
its end in a loop would keep a core busy for one idle worker. So a client that waits is looked after with
pauses that grow, and once more just before something is given to it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import Any

Receive = Callable[[], Awaitable[Any]]

FIRST_SECONDS = 0.02
LONGEST_SECONDS = 5.0
"""Ten thousand clients that wait are looked after 2,000 times a second."""


class Watch:
    """Over one request that has been read whole."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._looked = monotonic()
        self._pausing: asyncio.Future[None] | None = None
        self.is_gone = False

    async def look(self) -> bool:
        """Whether the client is gone, as far as is known just now."""
        if not self.is_gone:
            self._looked = monotonic()
            self.is_gone = (await self._receive())["type"] == "http.disconnect"
        return self.is_gone

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
