"""The REST port in plain text: HTTP/1.1 as RFC 9112 has it, whatever clients send."""

from __future__ import annotations

import asyncio
import json
import re
import socket
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from remit.gateway.rest.frame import Rest
from remit.server import http
from tests.support.broker import Broker
from tests.support.model import Model
from tests.test_command_line import remit

NOBODY: Any = None
"""The broker of an application that is never asked."""

TOPOLOGY = b"GET /v2/topology HTTP/1.1\r\nhost: x\r\n\r\n"


class Raw:
    """A connection that sends bytes as they are."""

    def __init__(self, connection: socket.socket) -> None:
        self.socket = connection
        self._read = b""

    def send(self, content: bytes) -> Raw:
        self.socket.sendall(content)
        return self

    def answer(self, *, has_body: bool = True) -> tuple[int, dict[str, str], bytes]:
        """Status, headers and body of the next answer."""
        head = self._until(b"\r\n\r\n").decode()
        lines = head.split("\r\n")
        headers = dict(line.split(": ", 1) for line in lines[1:] if line)
        body = b""
        if has_body and headers.get("transfer-encoding") == "chunked":
            while size := int(self._until(b"\r\n"), 16):
                body += self._exactly(size)
                self._exactly(2)
            self._exactly(2)
        elif has_body:
            body = self._exactly(int(headers.get("content-length", "0")))
        return int(lines[0].split()[1]), headers, body

    def problem(self) -> tuple[int, str]:
        status, _, body = self.answer()
        found = json.loads(body)
        assert found["status"] == status
        return status, found["detail"]

    def is_over(self) -> bool:
        """The server has nothing more to say."""
        return not self._read and self._more() == b""

    def _until(self, mark: bytes) -> bytes:
        while mark not in self._read:
            self._read += self._more() or _fail(self._read)
        found, self._read = self._read.split(mark, 1)
        return found

    def _exactly(self, size: int) -> bytes:
        while len(self._read) < size:
            self._read += self._more() or _fail(self._read)
        found, self._read = self._read[:size], self._read[size:]
        return found

    def _more(self) -> bytes:
        try:
            return self.socket.recv(65_536)
        except ConnectionResetError:
            return b""


def _fail(read: bytes) -> bytes:
    raise AssertionError(f"the server ended the connection after {read!r}")


@contextmanager
def raw(address: str) -> Iterator[Raw]:
    host, port = address.rsplit(":", 1)
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        yield Raw(connection)


def posted(body: bytes, *headers: bytes, path: bytes = b"/v2/signals/broadcast") -> bytes:
    lines = [b"POST %b HTTP/1.1" % path, b"host: x", b"content-type: application/json", *headers]
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


SIGNAL = b'{"signalName":"nobody-waits"}'


def test_requests_sent_ahead_are_answered_in_their_order(shared_broker: Broker) -> None:
    with raw(shared_broker.http) as client:
        client.send(TOPOLOGY + b"GET /v2/nowhere HTTP/1.1\r\nhost: x\r\n\r\n" + TOPOLOGY)

        assert [client.answer()[0] for _ in range(3)] == [200, 404, 200]


def test_a_body_comes_in_chunks_or_in_pieces(shared_broker: Broker) -> None:
    chunked = b"".join(b"%x\r\n%b\r\n" % (1, SIGNAL[n : n + 1]) for n in range(len(SIGNAL)))
    with raw(shared_broker.http) as client:
        client.send(posted(chunked + b"0\r\n\r\n", b"transfer-encoding: chunked"))
        assert client.answer()[0] == 200

        whole = posted(SIGNAL, b"content-length: %d" % len(SIGNAL))
        for part in (whole[:30], whole[30:-10], whole[-10:]):
            client.send(part)
            time.sleep(0.02)
        assert client.answer()[0] == 200


def test_who_asks_before_sending_the_body_is_told_to_go_on(shared_broker: Broker) -> None:
    with raw(shared_broker.http) as client:
        client.send(posted(b"", b"content-length: %d" % len(SIGNAL), b"expect: 100-continue"))
        assert client.answer(has_body=False)[0] == 100
        assert client.send(SIGNAL).answer()[0] == 200


def test_an_old_client_gets_one_answer_and_the_end(shared_broker: Broker) -> None:
    with raw(shared_broker.http) as client:
        assert client.send(b"GET /v2/topology HTTP/1.0\r\n\r\n").answer()[0] == 200
        assert client.is_over()


