"""The public keys of a token issuer: in a file, or at an https URL.

    a file    looked at once a second; a key that was taken out is trusted no more
    a URL     fetched when the broker starts, every five minutes, and for a key that is not known

Who comes with a key that is not known waits for a fetch, and all who wait share one. Between two fetches
is a pause, so that made-up keys never make the broker ask an issuer more often than that. What can't be
used is told in the log, and the last keys stay; while there are none, or the issuer can't be asked for
the one that is wanted, the answer is UNAVAILABLE: whoever is right may come again.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import ssl
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from http.client import HTTPException, HTTPResponse, HTTPSConnection
from pathlib import Path
from typing import Any, Protocol
from urllib.request import (
    HTTPDefaultErrorHandler,
    HTTPErrorProcessor,
    HTTPRedirectHandler,
    HTTPSHandler,
    OpenerDirector,
    ProxyHandler,
    Request,
    UnknownHandler,
)

import msgspec
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from remit.base.errors import Fault
from remit.gateway.faults import Code, Status
from remit.gateway.latest import Latest

KEYS_SECONDS = 300.0

PAUSE_SECONDS = 2.0
"""Between the end of one fetch and the next, whoever asks."""

ANSWER_SECONDS = 3.0
"""For the connection, for its handshake, and for all of the answer."""

WAIT_SECONDS = 10.0
"""A caller waits no longer for a fetch, the pause before it included."""

WAITING = 1_000
"""Callers that may wait at once."""

LARGEST = 1024 * 1024
KINDS = ("RSA", "EC", "OKP")

log = logging.getLogger("remit.gateway")


class Keys(Protocol):
    def now(self) -> KeySet | None:
        """Those that are trusted; None while there are none yet."""
        ...

    def look_again(self) -> None:
        """One of them did not fit: others may be there soon."""
        ...

    async def renewed(self) -> None:
        """Comes back when they are as new as can be; raises `Status` when they can't be had."""
        ...


def issuer_keys(source: str, authority: str = "") -> KeySet:
    """The public keys in a file or at an https URL; those of a kind that signs no token are left out.

    `authority` is the file of the one that signed the server's certificate; empty for whom this machine
    trusts. Raises `Fault` with a sentence.
    """
    try:
        is_url = source.startswith("https://")
        content = _fetched(source, authority) if is_url else Path(source).read_bytes()
        found = msgspec.json.decode(content, type=dict[str, Any]).get("keys")
        if not isinstance(found, list) or not all(isinstance(key, dict) for key in found):
            raise ValueError("it is no JWK set: 'keys' is no list of objects")
        usable = [key for key in found if key.get("kty") in KINDS]
        if not usable:
            raise ValueError(f"it holds no key of kind {', '.join(KINDS)}")
        return KeySet.import_key_set({"keys": usable})
    except _UNUSABLE as fault:
        raise Fault(f"the keys of the token issuer can't be read from {source}: {fault}") from fault


_UNUSABLE = (OSError, HTTPException, ValueError, TypeError, KeyError, JoseError, RecursionError)


class KeysInFile(Latest[KeySet]):
    def __init__(self, path: str, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(Path(path), lambda path: issuer_keys(str(path)), clock)

    def look_again(self) -> None:
        """It is looked at anyway."""

    async def renewed(self) -> None:
        """It is as new as can be."""


class KeysAtUrl:
    """Fetched by a thread that nobody has to wait for, least of all a broker that ends."""

    def __init__(self, url: str, authority: str = "") -> None:
        self._url = url
        self._authority = authority
        self._keys: KeySet | None = None
        self._fault = ""
        self._ended = time.monotonic() - PAUSE_SECONDS
        self._waiting = 0
        self._fetching = self._begin()

    def now(self) -> KeySet | None:
        if time.monotonic() - self._ended > KEYS_SECONDS:
            self._begin_once()
        return self._keys

    def look_again(self) -> None:
        """Not for every wrong token: a fetch that is under way, or has just been, will do."""
        if time.monotonic() - self._ended > PAUSE_SECONDS:
            self._begin_once()

    async def renewed(self) -> None:
        if self._fault and time.monotonic() - self._ended < PAUSE_SECONDS:
            raise _unavailable()
        if self._waiting >= WAITING:
            raise Status(
                Code.RESOURCE_EXHAUSTED, "too many callers wait for the keys of the token issuer"
            )
        fetching = asyncio.shield(asyncio.wrap_future(self._begin_once()))
        self._waiting += 1
        try:
            await asyncio.wait_for(fetching, WAIT_SECONDS)
        except TimeoutError:
            raise _unavailable() from None
        finally:
            self._waiting -= 1
        if self._fault:
            raise _unavailable()

    def _begin_once(self) -> Future[None]:
        if self._fetching.done():
            self._fetching = self._begin()
        return self._fetching

    def _begin(self) -> Future[None]:
        fetching: Future[None] = Future()
        threading.Thread(target=self._fetch, args=(fetching,), name="jwks", daemon=True).start()
        return fetching

    def _fetch(self, fetching: Future[None]) -> None:
        time.sleep(max(0.0, self._ended + PAUSE_SECONDS - time.monotonic()))
        try:
            self._keys = issuer_keys(self._url, self._authority)
            if self._fault:
                log.warning("the keys of the token issuer can be read again from %s", self._url)
            self._fault = ""
        except Exception as fault:  # whoever waits is told, whatever it was
            self._fault = str(fault)
            kept = "the last ones stay" if self._keys else "no token is taken until they can be"
            log.error("%s; %s", fault, kept)
        finally:
            self._ended = time.monotonic()
            fetching.set_result(None)


def _unavailable() -> Status:
    return Status(
        Code.UNAVAILABLE,
        "the token can't be judged: the keys of its issuer can't be read just now (the broker's log "
        "says why); try again in a moment",
    )


def _fetched(url: str, authority: str) -> bytes:
    """What is at an https URL, also by way of a proxy (`https_proxy`) or of another https URL.

    Raises `OSError`, `HTTPException` and `ValueError`.
    """
    opener = OpenerDirector()  # of its own: one that knows no plain http can't be sent there
    for handler in (
        ProxyHandler(), _Https(ssl.create_default_context(cafile=authority or None)),
        HTTPDefaultErrorHandler(), HTTPErrorProcessor(), HTTPRedirectHandler(),
        UnknownHandler(),
    ):  # fmt: skip
        opener.add_handler(handler)
    begun = time.monotonic()
    try:
        with opener.open(url, timeout=ANSWER_SECONDS) as answer:
            content: bytes = answer.read(LARGEST + 1)
    except (OSError, HTTPException):
        if time.monotonic() - begun < ANSWER_SECONDS:
            raise
        content = b""
    if time.monotonic() - begun >= ANSWER_SECONDS:
        raise ValueError(f"no whole answer has come within {ANSWER_SECONDS:.0f} seconds")
    if len(content) > LARGEST:
        raise ValueError(f"it is longer than {LARGEST} bytes")
    return content


class _Connection(HTTPSConnection):
    """Ends when the answer has not come in time as a whole, however often a little of it comes."""

    def connect(self) -> None:
        super().connect()
        watch = threading.Timer(ANSWER_SECONDS, _cut, [self.sock])
        watch.daemon = True
        watch.start()


class _Https(HTTPSHandler):
    def __init__(self, trusted: ssl.SSLContext) -> None:
        super().__init__(context=trusted)
        self._trusted = trusted

    def https_open(self, req: Request) -> HTTPResponse:
        return self.do_open(_Connection, req, context=self._trusted)


def _cut(connection: socket.socket) -> None:
    """Whoever reads from it gets no more."""
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
