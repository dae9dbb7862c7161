"""The keys of a token issuer at an https URL: fetched, rotated, and when the issuer misbehaves."""

from __future__ import annotations

import json
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from joserfc.jwk import KeySet, OKPKey

from tests.gateway.test_authentication import AUDIENCE, ISSUER, grpc_code, token
from tests.gateway.test_rest_commands import Rest
from tests.support.broker import Broker
from tests.support.certificates import Authority

Answer = Callable[[BaseHTTPRequestHandler], None]


def key(kid: str) -> OKPKey:
    return OKPKey.generate_key("Ed25519", {"kid": kid})


def signed(by: OKPKey) -> str:
    return f"Bearer {token(by, 'Ed25519')}"


def say(request: BaseHTTPRequestHandler, content: bytes, status: int = 200, **headers: str) -> None:
    request.send_response(status)
    for name, value in headers.items():
        request.send_header(name, value)
    request.end_headers()
    request.wfile.write(content)


class Issuer:
    """A login service on this machine: an https server of its own, which publishes keys."""

    def __init__(self, authority: Authority) -> None:
        self.fetches = 0
        self._answer: Answer = lambda request: None
        issuer, pair = self, authority.issue("issuer")

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                issuer.fetches += 1
                issuer._answer(self)

            def log_message(self, *_: Any) -> None:
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_: Any) -> None:
                """A client that goes away is what some of the tests want."""

        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*pair)
        self._server = Server(("127.0.0.1", 0), Handler)
        self._server.socket = context.wrap_socket(
            self._server.socket, server_side=True, do_handshake_on_connect=False
        )
        self.url = f"https://127.0.0.1:{self._server.server_port}/keys"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def publish(self, *keys: OKPKey) -> None:
        content = json.dumps(KeySet(list(keys)).as_dict(private=False)).encode()
        self.do(lambda request: say(request, content))

    def do(self, answer: Answer) -> None:
        self._answer = answer

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path, "office")


@pytest.fixture
def issuer(authority: Authority) -> Iterator[Issuer]:
    made = Issuer(authority)
    yield made
    made.close()


Start = Callable[..., Broker]


@pytest.fixture
def start(start_broker: Callable[..., Broker], authority: Authority, issuer: Issuer) -> Start:
    def begin(ca: str = "", *more: str) -> Broker:
        return start_broker(
            "--oidc-issuer", ISSUER, "--oidc-audience", AUDIENCE, "--oidc-keys", issuer.url,
            "--oidc-ca", ca or authority.certificate, *more,
        )  # fmt: skip

    return begin


def log_of(broker: Broker) -> str:
    return (broker.data.parent / "broker.log").read_text()


def rest_status(broker: Broker, given: str, method: str = "GET", path: str = "/topology") -> int:
    body = {} if method == "POST" else None
    status: int = Rest(broker).ask(method, path, body, authorization=given)[0]
    return status


def test_the_first_call_with_a_new_key_of_the_issuer_is_let_in(
    start: Start, issuer: Issuer
) -> None:
    one, two, three, four = (key(name) for name in ("one", "two", "three", "four"))
    issuer.publish(one)
    broker = start()
    assert grpc_code(broker, ("authorization", signed(one))) == "OK"
    assert (rest_status(broker, signed(one)), issuer.fetches) == (200, 1)
    issuer.publish(one, two)
    assert grpc_code(broker, ("authorization", signed(two))) == "OK"
    issuer.publish(one, two, three)
    assert rest_status(broker, signed(three)) == 200
    issuer.publish(four)
    assert rest_status(broker, signed(four), "POST", "/jobs/4711/completion") == 404  # let in
    assert issuer.fetches == 4
    assert rest_status(broker, signed(one)) == 401  # retired