def test_who_says_close_gets_it(shared_broker: Broker) -> None:
    with raw(shared_broker.http) as client:
        client.send(b"GET /v2/topology HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
        assert client.answer()[1]["connection"] == "close"
        assert client.is_over()


def test_a_wish_for_another_protocol_is_passed_over(shared_broker: Broker) -> None:
    """As Java's HttpClient asks on each first request (RFC 9113 has taken h2c out)."""
    wish = (b"connection: Upgrade, HTTP2-Settings", b"upgrade: h2c", b"http2-settings: AAEAAEAA")
    with raw(shared_broker.http) as client:
        client.send(posted(SIGNAL, b"content-length: %d" % len(SIGNAL), *wish) + TOPOLOGY)
        assert [client.answer()[0] for _ in range(2)] == [200, 200]
        client.send(b"GET /v2/topology HTTP/1.1\r\nhost: x\r\n" + b"\r\n".join(wish) + b"\r\n\r\n")
        assert client.answer()[0] == 200
        assert client.send(TOPOLOGY).answer()[0] == 200


def test_head_has_the_length_and_no_body(shared_broker: Broker) -> None:
    with raw(shared_broker.http) as client:
        client.send(b"HEAD /actuator/health/status HTTP/1.1\r\nhost: x\r\n\r\n")
        status, headers, _ = client.answer(has_body=False)
        assert (status, headers["content-length"]) == (200, "15")
        assert client.send(TOPOLOGY).answer()[0] == 200


def test_an_empty_answer_has_no_length_and_every_answer_a_date(shared_broker: Broker) -> None:
    with raw(shared_broker.http) as client:
        client.send(b"GET /live HTTP/1.1\r\nhost: x\r\n\r\n")
        status, headers, _ = client.answer()
        assert status == 204
        assert "content-length" not in headers
        assert re.fullmatch(r"\w{3}, \d\d \w{3} \d{4} [\d:]{8} GMT", headers["date"])


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", "not HTTP/1.1"),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "not HTTP/1.1"),
        (b"GET /v2/topology HTTP/1.1\r\n\r\n", "no Host header"),
        (b"GET /v2/topology HTTP/1.1\r\nhost: x\r\nx y: 1\r\n\r\n", "not HTTP/1.1"),
        (posted(b"0\r\n\r\n", b"content-length: 5", b"transfer-encoding: chunked"), "not HTTP/1.1"),
        (posted(b"hello", b"content-length: 5", b"content-length: 6"), "not HTTP/1.1"),
        (posted(b"hello", b"content-length: -5"), "not HTTP/1.1"),
        (posted(b"hello", b"content-length: 99999999999999999999999"), "not HTTP/1.1"),
        (b"CONNECT example.org:443 HTTP/1.1\r\nhost: x\r\n\r\n", "not HTTP/1.1"),
    ],
)
def test_what_is_no_request_is_told_so_and_is_the_last(
    shared_broker: Broker, sent: bytes, said: str
) -> None:
    """Two lengths, or a length and chunks: how requests are smuggled past proxies (RFC 9112 6.3)."""
    with raw(shared_broker.http) as client:
        status, detail = client.send(sent).problem()
        assert status == 400
        assert said in detail
        assert client.is_over()


def test_what_follows_a_good_request_spoils_only_itself(shared_broker: Broker) -> None:
    with raw(shared_broker.http) as client:
        client.send(TOPOLOGY + b"nonsense\r\n\r\n")
        assert client.answer()[0] == 200


@pytest.mark.parametrize("count", [101, 20_000])
def test_too_many_headers_are_refused(shared_broker: Broker, count: int) -> None:
    with raw(shared_broker.http) as client:
        lines = b"".join(b"x-%d: 1\r\n" % number for number in range(count))
        client.send(b"GET /v2/topology HTTP/1.1\r\nhost: x\r\n" + lines + b"\r\n")
        status, detail = client.problem()
        assert status == 431
        assert "100 at most" in detail


def test_a_head_that_does_not_end_is_refused_on_the_way(shared_broker: Broker) -> None:
    with raw(shared_broker.http) as client:
        client.send(b"GET /v2/topology HTTP/1.1\r\nhost: x\r\nx-long: ")
        for _ in range(70):
            client.send(b"a" * 1024)
            time.sleep(0.001)
        assert client.problem()[0] == 431


