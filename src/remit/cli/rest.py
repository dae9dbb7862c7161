"""The REST API as verbs use it: an address, one call, the same answers and exit codes as over gRPC."""

from __future__ import annotations

import http.client
import json
import os
import socket
import ssl
import sys
from collections.abc import Callable, Mapping
from typing import Any, NoReturn
from urllib.parse import quote, urlsplit

import click
import msgspec

from remit.cli.connection import REFUSED, UNREACHABLE, Tls, show_rows, tls_options

DEFAULT_ADDRESS = "127.0.0.1:8080"
SECONDS = 30.0
NOT_NOW = (408, 429, 503, 504)


class RestConnection:
    """Asks operations below /v2 and shows what they answer."""

    def __init__(self, address: str, *, as_json: bool, tls: Tls | None = None) -> None:
        has_scheme = "://" in address
        parts = urlsplit(address if has_scheme else f"http://{address}")
        self._host, self._address = parts.netloc, address
        self._context: ssl.SSLContext | None = None
        if tls or parts.scheme == "https":
            self._context = (tls or Tls()).context()
        self.as_json = as_json

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """The answer, None where there is none; ends the program with a sentence when it is refused."""
        headers = {"content-type": "application/json"}
        if os.environ.get("REMIT_AUTHORIZATION"):
            headers["authorization"] = os.environ["REMIT_AUTHORIZATION"]
        content = None if body is None else json.dumps(body)
        try:
            connection = self._open()
            connection.request(method, f"/v2{path}", content, headers)
            answer = connection.getresponse()
            text = answer.read()
            connection.close()
        except ssl.SSLError as fault:
            self._fail(UNREACHABLE, f"{self._address} and this client don't agree on TLS: {fault}")
        except (OSError, http.client.HTTPException, socket.gaierror):
            said = f"no broker answers at {self._address}; start one with `remit serve`"
            self._fail(UNREACHABLE, said)
        if answer.status >= 400:
            code = UNREACHABLE if answer.status in NOT_NOW else REFUSED
            self._fail(code, _problem(answer.status, text))
        return msgspec.json.decode(text) if text else None

    def all(self, path: str, wanted: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
        """Every item of a search, page after page."""
        found: list[dict[str, Any]] = []
        page: dict[str, Any] = {"limit": 1000}
        while True:
            answer = self.ask("POST", f"{path}/search", {**(wanted or {}), "page": page})
            found += answer["items"]
            if len(answer["items"]) < 1000:
                return found
            page = {"limit": 1000, "after": answer["page"]["endCursor"]}

    def show(self, rows: list[Mapping[str, object]]) -> None:
        show_rows(rows, as_json=self.as_json)

    def _open(self) -> http.client.HTTPConnection:
        if self._context is None:
            return http.client.HTTPConnection(self._host, timeout=SECONDS)
        return http.client.HTTPSConnection(self._host, timeout=SECONDS, context=self._context)

    def _fail(self, code: int, said: str) -> NoReturn:
        if self.as_json:
            click.echo(msgspec.json.encode({"error": said}).decode())
        else:
            click.echo(said, err=True)
        sys.exit(code)


def step(name: str) -> str:
    """A name as one step of a path."""
    return quote(name, safe="")


def _problem(status: int, text: bytes) -> str:
    try:
        problem = msgspec.json.decode(text)
        return f"{problem['title']}: {problem['detail']}"
    except (msgspec.DecodeError, KeyError, TypeError):
        return f"HTTP {status}: {text[:300].decode(errors='replace')}"


def rest_connected(verb: Callable[..., None]) -> Callable[..., None]:
    """Give a verb `--http-address`, `--json` and those of TLS, and a `RestConnection` first."""

    @click.option(
        "--http-address", envvar="REMIT_HTTP_ADDRESS", default=DEFAULT_ADDRESS, show_default=True,
        help="Where the broker's HTTP port is; https:// in front of it speaks TLS.",
    )  # fmt: skip
    @tls_options
    @click.option("--json", "as_json", is_flag=True, help="Answer in JSON, one object to a line.")
    def run(http_address: str, as_json: bool, tls: Tls, **arguments: Any) -> None:
        verb(RestConnection(http_address, as_json=as_json, tls=tls), **arguments)

    run.__doc__ = verb.__doc__
    run.__click_params__ = [*getattr(verb, "__click_params__", []), *run.__click_params__]  # type: ignore[attr-defined]
    return run
