"""What verbs that read share: the REST address, one call, tables and JSON, live views.

Exit codes as everywhere: 0 done, 1 refused by the broker, 2 wrong usage, 3 broker not reached or not
able now.
"""

from __future__ import annotations

import http.client
import os
import ssl
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

import click
import msgspec
from rich.console import Console, ConsoleRenderable
from rich.live import Live

from remit.cli.connection import REFUSED, UNREACHABLE, Tls, bare_address, hint, tls_options
from remit.cli.tables import Rows, show

DEFAULT_ADDRESS = "127.0.0.1:8080"
SECONDS = 30.0
_NOT_NOW = (429, 503, 504)

Row = Mapping[str, Any]


class RestConnection:
    """Asks the REST API at one address, and shows what it answers."""

    def __init__(
        self,
        address: str,
        *,
        as_json: bool,
        watch: bool,
        every: float,
        updates: int,
        tls: Tls | None = None,
    ) -> None:
        bare_address(urlsplit(address).netloc if "://" in address else address.split("/")[0])
        self._address = address
        self._tls = tls or Tls()
        self.as_json, self.watch = as_json, watch
        self._every, self._updates = every, updates

    def ask(self, method: str, path: str, body: object = None) -> Any:
        """The answer; ends the program with a sentence and an exit code when there is none."""
        content = None if body is None else msgspec.json.encode(body)
        headers = {"content-type": "application/json"} if content else {}
        given = os.environ.get("REMIT_AUTHORIZATION")
        if given:
            headers["authorization"] = given
        connection, base = self._open()
        try:
            connection.request(method, f"{base}/v2{path}", content, headers)
            answer = connection.getresponse()
            text = answer.read()
        except ssl.SSLError as fault:
            said = f"{self._address} and this client don't agree on TLS: {fault}"
            self._fail("UNAVAILABLE", said, UNREACHABLE)
        except (OSError, http.client.HTTPException):
            said = f"no broker answers at {self._address}; start one with `remit serve`"
            self._fail("UNAVAILABLE", said, UNREACHABLE)
        finally:
            connection.close()
        if answer.status >= 400:
            problem = _problem(answer.status, text)
            code = UNREACHABLE if answer.status in _NOT_NOW else REFUSED
            self._fail(str(problem["title"]), str(problem["detail"]) + hint(answer.status), code)
        return msgspec.json.decode(text) if text else None

    def find(self, path: str, body: object) -> list[Row]:
        rows: list[Row] = self.ask("POST", f"{path}/search", body)["items"]
        return rows

    def show_rows(self, look: Callable[[], Sequence[Row]], columns: Sequence[str]) -> None:
        """What `look` finds, once or again and again. JSON tells each row when it is new or changed."""
        told: set[bytes] = set()

        def print_new(rows: Sequence[Row]) -> None:
            lines = [msgspec.json.encode(row) for row in rows]
            for line in lines:
                if line not in told:
                    click.echo(line.decode())
            told.clear()
            told.update(lines)

        if self.as_json:
            self._repeat(lambda: print_new(look()))
        else:
            self.show_live(lambda: (table_of(look(), columns), False))

    def show_live(self, look: Callable[[], tuple[ConsoleRenderable, bool]]) -> None:
        """What `look` draws; with `--watch` again and again until it says that nothing will change.

        A terminal shows it in its place; anything else gets it whole, whenever it has changed.
        """
        console = Console()
        if not self.watch or not console.is_terminal:
            shown_last = ""

            def print_changed() -> bool:
                nonlocal shown_last
                drawn, ended = look()
                with console.capture() as capture:
                    show(console, drawn)
                if capture.get() != shown_last:
                    shown_last = capture.get()
                    click.echo(shown_last, nl=False)
                return ended

            self._repeat(print_changed)
            return
        drawn, ended = look()
        with Live(drawn, console=console, auto_refresh=False) as live:

            def draw() -> bool:
                drawn, ended = look()
                live.update(drawn, refresh=True)
                return ended

            live.refresh()
            if not ended:
                self._repeat(draw, done=1)

    def _repeat(self, turn: Callable[[], bool | None], done: int = 0) -> None:
        """Until `turn` says that it is over, the number of updates is reached, or Ctrl-C."""
        try:
            while (self.watch and done) or not done:
                if done:
                    if self._updates and done >= self._updates:
                        return
                    time.sleep(self._every)
                if turn():
                    return
                done += 1
        except KeyboardInterrupt:
            return

    def _open(self) -> tuple[http.client.HTTPConnection, str]:
        scheme = "https" if self._tls else "http"
        text = self._address if "://" in self._address else f"{scheme}://{self._address}"
        parts = urlsplit(text)
        base = parts.path.rstrip("/").removesuffix("/v2")
        try:
            host, port = parts.hostname or "", parts.port
            if parts.scheme == "https":
                context = self._tls.context()
                return http.client.HTTPSConnection(
                    host, port, timeout=SECONDS, context=context
                ), base
            return http.client.HTTPConnection(host, port, timeout=SECONDS), base
        except ValueError as fault:
            raise click.UsageError(f"'{self._address}' is no address: {fault}") from fault

    def _fail(self, code: str, said: str, status: int) -> None:
        if self.as_json:
            click.echo(msgspec.json.encode({"error": code, "message": said}).decode())
        else:
            click.echo(f"{code}: {said}", err=True)
        sys.exit(status)


