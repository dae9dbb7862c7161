"""The REST port: uvicorn on the broker's own event loop, in plain text or over TLS.

Through Envoy a call costs 40 µs more (benchmarks/RESULTS.md): it goes from thread to thread and back.
Here it comes and goes on the thread that answers it. `Connection` adds what uvicorn leaves to whoever
stands before it: how large a head may be and how long it may take, a Host, faults as problem documents,
wishes for other protocols passed over, and who the certificate of a client names. It and `Cycle` go the
short way where requests and answers come in one piece, as nearly all do; and a plain POST to the REST
application is postponed until its body has come: it may be one that needs no task.
"""

from __future__ import annotations

import asyncio
import re
import socket
from collections.abc import Awaitable, Callable, Iterable
from functools import lru_cache
from http import HTTPStatus
from time import monotonic
from typing import Any
from urllib.parse import unquote

import msgspec
from httptools import HttpParserError, HttpParserUpgrade, HttpRequestParser, parse_url
from uvicorn import Config, Server
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from remit.base.errors import Unavailable
from remit.gateway.certificates import HEADER as CERTIFICATE
from remit.gateway.certificates import said_of
from remit.gateway.leaving import PRESENCE
from remit.gateway.rest.brief import Headers
from remit.gateway.rest.frame import ASKED, WHOLE, Rest
from remit.server.tls import LOOK_SECONDS, Context

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
NO_CONTENT = 204
BACKLOG = 4096

_TOO_LARGE = (
    431,
    f"The headers may have {HEAD_BYTES // 1024} KiB together, and be {HEADERS} at most",
)
_ASGI: Any = {"version": "3.0", "spec_version": "2.3"}
BRIEF_BYTES = 64 * 1024
"""Of a body that is waited for before its request goes one way or the other."""

_PLAIN = re.compile(rb"/[\w/.~-]*").fullmatch
_SURPRISES = frozenset(
    (b"connection", b"content-length", b"expect", b"trailer", b"transfer-encoding", b"upgrade")
)
_NO_HOST = (400, "This is not HTTP/1.1: there is no Host header")


class Cycle(RequestResponseCycle):
    """One request and its answer."""

    async def receive(self) -> Any:
        """What has come in whole is there at once, and once."""
        if self.more_body or not self.message_event.is_set() or self.response_complete:
            return await super().receive()
        if self.disconnected:
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": self.take(), "more_body": False}

    def take(self) -> bytes:
        """What has come of the body; it has gone from here then."""
        self.message_event.clear()
        body, self.body = bytes(self.body), bytearray()
        return body

    async def answer(self, status: int, headers: Headers, content: bytes) -> None:
        """The whole answer is one write, and one packet if it fits."""
        if self.flow.write_paused and not self.disconnected:
            await self.flow.drain()
        if self.disconnected:
            return
        self.response_started, self.waiting_for_100_continue = True, False
        head = _head(status, (*headers, *self.default_headers), len(content), self.keep_alive)
        self.transport.write(head if self.scope["method"] == "HEAD" else head + content)
        self.response_complete = True
        self.message_event.set()
        if not self.keep_alive:
            self.transport.close()
        self.on_response()


@lru_cache(512)
def _head(status: int, headers: Headers, length: int, keep_alive: bool) -> bytes:
    """Status line and headers: most answers have the one of another of the same second.

    >>> _head(204, ((b"x-a", b"1"),), 0, False)
    b'HTTP/1.1 204 No Content\\r\\nx-a: 1\\r\\nconnection: close\\r\\n\\r\\n'
    """
    lines = [b"HTTP/1.1 %d %b" % (status, _PHRASES.get(status, b""))]
    lines += (b"%b: %b" % pair for pair in headers)
    if status != NO_CONTENT:
        lines.append(b"content-length: %d" % length)
    if not keep_alive:
        lines.append(b"connection: close")
    return b"\r\n".join((*lines, b"", b""))


_PHRASES = {each.value: each.phrase.encode() for each in HTTPStatus}


