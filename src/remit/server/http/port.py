"""The REST port in plain text: an ASGI server for HTTP/1.1 on the broker's own event loop.

Through Envoy a call costs 40 µs more (benchmarks/RESULTS.md): it goes from thread to thread and back.
Here it comes and goes on the thread that answers it. With TLS the port is Envoy's, as the gRPC port
always is.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from email.utils import formatdate
from time import monotonic
from typing import Any

from remit.base.errors import Unavailable
from remit.server.http.connection import Connection
from remit.server.http.exchange import Exchange

Application = Callable[[Any, Any, Any], Awaitable[None]]

BACKLOG = 4096
SWEEP_SECONDS = 5.0

log = logging.getLogger("remit.server")


class HttpPort:
    """Opened by `open`. `now` is the monotonic time, a second old at most; so is `date_line`."""

    def __init__(self, application: Application) -> None:
        self._application = application
        self._loop = asyncio.get_running_loop()
        self._server: asyncio.Server | None = None
        self._swept = self.now = monotonic()
        self.date_line = _date_line()
        self.connections: set[Connection] = set()
        self.is_closing = False

    async def open(self, host: str, port: int) -> int:
        """Listen; the port that it is (0: any). Raises `Unavailable`."""
        try:
            self._server = await self._loop.create_server(
                lambda: Connection(self), host, port, backlog=BACKLOG
            )
        except OSError as fault:
            raise Unavailable(
                f"the REST port {host}:{port} can't be opened, is it in use? ({fault})"
            ) from fault
        self._loop.call_later(1.0, self._tick)
        found: int = self._server.sockets[0].getsockname()[1]
        return found

    def start(self, exchange: Exchange) -> asyncio.Task[None]:
        return self._loop.create_task(self._answer(exchange))

    async def _answer(self, exchange: Exchange) -> None:
        scope, exchange.scope = exchange.scope, {}  # they know each other
        try:
            await self._application(scope, exchange.receive, exchange.send)
        except OSError:
            return  # the client is gone
        except Exception:
            log.exception("unexpected fault", extra={"path": exchange.path})
        if not exchange.is_answered and not exchange.is_gone:
            exchange.refuse(500, [(b"content-type", b"text/plain")], b"Internal Server Error")

    def close(self) -> None:
        """Every answer from now on is the last one of its connection."""
        self.is_closing = True
        for connection in tuple(self.connections):
            connection.close_when_idle()

    def _tick(self) -> None:
        self.now = monotonic()
        self.date_line = _date_line()
        if self.now - self._swept >= SWEEP_SECONDS:
            self._swept = self.now
            for connection in tuple(self.connections):
                connection.sweep(self.now)
        self._loop.call_later(1.0, self._tick)


def _date_line() -> bytes:
    return f"date: {formatdate(usegmt=True)}\r\n".encode()