def _problem(status: int, text: bytes) -> Row:
    """A problem document; something like it when another server answers."""
    try:
        found = msgspec.json.decode(text)
    except msgspec.DecodeError:
        found = None
    if isinstance(found, dict) and "title" in found and "detail" in found:
        return found
    return {"title": f"HTTP {status}", "detail": "what answers here is no Remit broker"}


def table_of(rows: Iterable[Row], columns: Sequence[str]) -> Rows:
    return Rows(columns, [[shown(row.get(name)) for name in columns] for row in rows])


def shown(value: object) -> str:
    """A value as a person reads it: nothing as a dash, moments without their milliseconds.

    >>> shown("2026-11-20T10:00:00.123Z")
    '2026-11-20 10:00:00'
    """
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        if len(value) == 24 and value[10] == "T" and value.endswith("Z"):
            return value[:19].replace("T", " ")
        return value
    return msgspec.json.encode(value).decode()


def reading(verb: Callable[..., None]) -> Callable[..., None]:
    """Give a verb `--rest-address`, `--json`, `--watch`, and a `RestConnection` to begin with."""

    @click.option(
        "--rest-address", envvar="REMIT_REST_ADDRESS", default=DEFAULT_ADDRESS, show_default=True,
        help="Where the broker's HTTP port is; https:// in front of it speaks TLS.",
    )  # fmt: skip
    @tls_options
    @click.option("--json", "as_json", is_flag=True, help="Answer in JSON, one object to a line.")
    @click.option("--watch", "-w", is_flag=True, help="Look again and again, until Ctrl-C.")
    @click.option(
        "--every", type=click.FloatRange(0.05), default=1.0, show_default=True,
        help="Seconds between two looks.",
    )  # fmt: skip
    @click.option(
        "--updates", type=click.IntRange(0), default=0, help="End after so many looks; 0: never."
    )
    def run(
        rest_address: str,
        as_json: bool,
        watch: bool,
        every: float,
        updates: int,
        tls_ca: str | None,
        tls_cert: str | None,
        tls_key: str | None,
        **given: Any,
    ) -> None:
        connection = RestConnection(
            rest_address, as_json=as_json, watch=watch, every=every, updates=updates,
            tls=Tls(tls_ca or "", tls_cert or "", tls_key or ""),
        )  # fmt: skip
        verb(connection, **given)

    run.__doc__ = verb.__doc__
    run.__click_params__ = [*getattr(verb, "__click_params__", []), *run.__click_params__]  # type: ignore[attr-defined]
    return run
