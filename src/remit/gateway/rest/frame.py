"""How a REST operation is declared, found, read and answered.

    Operation("POST", "/jobs/{jobKey}/failure", "failJob", fail, request=Failure, success=204)

`handle(call, body)` gets what is around the request and its body, read as `request` (a `Body`), and
returns an `Answer`, a list of them, or None for an empty answer. Properties that `request` does not have
are refused; keys are decimal texts in both directions. Everything that goes wrong is a problem document.
The OpenAPI document is made of the same declarations (`openapi.py`).
"""

from __future__ import annotations

import logging
import re
import zlib
from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Annotated, Any, Protocol
from urllib.parse import parse_qsl, unquote

import msgspec
from msgspec import Meta, Struct
from msgspec.structs import replace

from remit.base.errors import Overloaded
from remit.gateway.auth import Unsure
from remit.gateway.broker import Broker
from remit.gateway.faults import Code, Problem, Status, of_fault
from remit.gateway.rest.brief import Brief, Client, Headers, Later
from remit.history.searching import Entity
from remit.protocol.replies import Reply
from remit.protocol.values import Header

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

WHOLE = "remit.whole"
"""Where a `Whole` stands among the extensions of a scope, if the server has one."""

ASKED = "remit.asked"
"""Stands there too when the request has been on the short way, where nothing was found for it."""

MAX_BODY_BYTES = 5 * 1024 * 1024

log = logging.getLogger("remit.gateway")

Key = Annotated[str, Meta(pattern=r"^-?[0-9]{1,19}$", description="A key, in decimal digits.")]


class Body(Struct, rename="camel", forbid_unknown_fields=True, kw_only=True):
    """Base of request bodies."""


class Answer(Struct, rename="camel", kw_only=True):
    """Base of answers; every field is always there, with null where there is nothing."""


@dataclass(frozen=True, slots=True)
class Page:
    """An answer that is no JSON."""

    content: bytes
    media_type: str


@dataclass(slots=True)
class Call:
    """What is around a request. `path` holds the parameters of its path, `query` the last of each."""

    broker: Broker
    header: Header
    path: Mapping[str, str]
    query: Mapping[str, str]
    scope: Scope = field(repr=False)
    receive: Receive = field(repr=False)
    content: bytes = b""

    @property
    def client(self) -> str:
        """By what limits know who calls."""
        return self.broker.client(self.header.actor, self.scope)

    @property
    def was_asked(self) -> bool:
        """The short way has found nothing, just now."""
        return ASKED in self.scope.get("extensions", _NOTHING)

    def key(self, name: str) -> int:
        """A key in the path; raises `Status` for what is no number."""
        return key_of(self.path[name], name)


Handle = Callable[[Call, Any], Awaitable[Any]]

Make = Callable[[Call, Any], Brief | None]
"""What a request comes down to; None when it is not that simple. Raises `Status`."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """What may stand in the query of an address; `schema` is JSON Schema's."""

    name: str
    schema: Mapping[str, Any]
    is_required: bool = False


@dataclass(frozen=True, slots=True)
class Operation:
    """`path` as the public API has it, below /v2. `request` None: there is no body, or any is fine.

    `query` is told by the OpenAPI document; reading it is `handle`'s. `searched` is the entity that a
    search is about: its properties stand in that document. `is_open`: needs no credentials while there
    is nobody who could have any. `brief` takes the short way where it can: to a command that is answered
    in the same turn.
    """

    method: str
    path: str
    name: str
    handle: Handle
    request: type[Body] | None = None
    answer: Any = None
    success: int = 200
    reads_body: bool = True
    summary: str = ""
    searched: Entity | None = None
    is_open: bool = False
    brief: Make | None = None
    query: tuple[Parameter, ...] = ()


def always_brief(
    method: str, path: str, name: str, make: Callable[[Call, Any], Brief], request: type[Body]
) -> Operation:
    """The operation of a request that comes down to one command, whichever way it goes; 204."""

    async def handle(call: Call, body: Any) -> Any:
        brief = make(call, body)
        return brief.told(await brief.partition.ask(brief.command, call.header))

    return Operation(method, path, name, handle, request=request, success=204, brief=make)


def key_of(text: str, name: str) -> int:
    """
    >>> key_of("2251799813685249", "jobKey")
    2251799813685249
    """
    if _is_key(text) is not None:
        found = int(text)
        if -(1 << 63) <= found < 1 << 63:
            return found
    raise Status(Code.INVALID_ARGUMENT, f"The provided {name} '{text[:40]}' is not a valid key")


