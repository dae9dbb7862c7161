"""Requests that are one command go a shorter way: nobody can tell by the answers."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.gateway.test_rest_commands import Rest
from tests.server.test_http_port import Raw, posted, raw
from tests.support.broker import Broker
from tests.support.model import Model

CREATE, ACTIVATE = b"/v2/process-instances", b"/v2/jobs/activation"


@pytest.fixture(scope="module")
def kind(shared_broker: Broker) -> str:
    """The id of a deployed process, and the type of its one job."""
    model = Model("short-way").start("s").end("e").service("a", "short-way").path("s", "a", "e")
    shared_broker.client().deploy("short-way.bpmn", model.xml())
    return "short-way"


def asked(path: bytes, body: Any, *headers: bytes) -> bytes:
    content = json.dumps(body).encode()
    return posted(content, b"content-length: %d" % len(content), *headers, path=path)


def created(kind: str, **more: Any) -> bytes:
    return asked(CREATE, {"processDefinitionId": kind, "variables": {"n": 1}, **more})


def wanted(kind: str, **more: Any) -> bytes:
    return asked(ACTIVATE, {"type": kind, "timeout": 60_000, "maxJobsToActivate": 1, **more})


def plain(answer: tuple[int, dict[str, str], bytes]) -> tuple[int, set[str], set[str]]:
    """What two answers to the same question have in common."""
    status, headers, body = answer
    return status, set(headers), set(json.loads(body) if body else ())


def test_one_answer_is_like_the_other(shared_broker: Broker, kind: str) -> None:
    """Create, activate, complete, again and again on one connection."""
    for _ in range(3):
        with raw(shared_broker.http) as client:
            made = [client.send(created(kind)).answer() for _ in range(3)]
            assert len({str(plain(each)) for each in made}) == 1
            assert made[0][0] == 200
            keys = {json.loads(body)["processInstanceKey"] for _, _, body in made}
            assert len(keys) == 3
            for _ in range(3):
                (job,) = json.loads(client.send(wanted(kind)).answer()[2])["jobs"]
                path = f"/v2/jobs/{job['jobKey']}/completion".encode()
                assert client.send(asked(path, {})).answer()[0] == 204
                status, headers, body = client.send(asked(path, {})).answer()
                assert (status, headers["content-type"]) == (404, "application/problem+json")
                assert json.loads(body)["instance"] == path.decode()


def test_what_is_wrong_is_told_in_the_same_words(shared_broker: Broker, kind: str) -> None:
    wrong = (
        asked(CREATE, {"processDefinitionId": "nowhere"}),
        asked(CREATE, {"processDefinitionId": kind, "surprise": 1}),
        asked(CREATE, {}),
        asked(b"/v2/jobs/no-key/completion", {}),
        asked(CREATE, {"processDefinitionId": kind, "operationReference": 0}),
        posted(b"{", b"content-length: 1", path=CREATE),
    )
    with raw(shared_broker.http) as client:
        for request in wrong:
            first, second = (client.send(request).problem() for _ in range(2))
            assert first == second
            assert first[0] in (400, 404)
        assert client.send(created(kind)).answer()[0] == 200


def test_requests_sent_ahead_wait_for_their_turn(shared_broker: Broker, kind: str) -> None:
    create, missing = created(kind), asked(b"/v2/jobs/5/completion", {})
    with raw(shared_broker.http) as client:
        for each in (create, missing):
            client.send(each).answer()
        client.send(create)
        client.send(missing + create)
        client.send(create[:70])
        time.sleep(0.05)
        client.send(create[70:] + missing)

        assert [client.answer()[0] for _ in range(5)] == [200, 404, 200, 200, 404]


def test_a_body_may_come_after_its_head(shared_broker: Broker, kind: str) -> None:
    create = created(kind)
    head = create.index(b"\r\n\r\n") + 4
    with raw(shared_broker.http) as client:
        client.send(create).answer()
        for cut in (head, head + 3, head - 3, 10):
            client.send(create[:cut])
            time.sleep(0.03)
            assert client.send(create[cut:]).answer()[0] == 200


def test_who_finds_no_job_waits_for_one(shared_broker: Broker, kind: str) -> None:
    with raw(shared_broker.http) as client, raw(shared_broker.http) as other:
        while json.loads(client.send(wanted(kind, requestTimeout=-1)).answer()[2])["jobs"]:
            pass
        poll = wanted(kind, requestTimeout=10_000)
        client.send(poll)
        other.send(created(kind)).answer()
        assert len(json.loads(client.answer()[2])["jobs"]) == 1

        other.send(created(kind)).answer()
        assert len(json.loads(client.send(poll).answer()[2])["jobs"]) == 1
        client.send(poll)
        time.sleep(0.05)
        other.send(created(kind)).answer()
        assert len(json.loads(client.answer()[2])["jobs"]) == 1


def test_a_result_is_waited_for(shared_broker: Broker) -> None:
    model = Model("at-once").start("s").end("e").path("s", "e")
    shared_broker.client().deploy("at-once.bpmn", model.xml())
    request = created("at-once", awaitCompletion=True)
    with raw(shared_broker.http) as client:
        for _ in range(3):
            status, _, body = client.send(request).answer()
            assert (status, json.loads(body)["variables"]) == (200, {"n": 1})


def test_credentials_are_asked_for_each_time(
    start_broker: Callable[..., Broker], tmp_path: Path
) -> None:
    """Who may not is told that before anything about the body, on either way."""
    users = tmp_path / "users"
    users.write_text("")
    broker = start_broker("--users", str(users))
    with raw(broker.http) as client:
        for _ in range(3):
            for request in (created("any"), asked(CREATE, {"surprise": 1})):
                status, headers, _ = client.send(request).answer()
                assert (status, "www-authenticate" in headers) == (401, True)


def test_a_broker_that_stops_gives_the_answers_that_it_owes(
    start_broker: Callable[..., Broker],
) -> None:
    broker = start_broker()
    with raw(broker.http) as client:
        for _ in range(2):
            assert client.send(created("nowhere")).answer()[0] == 404
        assert broker.stop() == 0
        assert client.is_over()


def test_many_who_leave_at_once_keep_nobody_from_going_on(shared_broker: Broker, kind: str) -> None:
    create = created(kind)
    for _ in range(20):
        with raw(shared_broker.http) as client:
            client.send(create)
    with raw(shared_broker.http) as client:
        assert client.send(create).answer()[0] == 200
    assert Rest(shared_broker).ask("GET", "/topology")[0] == 200


@pytest.mark.parametrize(
    ("more", "body"),
    [
        ((b"transfer-encoding: chunked",), b"2\r\n{}\r\n0\r\n\r\n"),
        ((b"content-length: 2", b"connection: close"), b"{}"),
        ((b"content-length: 2", b"connection: upgrade", b"upgrade: h2c"), b"{}"),
        ((b"content-length: 0",), b""),
        ((), b""),
        ((b"content-length: 70000",), b"{}" + b" " * 69_998),
    ],
)
@pytest.mark.parametrize("path", [CREATE, CREATE + b"?x=1", b"/v2/process%2Dinstances"])
def test_heads_with_surprises_are_answered_too(
    shared_broker: Broker, path: bytes, more: tuple[bytes, ...], body: bytes
) -> None:
    """On the usual way, in the same words."""
    with raw(shared_broker.http) as client:
        status, said = client.send(posted(body, *more, path=path)).problem()
        assert (status, said.startswith(("No processDefinition", "Only one of"))) in {
            (400, True), (404, False),
        }  # fmt: skip


def test_who_asks_whether_to_go_on_is_told_so(shared_broker: Broker, kind: str) -> None:
    create = created(kind)
    end = create.index(b"\r\n\r\n")
    with raw(shared_broker.http) as client:
        client.send(create[:end] + b"\r\nexpect: 100-continue\r\n\r\n")
        assert client.answer(has_body=False)[0] == 100
        assert client.send(create[end + 4 :]).answer()[0] == 200


def test_headers_may_differ_each_time(shared_broker: Broker, kind: str) -> None:
    with raw(shared_broker.http) as client:
        for number in range(5):
            trace = b"traceparent: 00-%032x-%016x-01" % (number + 1, number + 1)
            request = asked(CREATE, {"processDefinitionId": kind}, trace)
            assert client.send(request).answer()[0] == 200


def test_raw_clients_see_one_answer_to_one_request(shared_broker: Broker, kind: str) -> None:
    """A second request hidden in the body of the first is a body."""
    hidden = created(kind)
    outer = posted(hidden, b"content-length: %d" % len(hidden), path=CREATE)
    with raw(shared_broker.http) as client:
        for _ in range(2):
            assert _only_answer(client, outer)[0] == 400


def _only_answer(client: Raw, request: bytes) -> tuple[int, str]:
    found = client.send(request).problem()
    client.socket.settimeout(0.1)
    with pytest.raises(TimeoutError):
        client.answer()
    client.socket.settimeout(10)
    return found
