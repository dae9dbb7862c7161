"""One request over HTTP/1.1 and its answer, as an ASGI application sees them.

`receive` gives the body part by part, then waits until the client is gone. `send` takes the answer; the
head goes out together with the first part of the body. What the application says of the length is
believed; where it says nothing a whole body is measured, and parts are sent as chunks.

The exchange is also a `remit.gateway.leaving.Presence`: the connection tells it at once when the client
leaves. It stands in the scope under extensions / `PRESENCE`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any, Protocol

from remit.gateway.leaving import PRESENCE

Message = dict[str, Any]

MOST_BODY_HELD = 64 * 1024
"""Bytes of a body that wait for the application; the connection is not read while there are more."""

_STATUS = {each.value: f"HTTP/1.1 {each.value} {each.phrase}\r\n".encode() for each in HTTPStatus}
_BODILESS = frozenset((204, 304))
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class Wire(Protocol):
    """What an exchange asks of its connection."""

    @property
    def date_line(self) -> bytes: ...

    def write(self, content: bytes) -> None: ...

    def may_read(self) -> None:
        """The application has taken what was there of the body."""

    async def writable(self) -> None:
        """Until the client has taken most of what was written; raises `OSError` when it is gone."""

    def answered(self, exchange: Exchange) -> None:
        """The answer is written whole."""


class Exchange:
    """`keeps_alive`: the connection is used again. `rest`: bytes of the body to come, -1: unknown."""

    __slots__ = (
        "_body",
        "_expects_continue",
        "_headers",
        "_is_chunked",
        "_is_given",
        "_is_head",
        "_is_old",
        "_is_started",
        "_receiving",
        "_status",
        "_told",
        "_wire",
        "is_answered",
        "is_gone",
        "is_whole",
        "keeps_alive",
        "path",
        "rest",
        "scope",
        "task",
    )

    def __init__(self, wire: Wire, scope: Message, *, keeps_alive: bool) -> None:
        self._wire = wire
        self.scope = scope
        self.path: str = scope["path"]
        self.keeps_alive = keeps_alive
        self.task: asyncio.Task[None] | None = None
        self.rest = 0
        self._body = b""
        self._expects_continue = False
        self.is_whole = self.is_gone = self.is_answered = self._is_given = False
        self._receiving: asyncio.Future[None] | None = None
        self._told: Callable[[], None] | None = None
        self._is_head = scope["method"] == "HEAD"
        self._is_old = scope["http_version"] == "1.0"
        self._status = 0
        self._headers: Iterable[tuple[bytes, bytes]] = ()
        self._is_started = self._is_chunked = False
        scope["extensions"] = {PRESENCE: self}

    # --- the request -------------------------------------------------------------------------------

    def announce(self, length: bytes | None, expect: bytes | None) -> None:
        """What the head says of a body."""
        self.rest = -1 if length is None else int(length)
        self._expects_continue = expect is not None and expect.lower() == b"100-continue"

    def feed(self, part: bytes) -> None:
        self._expects_continue = False
        if self.rest > 0:
            self.rest -= len(part)
        if not self.is_answered:
            self._body = self._body + part if self._body else part
            self._wake()

    def complete(self) -> None:
        self.is_whole = True
        self._wake()

    @property
    def is_full(self) -> bool:
        return len(self._body) > MOST_BODY_HELD

    async def receive(self) -> Message:
        while not (self._body or self.is_gone or self.is_whole):
            if self._expects_continue:
                self._expects_continue = False
                self._wire.write(_CONTINUE)
            await self._until_something()
        if not self._is_given:
            body, self._body = self._body, b""
            if not self.is_whole:
                if self.is_gone:
                    return {"type": "http.disconnect"}
                self._wire.may_read()
                return {"type": "http.request", "body": body, "more_body": True}
            self._is_given = True
            return {"type": "http.request", "body": body, "more_body": False}
        while not (self.is_gone or self.is_answered):
            await self._until_something()
        return {"type": "http.disconnect"}

    async def _until_something(self) -> None:
        self._receiving = asyncio.get_running_loop().create_future()
        try:
            await self._receiving
        finally:
            self._receiving = None

    def _wake(self) -> None:
        if self._receiving is not None and not self._receiving.done():
            self._receiving.set_result(None)

    # --- presence ----------------------------------------------------------------------------------

    async def look(self) -> bool:
        return self.is_gone

    def when_gone(self, tell: Callable[[], None] | None) -> None:
        self._told = tell

    def leave(self) -> None:
        """The client is gone."""
        self.is_gone = True
        self._wake()
        told, self._told = self._told, None
        if told is not None:
            told()

    # --- the answer --------------------------------------------------------------------------------

    async def send(self, message: Message) -> None:
        kind = message["type"]
        if kind == "http.response.start":
            self._status, self._headers = message["status"], message["headers"]
        elif kind == "http.response.body":
            more: bool = message.get("more_body", False)
            self._send_part(message.get("body", b""), more=more)
            if more:
                await self._wire.writable()
        else:
            raise ValueError(f"HTTP/1.1 has no {kind}")

    def refuse(self, status: int, headers: list[tuple[bytes, bytes]], body: bytes) -> None:
        """An answer that no application gave; where one has begun the connection just ends."""
        self.keeps_alive = False
        if not self._is_started:
            self._status, self._headers = status, headers
            self._send_part(body, more=False)
        elif not self.is_answered:
            self._end()

    def _send_part(self, body: bytes, *, more: bool) -> None:
        if self.is_answered or self.is_gone:
            return
        head = b"" if self._is_started else self._begin(len(body), more=more)
        if self._is_head:
            body = b""
        elif self._is_chunked:
            body = b"%x\r\n%b\r\n" % (len(body), body) if body else b""
            if not more:
                body += b"0\r\n\r\n"
        if head or body:
            self._wire.write(head + body)
        if not more:
            self._end()

    def _begin(self, size: int, *, more: bool) -> bytes:
        """The head of the answer."""
        if not self.is_whole and not 0 <= self.rest <= MOST_BODY_HELD:
            self.keeps_alive = False  # what is still to come is not worth reading
        lines = [_STATUS.get(self._status) or b"HTTP/1.1 %d \r\n" % self._status]
        lines.append(self._wire.date_line)
        is_measured = self._status in _BODILESS
        for name, value in self._headers:
            lines.append(b"%b: %b\r\n" % (name, value))
            if name == b"content-length":
                is_measured = True
        if not is_measured:
            if not more:
                lines.append(b"content-length: %d\r\n" % size)
            elif self._is_old:
                self.keeps_alive = False
            else:
                self._is_chunked = True
                lines.append(b"transfer-encoding: chunked\r\n")
        if not self.keeps_alive:
            lines.append(b"connection: close\r\n")
        elif self._is_old:
            lines.append(b"connection: keep-alive\r\n")
        head = b"".join(lines)
        if head.count(b"\n") != len(lines) or head.count(b"\r") != len(lines):
            raise ValueError("a header of the answer has a line break in it")
        self._is_started = True
        return head + b"\r\n"

    def _end(self) -> None:
        self.is_answered = True
        self._body, self._told = b"", None
        self._wake()
        self._wire.answered(self)