class Connection(HttpToolsProtocol):
    """One client. It stands in the scopes of its requests, as the `Presence` of `gateway.leaving` and
    the `Whole` of `gateway.rest.frame`: a part of a scope that holds the scope would be garbage for
    each request.
    """

    is_gone = False
    _answered: Cycle  # whose turn it is, of the requests that were sent ahead
    _told: Callable[[], None] | None = None
    _is_refused = False
    _is_repeated = False  # the parser is told a head again, which has been answered
    _head_bytes = 0  # of a head that is on its way
    _since = 0.0  # when this head began, the last part of a body came, or the last answer was given
    _fault: tuple[int, str] | None = None
    _certificate: bytes | None = None  # what it says of the client; None in plain text
    _is_postponed = False  # the head of a request has come that may take the short way
    _is_whole = False  # and its body
    _is_asking = False  # it is on the short way
    _is_last = False  # its answer is the last one
    _body = b""  # of that request
    _held = b""  # what comes while it is on the short way

    def __init__(self, *arguments: Any, **more: Any) -> None:
        super().__init__(*arguments, **more)
        self._rest: Rest | None = self.app if isinstance(self.app, Rest) else None

    # --- presence ----------------------------------------------------------------------------------

    async def look(self) -> bool:
        return self.is_gone

    def when_gone(self, tell: Callable[[], None] | None) -> None:
        self._told = tell

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)  # type: ignore[arg-type]
        self._since = monotonic()
        self._extensions: Any = {PRESENCE: self, WHOLE: self}
        self._extensions_asked: Any = {**self._extensions, ASKED: True}
        over_tls = transport.get_extra_info("ssl_object")
        if over_tls is not None:
            shown = over_tls.getpeercert(binary_form=True)
            self._certificate = said_of(shown) if shown else b""

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self.is_gone = True
        told, self._told = self._told, None
        if told is not None:
            told()

    # --- what comes in -----------------------------------------------------------------------------

    def data_received(self, data: bytes) -> None:
        if self._is_refused:
            return
        if self._is_asking:
            self._held += data
            self.flow.pause_reading()
            return
        if self._held:
            data, self._held = self._held + data, b""
            self.flow.resume_reading()
        try:
            self.parser.feed_data(data)
        except HttpParserUpgrade as wish:
            self._pass_over(data[wish.args[0] :])
        except HttpParserError as fault:
            self._go_on_usual_way()
            self._refuse(*(self._fault or (400, f"This is not HTTP/1.1: {fault}")))
        else:
            if self._is_whole:
                self._ask()
            if self._head_bytes:
                self._head_bytes += len(data)
                if self._head_bytes > HEAD_BYTES:
                    self._refuse(*_TOO_LARGE)

    # --- the short way -----------------------------------------------------------------------------

    def _may_be_brief(self, version: str) -> bool:
        """A head has come without surprises, nobody waits for an answer, and the client takes them."""
        if self._rest is None or not self._is_plain or self.flow.write_paused or version != "1.1":
            return False
        cycle = self.cycle
        is_free = cycle is None or (cycle.response_complete and not cycle.more_body)
        return is_free and self.parser.get_method() == b"POST" and _PLAIN(self.url) is not None

    def _ask(self) -> None:
        """A request has come in whole that may be brief; what comes meanwhile is held."""
        assert self._rest is not None
        headers = dict(self.headers)
        if self._certificate is not None:
            headers = dict(self._vouched(self.headers))
        self._is_postponed = self._is_whole = False
        self._is_asking = True
        if not self._rest.quick("POST", self.url, headers, self._body, self):
            self._is_asking = False
            self._begin_postponed(self._extensions)

    def go_usual_way(self) -> None:
        self._is_asking = False
        if not self.is_gone and not self.transport.is_closing():
            self._begin_postponed(self._extensions_asked)
            if self._held:
                self.loop.call_soon(self._go_on)

    def _go_on_usual_way(self) -> None:
        """Something follows a request that has come in whole: it does not take the short way."""
        if self._is_whole:
            self._is_postponed = self._is_whole = False
            self._begin_postponed(self._extensions)

    def _begin_postponed(self, extensions: Any) -> None:
        cycle = self.cycle = self._begun("POST", "1.1", extensions, keep_alive=True)
        cycle.body += self._body
        cycle.more_body = False
        cycle.message_event.set()
        self._start_asgi_task(cycle, self.app)
        if self._is_last:
            self.shutdown()

    @property
    def caller(self) -> Any:
        return {"client": self.client}

    def tell(self, status: int, headers: Headers, content: bytes) -> None:
        """The answer to the request on the short way; then what was sent ahead has its turn."""
        self._is_asking = False
        if self.is_gone or self.transport.is_closing():
            return
        known = (*headers, *self.server_state.default_headers)
        self.transport.write(_head(status, known, len(content), not self._is_last) + content)
        self.server_state.total_requests += 1
        self._since = monotonic()
        if self._is_last:
            self.transport.close()
        elif self._held:
            self.loop.call_soon(self._go_on)

    def _go_on(self) -> None:
        """With what came while an answer was on its way."""
        if self._held and not self.is_gone and not self._is_asking:
            self.data_received(b"")

    def shutdown(self) -> None:
        if self._is_asking or self._is_postponed:
            self._is_last = True
        else:
            super().shutdown()

    # --- what the parser tells ---------------------------------------------------------------------

    def on_message_begin(self) -> None:
        self._go_on_usual_way()
        if not self._is_repeated:
            self.url, self.headers, self.expect_100_continue = b"", [], False
            self._head_bytes, self._since = 1, monotonic()

    def on_url(self, url: bytes) -> None:
        if not self._is_repeated:
            self.url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self._is_repeated:
            self.headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        if self._is_repeated:
            self._is_repeated = False
            return
        self._head_bytes = 0
        version = self.parser.get_http_version()
        self._fault = self._fault_of_head(version)
        if self._fault is not None:
            raise ValueError(self._fault[1])  # the parser stops
        if self._may_be_brief(version):
            self._is_postponed, self._body = True, b""
            return
        before, method = self.cycle, self.parser.get_method().decode("ascii")
        keep_alive = version != "1.0" and self.parser.should_keep_alive()
        self.cycle = self._begun(method, version, self._extensions, keep_alive=keep_alive)
        if before is None or before.response_complete:
            self._start_asgi_task(self.cycle, self.app)
        else:  # sent ahead: it waits for its turn
            self.flow.pause_reading()
            self.pipeline.appendleft((self.cycle, self.app))

    def _begun(self, method: str, version: str, extensions: Any, *, keep_alive: bool) -> Cycle:
        """The request whose head has come."""
        url = parse_url(self.url)
        path = url.path.decode("ascii")
        cycle = Cycle(
            None, self.transport, self.flow, self.logger, self.access_logger, False,  # type: ignore[arg-type]
            self.server_state.default_headers, asyncio.Event(), self.expect_100_continue,
            keep_alive, self.on_response_complete,
        )  # fmt: skip
        self.scope = cycle.scope = {
            "type": "http",
            "asgi": _ASGI,
            "http_version": version,
            "server": self.server,
            "client": self.client,
            "scheme": self.scheme or "http",
            "method": method,
            "root_path": "",
            "path": unquote(path) if "%" in path else path,
            "raw_path": url.path,
            "query_string": url.query or b"",
            "headers": self.headers if self._certificate is None else self._vouched(self.headers),
            "extensions": extensions,
        }
        return cycle

    def _vouched(self, headers: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
        """The headers: who calls is what the certificate says, not what the client wrote."""
        found = [each for each in headers if each[0] != CERTIFICATE]
        return [*found, (CERTIFICATE, self._certificate)] if self._certificate else found

    def on_body(self, body: bytes) -> None:
        if self._is_postponed:
            self._since = monotonic()
            self._body += body
        elif not self._is_passing_over():
            self._since = monotonic()
            super().on_body(body)

    def on_message_complete(self) -> None:
        if self._is_postponed:
            self._is_whole = True
        elif not self._is_passing_over():
            super().on_message_complete()

    def _fault_of_head(self, version: str) -> tuple[int, str] | None:
        """A head that came in pieces is measured on the way as well."""
        size, has_host, self._is_plain = len(self.url), version != "1.1", True
        for name, value in self.headers:
            size += len(name) + len(value)
            if name == b"host":
                has_host = True
            elif name in _SURPRISES:
                self._meet(name, value)
        if size > HEAD_BYTES or len(self.headers) > HEADERS:
            return _TOO_LARGE
        return None if has_host else _NO_HOST

    def _meet(self, name: bytes, value: bytes) -> None:
        """A header that may ask for more than an answer."""
        if name == b"expect":
            self.expect_100_continue = value.lower() == b"100-continue"
        is_usual = (name == b"connection" and value.lower() == b"keep-alive") or (
            name == b"content-length" and int(value) <= BRIEF_BYTES
        )
        self._is_plain = self._is_plain and is_usual

    # --- what goes out -----------------------------------------------------------------------------

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        assert isinstance(cycle, Cycle)
        self._answered = cycle
        super()._start_asgi_task(cycle, app)

    def body(self) -> bytes | None:
        cycle = self._answered
        return None if cycle.more_body or cycle.disconnected else cycle.take()

    def answer(self, status: int, headers: Headers, content: bytes) -> Awaitable[None]:
        return self._answered.answer(status, headers, content)

    def on_response_complete(self) -> None:
        """The next of those that were sent ahead; an idle connection is ended by `sweep`."""
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        self._since = monotonic()
        self.flow.resume_reading()
        if self.pipeline:
            self._start_asgi_task(*self.pipeline.pop())

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
        if self.transport.can_write_eof():
            self.transport.write_eof()
            self.loop.call_later(LINGER_SECONDS, self.transport.abort)
        else:  # TLS has an end of its own
            self.transport.close()

    def sweep(self, now: float) -> None:
        """End what sends too slowly; whoever waits for an answer may wait."""
        cycle = self.cycle
        is_sending = cycle is not None and cycle.more_body and not cycle.response_complete
        if (
            self._head_bytes or self._is_postponed or is_sending
        ) and now - self._since > HEAD_SECONDS:
            self.transport.abort()
        is_idle = not self._head_bytes and (cycle is None or cycle.response_complete)
        is_asking = self._is_postponed or self._is_asking
        if is_idle and not is_asking and now - self._since > IDLE_SECONDS:
            self.transport.close()


class HttpPort:
    """Opened by `open`, which must run on the event loop that will serve it."""

    def __init__(self, application: Application, tls: Context | None = None) -> None:
        self._config = Config(
            application, loop="none", http=Connection, ws="none", lifespan="off", log_config=None,
            access_log=False, proxy_headers=False, server_header=False,
            timeout_keep_alive=IDLE_SECONDS, timeout_graceful_shutdown=GRACE_SECONDS,
        )  # fmt: skip
        self._config.load()
        self._tls = tls
        self._server = Server(self._config)
        self._running: list[asyncio.Task[None]] = []

    async def open(self, host: str, port: int) -> int:
        """Listen; the port that it is (0: any). Raises `Unavailable`."""
        loop = asyncio.get_running_loop()
        try:
            found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            family, _, _, _, address = found[0]
            self._listening = socket.create_server(address[:2], family=family, backlog=BACKLOG)
        except OSError as fault:
            raise Unavailable(
                f"the REST port {host}:{port} can't be opened, is it in use? ({fault})"
            ) from fault
        opened: int = self._listening.getsockname()[1]
        if self._tls is not None:
            self._config.ssl = self._tls.now
            self._running.append(asyncio.create_task(self._renew(self._tls)))
        listening = self._listening.dup()
        self._running.append(asyncio.create_task(self._server.serve(sockets=[listening])))
        loop.call_later(SWEEP_SECONDS, self._sweep)
        return opened

    def close(self) -> None:
        """Every answer from now on is the last one of its connection."""
        self._server.should_exit = True
        self._listening.close()

    async def _renew(self, tls: Context) -> None:
        """Connections to come are taken with what the files say then."""
        loop, state = asyncio.get_running_loop(), self._server.server_state
        while not self._server.should_exit:
            await asyncio.sleep(LOOK_SECONDS)
            if self._server.started and tls.renew():
                fresh = await loop.create_server(
                    lambda: Connection(self._config, state, {}), sock=self._listening.dup(),
                    ssl=tls.now, backlog=BACKLOG,
                )  # fmt: skip
                before, self._server.servers = self._server.servers, [fresh]
                for each in before:
                    each.close()

    def _sweep(self) -> None:
        now = monotonic()
        for connection in tuple(self._server.server_state.connections):
            if isinstance(connection, Connection):
                connection.sweep(now)
        if not self._server.should_exit:
            asyncio.get_running_loop().call_later(SWEEP_SECONDS, self._sweep)
