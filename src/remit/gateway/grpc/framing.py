"""gRPC over ASGI: five bytes before each message, the status in the trailers.

Our own framing, for one reason: it costs half of what the next best server costs per call
(benchmarks/RESULTS.md). HTTP/2 itself is the server's business.
"""

from __future__ import annotations

import zlib
from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping
from typing import Any
from urllib.parse import quote

from remit.gateway.faults import Code, Status

Message = MutableMapping[str, Any]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

MAX_MESSAGE_BYTES = 4 * 1024 * 1024
_MAX_BODY_BYTES = MAX_MESSAGE_BYTES + 64 * 1024

_HEADERS = [(b"content-type", b"application/grpc")]
_OK = [(b"grpc-status", b"0")]


async def read_message(receive: Receive, headers: Mapping[bytes, bytes]) -> bytes:
    """The one message of a request; raises `Status` for what is no gRPC message."""
    event = await receive()
    body: bytes = event.get("body", b"")
    while event.get("more_body"):
        event = await receive()
        if event["type"] == "http.disconnect":
            raise Status(Code.CANCELLED, "the client went away")
        body += event.get("body", b"")
        if len(body) > _MAX_BODY_BYTES:
            raise _too_large(len(body))
    if len(body) < 5:
        raise Status(Code.INVALID_ARGUMENT, "Expected one gRPC message, but the body is too short")
    length = int.from_bytes(body[1:5], "big")
    if length > MAX_MESSAGE_BYTES:
        raise _too_large(length)
    if len(body) < 5 + length:
        raise Status(Code.INVALID_ARGUMENT, "Expected one gRPC message, but it is cut off")
    payload = body[5 : 5 + length]
    if body[0] == 1:
        return _decompress(payload, headers.get(b"grpc-encoding", b"identity"))
    return payload


async def send_unary(send: Send, message: bytes) -> None:
    await send(
        {"type": "http.response.start", "status": 200, "headers": _HEADERS, "trailers": True}
    )
    await send({"type": "http.response.body", "body": frame(message), "more_body": False})
    await send({"type": "http.response.trailers", "headers": _OK, "more_trailers": False})


async def send_status(send: Send, status: Status) -> None:
    """A response without a message: the status alone."""
    await start_stream(send)
    await end_stream(send, status)


async def start_stream(send: Send) -> None:
    await send(
        {"type": "http.response.start", "status": 200, "headers": _HEADERS, "trailers": True}
    )


async def send_parts(send: Send, messages: Iterable[bytes]) -> None:
    """Messages of a stream, several in one go: what costs is the going."""
    body = b"".join(frame(message) for message in messages)
    await send({"type": "http.response.body", "body": body, "more_body": True})


async def end_stream(send: Send, status: Status | None = None) -> None:
    headers = _OK if status is None else _status_headers(status)
    await send({"type": "http.response.body", "body": b"", "more_body": False})
    await send({"type": "http.response.trailers", "headers": headers, "more_trailers": False})


def frame(message: bytes) -> bytes:
    return b"\0" + len(message).to_bytes(4, "big") + message


def timeout_of(headers: Mapping[bytes, bytes]) -> float | None:
    """The deadline that the client gave, in seconds from now."""
    value = headers.get(b"grpc-timeout")
    if not value or not value[:-1].isdigit():
        return None
    return int(value[:-1]) * _UNITS.get(value[-1:], 1.0)


_UNITS = {b"H": 3600.0, b"M": 60.0, b"S": 1.0, b"m": 1e-3, b"u": 1e-6, b"n": 1e-9}


def _status_headers(status: Status) -> list[tuple[bytes, bytes]]:
    message = quote(str(status)[:4000], safe=" !\"#$&'()*+,-./:;<=>?@[]^_`{|}~\\")
    return [
        (b"grpc-status", str(int(status.code)).encode()),
        (b"grpc-message", message.encode()),
    ]


def _too_large(length: int) -> Status:
    return Status(
        Code.RESOURCE_EXHAUSTED,
        f"gRPC message exceeds maximum size {MAX_MESSAGE_BYTES}: {length}. Send less at once.",
    )


def _decompress(payload: bytes, encoding: bytes) -> bytes:
    if encoding == b"identity":
        return payload
    if encoding not in (b"gzip", b"deflate"):
        raise Status(
            Code.UNIMPLEMENTED,
            f"compression '{encoding.decode(errors='replace')}' is not supported: use gzip",
        )
    opener = zlib.decompressobj(47)
    try:
        plain = opener.decompress(payload, MAX_MESSAGE_BYTES + 1)
    except zlib.error as fault:
        raise Status(
            Code.INVALID_ARGUMENT, f"the message can't be decompressed: {fault}"
        ) from fault
    if len(plain) > MAX_MESSAGE_BYTES:
        raise _too_large(len(plain))
    return plain