_is_key = re.compile(r"-?[0-9]{1,19}").fullmatch


class BadRequest(Exception):
    """The body is not what the operation takes: a 400 with the plain title."""


@dataclass(slots=True)
class _Place:
    """One step of the paths: literal steps first, then a parameter."""

    steps: dict[str, _Place] = field(default_factory=dict)
    parameter: _Place | None = None
    name: str = ""
    methods: dict[str, _Entry] = field(default_factory=dict)


@dataclass(slots=True)
class _Entry:
    operation: Operation
    names: tuple[str, ...]
    decoder: msgspec.json.Decoder[Any] | None


class Rest:
    """All operations under /v2, as an ASGI application. Others go to `otherwise`."""

    def __init__(
        self,
        broker: Broker,
        operations: Iterable[Operation],
        otherwise: Callable[[Scope, Receive, Send], Awaitable[None]],
    ) -> None:
        self._broker = broker
        self._root = _Place()
        self._fixed: dict[tuple[str, bytes], _Entry] = {}
        self._otherwise = otherwise
        for operation in operations:
            self._add(operation)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path: str = scope["path"]
        if not path.startswith("/v2/") and path != "/v2":
            await self._otherwise(scope, receive, send)
            return
        try:
            status, content, media_type = await self._answer(scope, receive)
        except Exception as fault:
            status, content, media_type = _refusal(fault, path)
        await _send(scope, send, status, content, media_type)

    def quick(
        self,
        method: str,
        path: bytes,
        headers: Mapping[bytes, bytes],
        content: bytes,
        client: Client,
    ) -> bool:
        """The short way of operations that are `brief`: answered at once or later, without a task.

        The request has come in whole; `path` is plain, without a query. False: it is to go the usual
        way, and nothing has happened.
        """
        found = self._look_up(method, path) if path.startswith(b"/v2/") else None
        if found is None or found[0].operation.brief is None or b"content-encoding" in headers:
            return False
        asking = _Asking(client, path, found[0].operation)
        try:
            return self._take(asking, found, headers, content)
        except Exception as fault:
            if isinstance(fault, Unsure) or asking.can_wait_for(fault):
                return False
            asking.set_exception(fault)
            return True

    def _take(
        self, asking: _Asking, found: _Found, headers: Mapping[bytes, bytes], content: bytes
    ) -> bool:
        """False for what is not brief after all. Raises what is wrong: the credentials first."""
        entry, values = found
        scope, make = asking.client.caller, entry.operation.brief
        path = dict(zip(entry.names, values, strict=True)) if values else _NOTHING
        call = Call(self._broker, _BLANK, path, _NOTHING, scope, _received_already)
        wrong: Exception | None = None
        body = brief = None
        try:
            body = _decode(entry, content, headers)
            brief = None if make is None else make(call, body)
        except Exception as fault:
            wrong = fault
        if brief is None and wrong is None:
            return False
        header = self._broker.authenticate_nowait(headers, scope)
        if wrong is not None or brief is None:
            raise wrong or AssertionError("neither a command nor a fault")
        asking.brief = brief
        brief.partition.take(brief.command, _with_reference(header, body), asking)
        return True

    async def _answer(self, scope: Scope, receive: Receive) -> tuple[int, bytes, bytes]:
        headers = dict(scope["headers"])
        entry, values = self._find(scope)
        operation = entry.operation
        path = dict(zip(entry.names, values, strict=True)) if values else _NOTHING
        header = await self._broker.authenticate(headers, scope, is_open=operation.is_open)
        call = Call(self._broker, header, path, _query(scope), scope, receive)
        if operation.reads_body:
            call.content = await read_body(scope, receive, headers)
        body = _decode(entry, call.content, headers)
        call.header = _with_reference(header, body)
        return _answer(operation, await operation.handle(call, body))

    def _add(self, operation: Operation) -> None:
        place, names = self._root, []
        for step in operation.path.strip("/").split("/"):
            if step.startswith("{"):
                names.append(step[1:-1])
                if place.parameter is None:
                    place.parameter = _Place()
                place = place.parameter
            else:
                place = place.steps.setdefault(step, _Place())
        request = operation.request
        decoder = None if request is None else msgspec.json.Decoder(request)
        assert operation.method not in place.methods, f"{operation.path} is declared twice"
        entry = _Entry(operation, tuple(names), decoder)
        place.methods[operation.method] = entry
        if not names:
            self._fixed[operation.method, b"/v2" + operation.path.encode()] = entry

    def _find(self, scope: Scope) -> _Found:
        """Raises `Status` where nothing is."""
        method, raw = scope["method"], scope.get("raw_path") or scope["path"].encode()
        found = self._look_up(method, raw)
        if found is not None:
            return found
        place, _ = self._walk(raw)
        if place is not None and place.methods:
            allowed = ", ".join(sorted(place.methods))
            raise Status(
                Code.NOT_FOUND,
                f"{scope['path']} does not answer to {method}, only to {allowed}",
            )
        raise Status(Code.NOT_FOUND, f"there is no resource at {scope['path']}")

    def _look_up(self, method: str, raw: bytes) -> _Found | None:
        """The operation, and what stands in its path for the parameters."""
        fixed = self._fixed.get((method, raw))
        if fixed is not None:
            return fixed, []
        place, values = self._walk(raw)
        entry = None if place is None else place.methods.get(method)
        return None if entry is None else (entry, values)

    def _walk(self, raw: bytes) -> tuple[_Place | None, list[str]]:
        """The place that a path leads to, if to any."""
        place, values = self._root, []
        for step in raw.partition(b"?")[0].decode("latin-1").strip("/").split("/")[1:]:
            found = place.steps.get(step)
            if found is None:
                found = place.parameter
                values.append(unquote(step))
            if found is None:
                return None, values
            place = found
        return place, values


