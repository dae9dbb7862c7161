"""The REST port in plain text: uvicorn on the broker's own event loop.

Through Envoy a call costs 40 µs more (benchmarks/RESULTS.md): it goes from thread to thread and back.
Here it comes and goes on the thread that answers it. With TLS the port is Envoy's, as the gRPC port
always is. `Connection` adds what uvicorn leaves to whoever stands before it: how large a head may be and
how long it may take, a Host, faults as problem documents, and wishes for other protocols passed over.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import Any

import msgspec
from httptools import HttpParserError, HttpParserUpgrade, HttpRequestParser
from uvicorn import Config, Server
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from remit.base.errors import Unavailable
from remit.gateway.leaving import PRESENCE

Application = Callable[[Any, Any, Any], Awaitable[None]]

HEAD_BYTES = 64 * 1024
"""Of a request's line and headers together."""

HEADERS = 100
HEAD_SECONDS = 60.0
"""How long a head may be on its way, and how long the next part of a body may take."""

IDLE_SECONDS = 3600
"""How long a connection without a request stays open."""

LINGER_SECONDS = 5.0
"""How long a client that was refused may go on sending, to have time for its answer."""

GRACE_SECONDS = 20
"""How long answers may take when the broker stops."""

SWEEP_SECONDS = 5.0
BACKLOG = 4096

_TOO_LARGE = (
    431,
    f"The headers may have {HEAD_BYTES // 1024} KiB together, and be {HEADERS} at most",
)
_NO_HOST = (400, "This is not HTTP/1.1: there is no Host header")


class Connection(HttpToolsProtocol):
    """One client. It stands in the scopes of its requests as `remit.gateway.leaving.Presence`."""

    is_gone = False
    _told: Callable[[], None] | None = None
    _is_refused = False
    _is_repeated = False  # the parser is told a head again, which has been answered
    _head_bytes = 0  # of a head that is on its way
    _since = 0.0  # when this head began, or the last part of a body came
    _fault: tuple[int, str] | None = None

    # --- presence ----------------------------------------------------------------------------------

    async def look(self) -> bool:
        return self.is_gone

    def when_gone(self, tell: Callable[[], None] | None) -> None:
        self._told = tell

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self.is_gone = True
        told, self._told = self._told, None
        if told is not None:
            told()

    # --- what comes in -----------------------------------------------------------------------------

    def data_received(self, data: bytes) -> None:
        self._unset_keepalive_if_required()
        if self._is_refused:
            return
        try:
            self.parser.feed_data(data)
        except HttpParserUpgrade as wish:
            self._pass_over(data[wish.args[0] :])
        except HttpParserError as fault:
            self._refuse(*(self._fault or (400, f"This is not HTTP/1.1: {fault}")))
        else:
            if self._head_bytes:
                self._head_bytes += len(data)
                if self._head_bytes > HEAD_BYTES:
                    self._refuse(*_TOO_LARGE)

    def on_message_begin(self) -> None:
        if not self._is_repeated:
            super().on_message_begin()
            self._head_bytes, self._since = 1, monotonic()

    def on_url(self, url: bytes) -> None:
        if not self._is_repeated:
            super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self._is_repeated:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        if self._is_repeated:
            self._is_repeated = False
            return
        self._head_bytes = 0
        self._fault = self._fault_of_head()
        if self._fault is not None:
            raise ValueError(self._fault[1])  # the parser stops
        self.scope["extensions"] = {PRESENCE: self}  # type: ignore[dict-item]
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        if not self._is_passing_over():
            self._since = monotonic()
            super().on_body(body)

    def on_message_complete(self) -> None:
        if not self._is_passing_over():
            super().on_message_complete()

    def _fault_of_head(self) -> tuple[int, str] | None:
        size, has_host = len(self.url), self.parser.get_http_version() != "1.1"
        for name, value in self.headers:
            size += len(name) + len(value)
            has_host = has_host or name == b"host"
        if size > HEAD_BYTES or len(self.headers) > HEADERS:
            return _TOO_LARGE
        return None if has_host else _NO_HOST

    # --- other protocols ---------------------------------------------------------------------------

    def _is_passing_over(self) -> bool:
        """A parser that was asked for another protocol takes the body for that."""
        return self.parser is not None and self.parser.should_upgrade()

    def _pass_over(self, rest: bytes) -> None:
        """Such a wish (h2c, as Java's HttpClient has) ends the parser with the head: another goes on.

        It is told again how the body is framed.
        """
        framing = [
            b"%b: %b\r\n" % (name, value)
            for name, value in self.headers
            if name in (b"content-length", b"transfer-encoding")
        ]
        self.parser = HttpRequestParser(self)
        self._is_repeated = True
        self.data_received(b"POST / HTTP/1.1\r\n" + b"".join(framing) + b"\r\n" + rest)

    # --- refusing ----------------------------------------------------------------------------------

    def _refuse(self, status: int, detail: str) -> None:
        """No more of this client; where an answer is on its way it is the last one."""
        self._is_refused = True
        if self.cycle is not None and not self.cycle.response_complete:
            self.cycle.keep_alive = False
            return
        problem = msgspec.json.encode(
            {
                "type": "about:blank", "title": "Request Refused", "status": status,
                "detail": detail, "instance": "/",
            }
        )  # fmt: skip
        self.transport.write(
            b"HTTP/1.1 %d Request Refused\r\ncontent-type: application/problem+json\r\n"
            b"content-length: %d\r\nconnection: close\r\n\r\n%b" % (status, len(problem), problem)
        )
        self.transport.write_eof()
        self.loop.call_later(LINGER_SECONDS, self.transport.abort)

    def sweep(self, now: float) -> None:
        """End what sends too slowly; whoever waits for an answer may wait."""
        cycle = self.cycle
        is_sending = cycle is not None and cycle.more_body and not cycle.response_complete
        if (self._head_bytes or is_sending) and now - self._since > HEAD_SECONDS:
            self.transport.abort()


class HttpPort:
    """Opened by `open`, which must run on the event loop that will serve it."""

    def __init__(self, application: Application) -> None:
        config = Config(
            application, loop="none", http=Connection, ws="none", lifespan="off", log_config=None,
            access_log=False, proxy_headers=False, server_header=False,
            timeout_keep_alive=IDLE_SECONDS, timeout_graceful_shutdown=GRACE_SECONDS,
        )  # fmt: skip
        self._server = Server(config)
        self._serving: asyncio.Task[None] | None = None

    async def open(self, host: str, port: int) -> int:
        """Listen; the port that it is (0: any). Raises `Unavailable`."""
        loop = asyncio.get_running_loop()
        try:
            found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            family, _, _, _, address = found[0]
            listening = socket.create_server(address[:2], family=family, backlog=BACKLOG)
        except OSError as fault:
            raise Unavailable(
                f"the REST port {host}:{port} can't be opened, is it in use? ({fault})"
            ) from fault
        self._serving = asyncio.create_task(self._server.serve(sockets=[listening]))
        loop.call_later(SWEEP_SECONDS, self._sweep)
        opened: int = listening.getsockname()[1]
        return opened

    def close(self) -> None:
        """Every answer from now on is the last one of its connection."""
        self._server.should_exit = True

    def _sweep(self) -> None:
        now = monotonic()
        for connection in tuple(self._server.server_state.connections):
            if isinstance(connection, Connection):
                connection.sweep(now)
        if not self._server.should_exit:
            asyncio.get_running_loop().call_later(SWEEP_SECONDS, self._sweep)
