"""One connection of the REST port: HTTP/1.1, parsed by llhttp (httptools).

Requests are answered one after the other, in their order; what a client sends ahead waits, and the
connection is not read meanwhile. Upgrades to other protocols are not followed: the request is answered
as if it had not asked. What is no HTTP, and heads that are too large, get a problem document and the
connection ends.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, cast
from urllib.parse import unquote

import msgspec
from httptools import HttpParserError, HttpParserUpgrade, HttpRequestParser, parse_url

from remit.server.http.exchange import Exchange, Message

if TYPE_CHECKING:
    from remit.server.http.port import HttpPort

HEAD_BYTES = 64 * 1024
"""Of a request's line and headers together."""

HEADERS = 100

HEAD_SECONDS = 60.0
"""How long a head, or the next part of a body, may be on its way."""

IDLE_SECONDS = 3600.0
"""How long a connection without a request stays open."""

LINGER_SECONDS = 5.0
"""How long a client may go on sending what nobody reads any more, to have time for its answer."""

_ASGI = {"version": "3.0", "spec_version": "2.3"}
_PROBLEM = [(b"content-type", b"application/problem+json")]


class Connection(asyncio.Protocol):
    __slots__ = (
        "_client",
        "_coming",
        "_current",
        "_draining",
        "_framing",
        "_head_bytes",
        "_headers",
        "_is_full",
        "_is_lingering",
        "_is_paused",
        "_is_repeated",
        "_next",
        "_parser",
        "_port",
        "_server",
        "_touched",
        "_transport",
        "_url",
    )

    def __init__(self, port: HttpPort) -> None:
        self._port = port
        self._transport: asyncio.Transport = cast(asyncio.Transport, None)
        self._parser: HttpRequestParser | None = None
        self._url = b""
        self._headers: list[tuple[bytes, bytes]] = []
        self._head_bytes = 0
        self._coming: Exchange | None = None  # its body is being received
        self._current: Exchange | None = None  # is being answered
        self._next: deque[Exchange] | None = None
        self._is_paused = self._is_full = self._is_lingering = self._is_repeated = False
        self._framing = b""
        self._draining: asyncio.Future[None] | None = None
        self._touched = port.now

    # --- the transport's side ----------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        peer, own = transport.get_extra_info("peername"), transport.get_extra_info("sockname")
        self._client = (peer[0], peer[1]) if peer else None
        self._server = (own[0], own[1]) if own else None
        self._parser = HttpRequestParser(self)
        self._port.connections.add(self)

    def connection_lost(self, fault: Exception | None) -> None:
        self._port.connections.discard(self)
        self._parser = None  # they know each other
        for exchange in (self._current, self._coming, *(self._next or ())):
            if exchange is not None:
                exchange.leave()
        self._current = self._coming = self._next = None
        self.resume_writing()

    def eof_received(self) -> bool:
        return False  # who says no more is gone: nobody sends half a connection's worth of HTTP

    def data_received(self, data: bytes) -> None:
        self._touched = self._port.now
        if self._is_lingering or self._parser is None:
            return
        try:
            self._parser.feed_data(data)
        except HttpParserUpgrade as upgrade:
            self._pass_over(data[upgrade.args[0] :])
        except HttpParserError as fault:
            self._refuse(400, f"This is not HTTP/1.1: {fault}")
        else:
            if self._coming is None:
                self._measure(len(data))

    def _measure(self, size: int) -> None:
        """A head that does not end is refused before it is there."""
        if self._head_bytes:
            self._head_bytes += size
            if self._head_bytes > HEAD_BYTES:
                self._refuse(431, _TOO_LARGE)

    def _pass_over(self, rest: bytes) -> None:
        """A wish to speak something else, which ends the parser with the head: another one goes on.

        It is told again how the body is framed; `on_headers_complete` leaves that head out.
        """
        self._parser = HttpRequestParser(self)
        self._is_repeated = self._coming is not None
        self.data_received(b"POST / HTTP/1.1\r\n" + self._framing + b"\r\n" + rest)

    # --- the parser's side -------------------------------------------------------------------------

    def on_message_begin(self) -> None:
        self._head_bytes = 1

    def on_url(self, url: bytes) -> None:
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        url, headers = self._url, self._headers
        size = len(url)
        self._url, self._headers, self._head_bytes = b"", [], 0
        parser = self._parser
        if parser is None or self._is_lingering:
            return
        if self._is_repeated:
            self._is_repeated = False
            return
        version = parser.get_http_version()
        scope = self._scope(parser.get_method().decode("ascii"), url, headers, version)
        keeps_alive = parser.should_keep_alive() and not self._port.is_closing
        exchange = Exchange(self, scope, keeps_alive=keeps_alive)
        self._coming = exchange
        length = expect = host = None
        is_chunked = False
        for name, value in headers:
            size += len(name) + len(value)
            if name == b"host":
                host = value
            elif name == b"content-length":
                length = value
            elif name == b"expect":
                expect = value
            elif name == b"transfer-encoding":
                is_chunked = True
        if parser.should_upgrade():
            self._framing = _framing(length, is_chunked=is_chunked)
        if length is not None or is_chunked:
            exchange.announce(length, expect)
        if size > HEAD_BYTES or len(headers) > HEADERS:
            self._refuse(431, _TOO_LARGE)
        elif host is None and version == "1.1":
            self._refuse(400, "This is not HTTP/1.1: there is no Host header")
        elif self._current is not None:
            self._queue(exchange)
        else:
            self._start(exchange)

    def on_body(self, body: bytes) -> None:
        if self._coming is not None:
            self._coming.feed(body)
            if self._coming.is_full:
                self._pause()

    def on_message_complete(self) -> None:
        if self._coming is not None and not (self._parser and self._parser.should_upgrade()):
            self._coming.complete()
            self._coming = None

    def _scope(
        self, method: str, url: bytes, headers: list[tuple[bytes, bytes]], version: str
    ) -> Message:
        if url.startswith(b"/"):
            raw, _, query = url.partition(b"?")
        else:  # http://host/path, as proxies are asked
            parsed = parse_url(url)
            raw, query = parsed.path or b"/", parsed.query or b""
        path = raw.decode("latin-1")
        return {
            "type": "http", "asgi": _ASGI, "http_version": version, "method": method,
            "scheme": "http", "path": unquote(path) if "%" in path else path, "raw_path": raw,
            "query_string": query, "root_path": "", "headers": headers,
            "client": self._client, "server": self._server,
        }  # fmt: skip

    # --- answering ---------------------------------------------------------------------------------

    def _start(self, exchange: Exchange) -> None:
        self._current = exchange
        exchange.task = self._port.start(exchange)

    def _queue(self, exchange: Exchange) -> None:
        """Sent ahead: its turn comes."""
        if self._next is None:
            self._next = deque()
        self._next.append(exchange)
        self._pause()

    def _refuse(self, status: int, detail: str) -> None:
        """No more of this client; where an answer is on its way it is the last one."""
        self._is_lingering = True
        exchange = self._current or self._coming
        if exchange is not None and exchange.task is not None:
            exchange.keeps_alive = False
            return
        if exchange is None:
            scope = self._scope("GET", b"/", [], "1.1")
            exchange = Exchange(self, scope, keeps_alive=False)
        exchange.refuse(status, _PROBLEM, _problem(status, detail, exchange.path))

    def answered(self, exchange: Exchange) -> None:
        exchange.task = None
        if self._transport.is_closing():
            return
        self._current = None
        if not exchange.keeps_alive:
            self._end(exchange)
        elif self._next:
            if not self._is_full:
                self._start(self._next.popleft())
        else:
            self._resume()

    def _end(self, exchange: Exchange) -> None:
        """Close; but a client that is still sending would lose its answer by that."""
        if exchange.is_whole and not self._is_lingering:
            self._transport.close()
            return
        self._is_lingering = True
        self._resume()
        if self._transport.can_write_eof():
            self._transport.write_eof()

    # --- the exchange's side -----------------------------------------------------------------------

    @property
    def date_line(self) -> bytes:
        return self._port.date_line

    def write(self, content: bytes) -> None:
        self._transport.write(content)

    def may_read(self) -> None:
        if not self._next:
            self._resume()

    async def writable(self) -> None:
        if self._is_full:
            self._draining = asyncio.get_running_loop().create_future()
            await self._draining
        if self._transport.is_closing():
            raise ConnectionResetError("the client is gone")

    def pause_writing(self) -> None:
        self._is_full = True

    def resume_writing(self) -> None:
        self._is_full = False
        if self._draining is not None and not self._draining.done():
            self._draining.set_result(None)
        self._draining = None
        if self._current is None and self._next:
            self._start(self._next.popleft())

    def _pause(self) -> None:
        if not self._is_paused and not self._transport.is_closing():
            self._is_paused = True
            self._transport.pause_reading()

    def _resume(self) -> None:
        if self._is_paused and not self._transport.is_closing():
            self._is_paused = False
            self._transport.resume_reading()

    # --- the port's side ---------------------------------------------------------------------------

    def sweep(self, now: float) -> None:
        """Close what takes too long; whoever waits for an answer may wait."""
        quiet = now - self._touched
        if self._is_lingering:
            if quiet > LINGER_SECONDS:
                self._transport.abort()
        elif self._coming is not None or self._head_bytes:
            if quiet > HEAD_SECONDS and not self._is_paused:
                self._transport.abort()
        elif self._current is None and quiet > IDLE_SECONDS:
            self._transport.close()
        elif self._is_full and quiet > IDLE_SECONDS:
            self._transport.abort()

    def close_when_idle(self) -> None:
        if self._current is None and self._coming is None:
            self._transport.close()


def _framing(length: bytes | None, *, is_chunked: bool) -> bytes:
    """The headers that say where a body ends."""
    if is_chunked:
        return b"transfer-encoding: chunked\r\n"
    return b"" if length is None else b"content-length: %b\r\n" % length


_TOO_LARGE = f"The headers may have {HEAD_BYTES // 1024} KiB together, and be {HEADERS} at most"


def _problem(status: int, detail: str, instance: str) -> bytes:
    return msgspec.json.encode(
        {
            "type": "about:blank", "title": "Request Refused", "status": status, "detail": detail,
            "instance": instance,
        }
    )  # fmt: skip
