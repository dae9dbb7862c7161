"""What every verb shares: the broker's address, one call, one way to show an answer.

Exit codes: 0 done, 1 refused by the broker, 2 wrong usage, 3 broker not reached or not able now.
"""

from __future__ import annotations

import os
import ssl
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import quote, urlsplit

import click
import grpc
import msgspec
from rich.console import Console

from remit.cli.tables import Rows, show
from remit.protocol.values import GLASS_HEADER
from remit.protocol.wire.stubs import gateway_pb2 as pb

DEFAULT_ADDRESS = "127.0.0.1:26500"
REFUSED, UNREACHABLE = 1, 3
PAGE = 1000
_NOT_NOW = (
    grpc.StatusCode.UNAVAILABLE,
    grpc.StatusCode.DEADLINE_EXCEEDED,
    grpc.StatusCode.RESOURCE_EXHAUSTED,
)


class Connection:
    """Calls methods of the gateway at one address and shows what they answer."""

    def __init__(self, address: str, *, as_json: bool, tls: Tls | None = None) -> None:
        self._address = bare_address(address)
        self._tls = (tls or Tls()) if tls or address.startswith("https://") else None
        if self._tls is not None:
            self._channel = grpc.secure_channel(self._address, self._tls.credentials())
        else:
            self._channel = grpc.insecure_channel(self._address)
        self.as_json = as_json
        self.broken_glass: str | None = None

    def call(self, method: str, request: Any, *, timeout: float = 20.0) -> Any:
        """The answer; ends the program with a sentence and an exit code when there is none."""
        response = getattr(pb, f"{method}Response")
        ask = self._channel.unary_unary(
            f"/gateway_protocol.Gateway/{method}",
            request_serializer=type(request).SerializeToString,
            response_deserializer=response.FromString,
        )
        try:
            return ask(request, timeout=timeout, metadata=self._said())
        except grpc.RpcError as fault:
            self._fail(fault)

    def rest(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """The answer of a REST operation, which the gRPC port serves as well; None when it is empty.

        Ends the program with a sentence and an exit code when there is none.
        """
        headers = {"content-type": "application/json", **dict(self._said())}
        content = None if body is None else msgspec.json.encode(body)
        scheme, context = ("http", None) if self._tls is None else ("https", self._tls.context())
        url = f"{scheme}://{self._address}/v2{path}"
        request = urllib.request.Request(url, content, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60, context=context) as answer:
                found = answer.read()
        except urllib.error.HTTPError as fault:
            self._end(fault.status or 500, *_problem(fault))
        except OSError as fault:
            self._end(503, "UNAVAILABLE", self._why(str(fault)))
        return msgspec.json.decode(found) if found else None

    def _said(self) -> tuple[tuple[str, str], ...]:
        """What goes along with a call: who we are, and why we break the glass."""
        if self.broken_glass is None:
            return _credentials()
        return (*_credentials(), (GLASS_HEADER, quote(self.broken_glass, safe=_AS_IT_IS)))

    def search(self, path: str, wanted: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
        """Every item of a search, page after page."""
        found: list[dict[str, Any]] = []
        page: dict[str, Any] = {"limit": PAGE}
        while True:
            answer = self.rest("POST", f"{path}/search", {**(wanted or {}), "page": page})
            found += answer["items"]
            if len(answer["items"]) < PAGE:
                return found
            page = {"limit": PAGE, "after": answer["page"]["endCursor"]}

    def show(self, row: Mapping[str, object]) -> None:
        """One answer: a line of JSON, or a plain table."""
        self.show_all([row])

    def show_all(self, rows: Sequence[Mapping[str, object]]) -> None:
        if self.as_json:
            for row in rows:
                click.echo(msgspec.json.encode(row).decode())
            return
        if not rows:
            click.echo("there are none", err=True)
            return
        texts = [["" if each is None else str(each) for each in row.values()] for row in rows]
        show(Console(), Rows(list(rows[0]), texts))

    def _fail(self, fault: grpc.RpcError) -> None:
        code, said = fault.code(), fault.details() or ""
        if code is grpc.StatusCode.UNAVAILABLE:
            said = self._why(said)
        if code is grpc.StatusCode.UNAUTHENTICATED:
            said += hint(401)
        self._say(code.name, said)
        sys.exit(UNREACHABLE if code in _NOT_NOW else REFUSED)

    def _why(self, said: str) -> str:
        """Why nobody was reached, in a sentence."""
        if _is_about_tls(said):
            return f"{self._address} and this client don't agree on TLS: {said}"
        if "resolving" in said or "name resolution" in said:
            return f"no machine is known by the name in '{self._address}'"
        if "onnect" in said and self._tls is not None:
            return (
                f"no broker answers at {self._address}, or none that takes us: it may want a "
                f"certificate that it knows (--tls-cert, --tls-key)"
            )
        if "onnect" in said:
            return f"no broker answers at {self._address}; start one with `remit serve`"
        return said

    def _end(self, status: int, title: str, said: str) -> NoReturn:
        self._say(title, said + hint(status))
        sys.exit(UNREACHABLE if status >= 503 or status == 429 else REFUSED)

    def _say(self, title: str, said: str) -> None:
        if self.as_json:
            click.echo(msgspec.json.encode({"error": title, "message": said}).decode())
        else:
            click.echo(f"{title}: {said}", err=True)


def bare_address(address: str) -> str:
    """HOST or HOST:PORT, without the scheme; wrong usage when it is neither.

    >>> bare_address("https://broker.example:26500/")
    'broker.example:26500'
    """
    bare = address.removeprefix("https://").removeprefix("http://").rstrip("/")
    try:
        parts = urlsplit(f"//{bare}")
        is_one = bool(parts.hostname) and parts.netloc == bare and parts.port != 0
    except ValueError:
        is_one = False
    if not is_one or any(sign.isspace() for sign in bare):
        raise click.UsageError(f"'{address}' is no address: write HOST:PORT")
    return bare


def hint(status: int) -> str:
    """What to do about a refusal, where it is not known to everybody."""
    if status == 401 and not os.environ.get("REMIT_AUTHORIZATION"):
        return ': say who you are by REMIT_AUTHORIZATION="Bearer KEY" or "Basic …"'
    return ""


def _problem(fault: urllib.error.HTTPError) -> tuple[str, str]:
    """Title and detail of a refusal."""
    try:
        told = msgspec.json.decode(fault.read())
    except msgspec.DecodeError:
        return str(fault.status), fault.reason
    return str(told.get("title", fault.status)), str(told.get("detail", ""))


def step(name: str) -> str:
    """A name as one step of a path."""
    return quote(name, safe="")


@dataclass(frozen=True)
class Tls:
    """Paths of PEM files: who signed the broker's certificate (empty: whom this system trusts), and our
    own certificate with its key."""

    authority: str = ""
    certificate: str = ""
    key: str = ""

    def __bool__(self) -> bool:
        return bool(self.authority or self.certificate or self.key)

    def credentials(self) -> grpc.ChannelCredentials:
        authority, certificate, key = (
            Path(path).read_bytes() if path else None
            for path in (self.authority, self.certificate, self.key)
        )
        if (certificate is None) != (key is None):
            raise click.UsageError("--tls-cert and --tls-key go together")
        return grpc.ssl_channel_credentials(authority, key, certificate)

    def context(self) -> ssl.SSLContext:
        """The same for HTTP."""
        if bool(self.certificate) != bool(self.key):
            raise click.UsageError("--tls-cert and --tls-key go together")
        found = ssl.create_default_context(cafile=self.authority or None)
        if self.certificate:
            found.load_cert_chain(self.certificate, self.key)
        return found


def _is_about_tls(said: str) -> bool:
    return any(
        word in said.lower() for word in ("ssl", "handshake", "certificate", "socket closed")
    )


def _credentials() -> tuple[tuple[str, str], ...]:
    """What REMIT_AUTHORIZATION says, e.g. "Bearer KEY" or "Basic bmFtZTpwYXNz"."""
    given = os.environ.get("REMIT_AUTHORIZATION")
    return (("authorization", given),) if given else ()


def connected(verb: Callable[..., None]) -> Callable[..., None]:
    """Give a verb `--address`, `--json` and those of TLS, and a `Connection` as its first argument."""

    @click.option(
        "--address", envvar="REMIT_ADDRESS", default=DEFAULT_ADDRESS, show_default=True,
        help="Where the broker's gRPC port is; https:// in front of it speaks TLS.",
    )  # fmt: skip
    @tls_options
    @click.option("--json", "as_json", is_flag=True, help="Answer in JSON, one object to a line.")
    def run(
        address: str,
        as_json: bool,
        tls_ca: str | None,
        tls_cert: str | None,
        tls_key: str | None,
        **arguments: Any,
    ) -> None:
        tls = Tls(tls_ca or "", tls_cert or "", tls_key or "")
        verb(Connection(address, as_json=as_json, tls=tls), **arguments)

    run.__doc__ = verb.__doc__
    run.__click_params__ = [*getattr(verb, "__click_params__", []), *run.__click_params__]  # type: ignore[attr-defined]
    return run


def breaking_glass(verb: Callable[..., None]) -> Callable[..., None]:
    """Give a verb that is `connected` the option `--break-glass`: all that it asks is said with it."""

    @click.option(
        "--break-glass", "reason", metavar="REASON",
        help="Say in words why this is an emergency; a policy may allow it for that.",
    )  # fmt: skip
    def run(connection: Connection, reason: str | None, **arguments: Any) -> None:
        connection.broken_glass = reason
        verb(connection, **arguments)

    run.__doc__ = verb.__doc__
    run.__click_params__ = [*getattr(verb, "__click_params__", []), *run.__click_params__]  # type: ignore[attr-defined]
    return run


_AS_IT_IS = "".join(chr(sign) for sign in range(32, 127) if chr(sign) != "%")
"""Signs of a header that are not percent-encoded."""


def tls_options(verb: Callable[..., None]) -> Callable[..., None]:
    """`tls_ca`, `tls_cert` and `tls_key`, for `Tls`."""
    for name, variable, said in (
        ("--tls-key", "REMIT_CLIENT_TLS_KEY", "The key of our certificate."),
        ("--tls-cert", "REMIT_CLIENT_TLS_CERT", "Our certificate, for a broker that asks for one."),
        ("--tls-ca", "REMIT_CLIENT_TLS_CA", "Speak TLS with a broker that this authority signed."),
    ):
        verb = _file(name, variable, said)(verb)
    return verb


def _file(
    name: str, variable: str, said: str
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """An option that is a PEM file."""
    kind = click.Path(exists=True, dir_okay=False)
    return click.option(name, envvar=variable, type=kind, help=f"{said} (PEM)")


class JsonObject(click.ParamType[str]):
    """A JSON object, or @FILE that holds one."""

    name = "JSON"

    def convert(
        self, value: str, param: click.Parameter | None, context: click.Context | None
    ) -> str:
        text = value
        if value.startswith("@"):
            try:
                with open(value[1:], encoding="utf-8") as file:
                    text = file.read()
            except OSError as fault:
                self.fail(f"{value[1:]} can't be read: {fault.strerror}", param, context)
        try:
            document = msgspec.json.decode(text)
        except msgspec.DecodeError as fault:
            self.fail(f"this is no JSON: {fault}", param, context)
        if not isinstance(document, dict):
            self.fail("this is JSON, but no object: write {...}", param, context)
        return text


def variables_option(verb: Callable[..., None]) -> Callable[..., None]:
    return click.option(
        "--variables", type=JsonObject(), default="{}", help="A JSON object, or @FILE with one."
    )(verb)
