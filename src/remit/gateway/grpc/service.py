"""The gRPC service: which method is answered by what, and how a call runs.

A unary handler takes (gateway, request, call) and returns the response message; a streaming one is
given a `Stream` to write to. Handlers raise `Status`, `Unavailable` or nothing.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

from google.protobuf.message import DecodeError
from msgspec.structs import replace

from remit.gateway.broker import Broker
from remit.gateway.faults import Code, Status, of_fault
from remit.gateway.grpc import framing
from remit.gateway.grpc.framing import Receive, Scope, Send
from remit.gateway.leaving import Watch
from remit.protocol.values import Header

log = logging.getLogger("remit.gateway")


_LEAVING: set[asyncio.Future[None]] = set()
"""Watches for clients that go away, kept while they run."""


class Stream:
    """The answers of a streaming call."""

    def __init__(self, send: Send, watch: Watch) -> None:
        self._send = send
        self._watch = watch

    async def write(self, *messages: Any) -> None:
        """Raises `Status` when the client is gone: then nothing was delivered."""
        if await self._watch.look_again():
            raise Status(Code.CANCELLED, "the client went away")
        await framing.send_parts(self._send, [each.SerializeToString() for each in messages])


@dataclass(slots=True)
class Call:
    """What a handler knows of the call beside its message. `timeout` in seconds, or None."""

    header: Header
    timeout: float | None


class Unary(NamedTuple):
    request: type[Any]
    handle: Callable[[Broker, Any, Call], Awaitable[Any]]


class Streaming(NamedTuple):
    request: type[Any]
    handle: Callable[[Broker, Any, Call, Stream], Awaitable[None]]


Methods = dict[str, Unary | Streaming]


class GrpcService:
    """`methods` by path, e.g. "/gateway_protocol.Gateway/Topology"."""

    def __init__(self, broker: Broker, methods: Methods) -> None:
        self._broker = broker
        self._methods = methods

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = dict(scope["headers"])
        method = self._methods.get(scope["path"])
        try:
            if method is None:
                raise Status(Code.UNIMPLEMENTED, f"there is no method {scope['path']}")
            header = await self._broker.authenticate(headers, scope)
            payload = await framing.read_message(receive, headers)
            try:
                request = method.request.FromString(payload)
            except DecodeError as fault:
                raise Status(
                    Code.INVALID_ARGUMENT, f"the message is no {method.request.__name__}: {fault}"
                ) from fault
            header = _referring(header, request)
            call = Call(header, framing.timeout_of(headers))
            if isinstance(method, Unary):
                response = await method.handle(self._broker, request, call)
                await framing.send_unary(send, response.SerializeToString())
                return
        except Exception as fault:
            await framing.send_status(send, _status(fault, scope))
            return
        try:
            with self._broker.limits.waiting(self._broker.client(header.actor, scope)):
                await self._stream(method, request, call, scope, receive, send)
        except Status as status:
            await framing.send_status(send, status)

    async def _stream(
        self,
        method: Streaming,
        request: Any,
        call: Call,
        scope: Scope,
        receive: Receive,
        send: Send,
    ) -> None:
        """Run a streaming handler until it ends or the client is gone, whichever is first."""
        await framing.start_stream(send)
        watch = Watch(receive)
        stream = Stream(send, watch)
        handling = asyncio.ensure_future(method.handle(self._broker, request, call, stream))
        leaving = asyncio.ensure_future(watch.until_gone())
        _LEAVING.add(leaving)
        leaving.add_done_callback(_LEAVING.discard)
        await asyncio.wait((handling, leaving), return_when=asyncio.FIRST_COMPLETED)
        watch.end()
        if not handling.done():
            handling.cancel()
            await asyncio.gather(handling, return_exceptions=True)
            return
        fault = handling.exception()
        status = _status(fault, scope) if isinstance(fault, Exception) else None
        await framing.end_stream(send, status)


_REFERRING: dict[type[Any], bool] = {}
"""Whether requests of a kind may carry an operation reference."""


def _referring(header: Header, request: Any) -> Header:
    """With the number that the client chose: it is on every record of what the command does."""
    kind = type(request)
    if kind not in _REFERRING:
        descriptor = getattr(kind, "DESCRIPTOR", None)
        known = () if descriptor is None else descriptor.fields_by_name
        _REFERRING[kind] = "operationReference" in known
    if _REFERRING[kind] and request.HasField("operationReference"):
        return replace(header, operation_reference=request.operationReference)
    return header


def _status(fault: Exception, scope: Scope) -> Status:
    status = of_fault(fault)
    if status.code is Code.INTERNAL and not isinstance(fault, Status):
        log.error("unexpected fault", exc_info=fault, extra={"method": scope["path"]})
    return status