_Found = tuple[_Entry, list[str]]


class _Asking:
    """A request on the short way: the `Asker` that the partition tells the reply."""

    __slots__ = ("_operation", "_path", "brief", "client")

    def __init__(self, client: Client, path: bytes, operation: Operation) -> None:
        self.client = client
        self._path = path
        self._operation = operation
        self.brief: Brief | None = None

    def done(self) -> bool:
        return self.client.is_gone

    def set_result(self, reply: Reply) -> None:
        assert self.brief is not None
        try:
            status, content, media_type = _answer(self._operation, self.brief.told(reply))
        except Later:
            self.client.go_usual_way()
        except Exception as fault:
            self.set_exception(fault)
        else:
            self.client.tell(status, _headers(status, media_type), content)

    def can_wait_for(self, fault: BaseException) -> bool:
        return isinstance(fault, Overloaded) and self.brief is not None and self.brief.can_wait

    def set_exception(self, fault: BaseException) -> None:
        if self.can_wait_for(fault):
            self.client.go_usual_way()
            return
        path = self._path.decode("ascii")
        status, content, media_type = _refusal(fault, path)
        self.client.tell(status, _headers(status, media_type), content)


async def _received_already() -> Any:
    """The `receive` of a request on the short way, which has come in whole: nothing comes any more."""
    return {"type": "http.request", "body": b"", "more_body": False}


JSON = b"application/json"
PROBLEM = b"application/problem+json"

_encode = msgspec.json.Encoder().encode


async def read_body(scope: Scope, receive: Receive, headers: Mapping[bytes, bytes]) -> bytes:
    """The whole body; raises `Status` when it is too large."""
    whole = _whole(scope)
    body = None if whole is None else whole.body()
    if body is None:
        body = await _received(receive, headers)
    if len(body) > MAX_BODY_BYTES:
        raise _too_large(len(body))
    if headers.get(b"content-encoding", b"") == b"gzip":
        return _unzip(body)
    return body


async def _received(receive: Receive, headers: Mapping[bytes, bytes]) -> bytes:
    announced = headers.get(b"content-length", b"0")
    if announced.isdigit() and int(announced) > MAX_BODY_BYTES:
        raise _too_large(int(announced))
    body, more = b"", True
    while more and len(body) <= MAX_BODY_BYTES:
        event = await receive()
        if event["type"] == "http.disconnect":
            raise Status(Code.CANCELLED, "the client went away")
        body += event.get("body", b"")
        more = event.get("more_body", False)
    return body


TOO_LARGE = Problem(413, "Content Too Large")


def _too_large(size: int) -> Status:
    return Status(
        Code.INVALID_ARGUMENT,
        f"The request has {size} bytes, more than the {MAX_BODY_BYTES} that are taken",
        TOO_LARGE,
    )


def _unzip(body: bytes) -> bytes:
    try:
        unzip = zlib.decompressobj(wbits=31)
        plain = unzip.decompress(body, MAX_BODY_BYTES)
    except zlib.error as fault:
        raise BadRequest(f"The body is no gzip: {fault}") from fault
    if unzip.unconsumed_tail:
        raise Status(
            Code.INVALID_ARGUMENT, f"The request has more than {MAX_BODY_BYTES} bytes", TOO_LARGE
        )
    return plain