def test_made_up_keys_share_a_fetch_and_are_refused_by_both_doors(
    start: Start, issuer: Issuer
) -> None:
    one = key("one")
    issuer.publish(one)
    broker = start()
    assert rest_status(broker, signed(one)) == 200
    forged = [signed(key(f"forged-{number}")) for number in range(24)]
    begun = time.monotonic()
    with ThreadPoolExecutor(25) as callers:
        by_rest = callers.map(lambda given: rest_status(broker, given), forged[:12])
        by_grpc = callers.map(
            lambda given: grpc_code(broker, ("authorization", given)), forged[12:]
        )
        known = callers.submit(rest_status, broker, signed(one))
        assert known.result() == 200
        assert time.monotonic() - begun < 1.5  # who is known waits for nobody's fetch
        assert (set(by_rest), set(by_grpc)) == ({401}, {"UNAUTHENTICATED"})
    assert issuer.fetches == 2


def drip(request: BaseHTTPRequestHandler) -> None:
    """A head, and then a sign now and then, for ever."""
    request.send_response(200)
    request.end_headers()
    while True:
        request.wfile.write(b" ")
        time.sleep(0.2)


def pour(request: BaseHTTPRequestHandler) -> None:
    request.send_response(200)
    request.end_headers()
    while True:
        request.wfile.write(b" " * 65536)


def hang(request: BaseHTTPRequestHandler) -> None:
    request.rfile.read()


MISBEHAVING: dict[str, tuple[Answer, str]] = {
    "says 404": (lambda request: request.send_error(404), "HTTP Error 404: Not Found"),
    "sends no JSON": (lambda request: say(request, b"<html>"), "JSON is malformed"),
    "sends no keys": (lambda request: say(request, b'{"keys": 5}'), "it is no JWK set"),
    "sends deep JSON": (
        lambda request: say(request, b'{"keys": ' + b"[" * 100_000), "recursion depth",
    ),
    "sends on to plain http": (
        lambda request: say(request, b"", 302, Location="http://127.0.0.1:1/keys"),
        "unknown url type: http",
    ),
    "pours without end": (pour, "it is longer than 1048576 bytes"),
    "drips without end": (drip, "no whole answer has come within 3 seconds"),
    "hangs": (hang, "no whole answer has come within 3 seconds"),
}  # fmt: skip


@pytest.mark.parametrize("how", MISBEHAVING)
def test_a_broker_starts_and_goes_on_when_the_issuer(
    start: Start, issuer: Issuer, how: str
) -> None:
    answer, said = MISBEHAVING[how]
    issuer.do(answer)
    broker = start()
    one = signed(key("one"))
    begun = time.monotonic()
    assert rest_status(broker, one) == 503
    assert grpc_code(broker, ("authorization", one)) == "UNAVAILABLE"
    assert rest_status(broker, "Bearer unknown") == 401
    assert time.monotonic() - begun < 12
    assert said in log_of(broker)
    assert "no token is taken until they can be" in log_of(broker)
    assert broker.stop() == 0


def test_the_last_keys_stay_while_the_issuer_is_gone(start: Start, issuer: Issuer) -> None:
    one, two = key("one"), key("two")
    issuer.publish(one)
    broker = start()
    assert rest_status(broker, signed(one)) == 200
    issuer.do(lambda request: request.send_error(500))
    assert rest_status(broker, signed(two)) == 503
    assert rest_status(broker, signed(one)) == 200
    assert "HTTP Error 500" in log_of(broker)
    issuer.publish(one, two)
    begun = time.monotonic()
    while rest_status(broker, signed(two)) != 200:
        assert time.monotonic() - begun < 20
        time.sleep(0.5)
    assert "can be read again" in log_of(broker)


def test_an_issuer_with_a_certificate_of_another_authority_is_not_believed(
    start: Start, issuer: Issuer, tmp_path: Path
) -> None:
    one = key("one")
    issuer.publish(one)
    broker = start(Authority(tmp_path, "other").certificate)
    assert rest_status(broker, signed(one)) == 503
    assert "CERTIFICATE_VERIFY_FAILED" in log_of(broker)
    assert issuer.fetches == 0