def test_a_large_head_in_small_pieces_is_taken(shared_broker: Broker) -> None:
    with raw(shared_broker.http) as client:
        client.send(b"GET /v2/topology HTTP/1.1\r\nhost: x\r\n")
        for number in range(60):
            client.send(b"x-%d: " % number + b"a" * 1000 + b"\r\n")
            time.sleep(0.001)
        assert client.send(b"\r\n").answer()[0] == 200


def test_an_address_may_be_whole_and_may_be_escaped(shared_broker: Broker) -> None:
    with raw(shared_broker.http) as client:
        client.send(b"GET http://x/v2/topology HTTP/1.1\r\nhost: x\r\n\r\n")
        assert client.answer()[0] == 200
        client.send(b"GET /v2/topo%6Cogy?a=b HTTP/1.1\r\nhost: x\r\n\r\n")
        assert client.answer()[0] in (200, 404)


def test_a_client_that_leaves_is_noticed_at_once(start_broker: Callable[..., Broker]) -> None:
    broker = start_broker()
    body = b'{"type":"t","timeout":1000,"maxJobsToActivate":1,"requestTimeout":60000}'
    wanted = posted(body, b"content-length: %d" % len(body), path=b"/v2/jobs/activation")
    with raw(broker.http) as client, raw(broker.http) as other:
        client.send(wanted)
        other.send(wanted)
        _until_waiting(broker, 2)
        client.socket.close()
        _until_waiting(broker, 1)


def _until_waiting(broker: Broker, count: int) -> None:
    deadline = time.monotonic() + 2
    while time.monotonic() < deadline:
        with urllib.request.urlopen(f"http://{broker.http}/metrics") as answer:
            if f"remit_long_polls {count}.0" in answer.read().decode():
                return
        time.sleep(0.05)
    raise AssertionError(f"there are not {count} who wait")


def test_a_client_that_leaves_before_the_body_has_asked_for_nothing(shared_broker: Broker) -> None:
    """A completion without its variables is not what was meant."""
    client = shared_broker.client()
    model = Model("half").start("s").end("e").service("a", "half-work").path("s", "a", "e")
    client.deploy("half.bpmn", model.xml())
    client.call("CreateProcessInstance", bpmnProcessId="half")
    (job,) = client.activate("half-work", wait_ms=3000)
    path = f"/v2/jobs/{job.key}/completion".encode()
    for sent in (b"", b'{"variables":{'):
        with raw(shared_broker.http) as leaving:
            leaving.send(posted(sent, b"content-length: 28", path=path))
    time.sleep(0.2)

    whole = b'{"variables":{"paid": true}}'
    with raw(shared_broker.http) as staying:
        staying.send(posted(whole, b"content-length: %d" % len(whole), path=path))
        assert staying.answer()[0] == 204


def test_a_rest_port_in_use_is_said_plainly(shared_broker: Broker, tmp_path: Path) -> None:
    port = shared_broker.http.rsplit(":", 1)[1]
    refused = remit("serve", "--grpc-port", "0", "--http-port", port, "--data", str(tmp_path))

    assert refused.returncode == 1
    assert "in use" in refused.stderr


@pytest.mark.parametrize(
    "sent",
    [
        b"GET /v2/topology HTTP/1.1\r\nhost: x\r\nx-slow: ",
        posted(SIGNAL[:5], b"content-length: 28"),
    ],
)
@pytest.mark.parametrize("is_rest", [True, False])
def test_who_sends_too_slowly_is_left(
    sent: bytes, is_rest: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before the REST application is asked, or when any application waits for the body."""
    monkeypatch.setattr(http, "HEAD_SECONDS", 0.2)
    monkeypatch.setattr(http, "SWEEP_SECONDS", 0.05)

    async def application(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        if (await receive())["type"] == "http.request":
            raise AssertionError("the body never ends")

    async def ask() -> bool:
        door = http.HttpPort(Rest(NOBODY, (), application) if is_rest else application)
        port = await door.open("127.0.0.1", 0)

        def talk() -> bool:
            with raw(f"127.0.0.1:{port}") as client:
                return client.send(sent).is_over()

        try:
            return await asyncio.to_thread(talk)
        finally:
            door.close()

    assert asyncio.run(ask())