def _decode(entry: _Entry, content: bytes, headers: Mapping[bytes, bytes]) -> Any:
    if entry.decoder is None:
        return None
    given = headers.get(b"content-type", JSON)
    if content and given != JSON:
        media_type = given.split(b";")[0].strip().lower()
        if media_type not in (JSON, b""):
            raise BadRequest(
                f"Content-Type '{media_type.decode('latin-1')}' is not supported: send JSON"
            )
    try:
        return entry.decoder.decode(content or b"{}")
    except msgspec.ValidationError as fault:
        raise BadRequest(_said(str(fault))) from fault
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as fault:
        raise BadRequest(f"Request body is no JSON: {fault}") from fault


def _with_reference(header: Header, body: Any) -> Header:
    """A number that the client chose: it is on every record of what the command does."""
    reference = getattr(body, "operation_reference", None)
    if reference is None:
        return header
    if not 0 < reference < 1 << 63:
        raise Status(
            Code.INVALID_ARGUMENT,
            f"The value for operationReference is '{reference}' but must be > 0.",
        )
    return replace(header, operation_reference=reference)


_UNKNOWN = re.compile(r"Object contains unknown field `(.*)`")
_MISSING = re.compile(r"Object missing required field `(.*?)`(.*)")


def _said(fault: str) -> str:
    """Validation faults in the words that clients look for.

    >>> _said("Object contains unknown field `maxJobs`")
    'Request property [maxJobs] cannot be parsed'
    """
    unknown, missing = _UNKNOWN.search(fault), _MISSING.search(fault)
    if unknown is not None:
        return f"Request property [{unknown[1]}] cannot be parsed"
    if missing is not None:
        return f"No {missing[1]} provided{missing[2]}."
    return f"Request property cannot be parsed: {fault}"


def _query(scope: Scope) -> Mapping[str, str]:
    text = scope.get("query_string", b"")
    if not text:
        return _NOTHING
    return dict(parse_qsl(text.decode("latin-1"), keep_blank_values=True, max_num_fields=50))


def _answer(operation: Operation, found: Any) -> tuple[int, bytes, bytes]:
    """Status, content and media type of what an operation has found."""
    if found is None:
        return operation.success if operation.success != 200 else 204, b"", b""
    if isinstance(found, Page):
        return operation.success, found.content, found.media_type.encode()
    return operation.success, _encode(found), JSON


def _refusal(fault: BaseException, path: str) -> tuple[int, bytes, bytes]:
    """The same of what went wrong: a problem document."""
    if isinstance(fault, BadRequest):
        return *_problem(400, "Bad Request", str(fault), path), PROBLEM
    known = of_fault(fault)
    if known.code is Code.INTERNAL and not isinstance(fault, Status):
        log.error("unexpected fault", exc_info=fault, extra={"path": path})
    twin = known.problem
    return *_problem(twin.http, twin.title, str(known), path), PROBLEM


def _problem(status: int, title: str, detail: str, instance: str) -> tuple[int, bytes]:
    return status, _encode(
        {
            "type": "about:blank", "title": title, "status": status, "detail": detail,
            "instance": instance,
        }
    )  # fmt: skip


class Whole(Protocol):
    """A server that takes a request, and sends an answer, in one piece: in less time, in one packet."""

    def body(self) -> bytes | None:
        """All of it, if it has come in; it is handed out once. None: `receive` it."""
        ...

    def answer(self, status: int, headers: Headers, content: bytes) -> Awaitable[None]:
        """`headers` without the length, which is told for all but 204."""
        ...


async def _send(scope: Scope, send: Send, status: int, content: bytes, media_type: bytes) -> None:
    headers = _headers(status, media_type)
    whole = _whole(scope)
    if whole is not None:
        await whole.answer(status, headers, content)
        return
    length = () if status == 204 else ((b"content-length", b"%d" % len(content)),)
    await send({"type": "http.response.start", "status": status, "headers": [*length, *headers]})
    await send({"type": "http.response.body", "body": content})


def _whole(scope: Scope) -> Whole | None:
    found: Whole | None = scope.get("extensions", _NOTHING).get(WHOLE)
    return found


@lru_cache(256)
def _headers(status: int, media_type: bytes) -> Headers:
    headers = []
    if media_type:
        headers.append((b"content-type", media_type))
    if status == 429:
        headers.append((b"retry-after", b"1"))
    if status == 401:
        headers.append((b"www-authenticate", b'Basic realm="remit", Bearer'))
    return tuple(headers)


_NOTHING: Mapping[str, Any] = {}
_BLANK = Header()
