"""TLS on both ports, by files that may change; certificates as a way to say who calls."""

from __future__ import annotations

import http.client
import json
import shutil
import ssl
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import grpc
import pytest
from click.testing import CliRunner

from remit.cli.main import main
from remit.gateway.auth import hash_password
from remit.gateway.certificates import actor_of
from remit.gateway.faults import Status
from remit.protocol.wire.stubs import gateway_pb2 as pb
from remit.server.config import Config
from tests.gateway.test_authentication import basic
from tests.support.broker import Broker
from tests.support.certificates import Authority, Pair

WORKER = "spiffe://acme.example/payments/worker"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tls")


@pytest.fixture(scope="module")
def authority(folder: Path) -> Authority:
    return Authority(folder)


@pytest.fixture(scope="module")
def mutual(folder: Path, authority: Authority) -> Any:
    """A broker to which one has to show a certificate."""
    own = authority.issue("broker")
    with Broker(
        folder / "mutual", "--tls-cert", own.certificate, "--tls-key", own.key,
        "--tls-client-ca", authority.certificate,
    ) as started:  # fmt: skip
        yield started


def me(broker: Broker, authority: Authority, pair: Pair | None, **headers: str) -> Any:
    """What GET /authentication/me answers over TLS, by default at the REST port: status and name."""
    context = ssl.create_default_context(cafile=authority.certificate)
    if pair is not None:
        context.load_cert_chain(*pair)
    at = headers.pop("at", broker.http)
    connection = http.client.HTTPSConnection(at, context=context, timeout=10)
    try:
        connection.request("GET", "/v2/authentication/me", headers=headers)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read()).get("username")
    finally:
        connection.close()


def topology(broker: Broker, authority: Authority, pair: Pair | None) -> str:
    """The gRPC code of a call over TLS."""
    credentials = grpc.ssl_channel_credentials(
        Path(authority.certificate).read_bytes(),
        Path(pair.key).read_bytes() if pair else None,
        Path(pair.certificate).read_bytes() if pair else None,
    )
    with grpc.secure_channel(broker.grpc, credentials) as channel:
        ask = channel.unary_unary(
            "/gateway_protocol.Gateway/Topology",
            request_serializer=lambda message: message.SerializeToString(),
            response_deserializer=pb.TopologyResponse.FromString,
        )
        try:
            ask(pb.TopologyRequest(), timeout=10)
        except grpc.RpcError as fault:
            return str(fault.code().name)
        return "OK"


def test_a_certificate_says_who_calls_on_both_ports(mutual: Broker, authority: Authority) -> None:
    ada = authority.issue("ada")
    assert me(mutual, authority, ada) == (200, "ada")
    assert topology(mutual, authority, ada) == "OK"


def test_a_spiffe_id_is_the_name_of_a_workload(mutual: Broker, authority: Authority) -> None:
    assert me(mutual, authority, authority.issue("x", WORKER)) == (200, WORKER)


def test_nobody_names_himself_in_the_servers_header(mutual: Broker, authority: Authority) -> None:
    forged = f'Hash={"a" * 64};Subject="CN=root";URI='
    given = {"x-forwarded-client-cert": forged}
    assert me(mutual, authority, authority.issue("ada"), **given) == (200, "ada")


@pytest.mark.parametrize("name", ["Jörg", 'a";URI=spiffe://evil/x', "#1 ada\\, +x=<y>;", " ada\n"])
def test_both_ports_read_a_name_alike(mutual: Broker, authority: Authority, name: str) -> None:
    pair = authority.issue(name)
    assert me(mutual, authority, pair) == (200, name)
    assert me(mutual, authority, pair, at=mutual.grpc) == (200, name)


def test_a_head_that_is_too_large_is_told_so_over_tls(mutual: Broker, authority: Authority) -> None:
    given = {f"x-{number}": "1" for number in range(101)}
    assert me(mutual, authority, authority.issue("ada"), **given)[0] == 431


@pytest.mark.parametrize("uris", [(WORKER, "spiffe://evil/x"), (f"{WORKER};URI=spiffe://evil/x",)])
def test_a_certificate_with_two_spiffe_ids_is_nobody(
    mutual: Broker, authority: Authority, uris: tuple[str, ...]
) -> None:
    assert me(mutual, authority, authority.issue("x", *uris))[0] == 401


def test_what_is_no_good_certificate_stays_outside(
    mutual: Broker, authority: Authority, tmp_path: Path
) -> None:
    foreign = Authority(tmp_path, "foreign").issue("ada")
    expired = authority.issue("ada", lasts=timedelta(days=-1))
    for pair in (None, foreign, expired):
        with pytest.raises((ssl.SSLError, ConnectionError, http.client.HTTPException)):
            me(mutual, authority, pair)
        assert topology(mutual, authority, pair) == "UNAVAILABLE"


def test_plain_text_gets_no_answer(mutual: Broker) -> None:
    connection = http.client.HTTPConnection(mutual.http, timeout=10)
    connection.request("GET", "/v2/topology")
    with pytest.raises((ConnectionError, http.client.HTTPException)):
        connection.getresponse()


@pytest.mark.parametrize(
    ("subject", "name"),
    [
        ("CN=ada", "ada"),
        ("CN=ada,O=acme\\, inc", "ada"),
        ('O=x,CN=a\\"\\;URI=spiffe://evil/x', 'a";URI=spiffe://evil/x'),
        ("CN=J\\C3\\B6rg", "Jörg"),
    ],
)
def test_names_are_read_as_the_certificate_means_them(subject: str, name: str) -> None:
    assert actor_of(f'Hash={"0" * 64};Subject="{subject}";URI=').id == name


@pytest.mark.parametrize(
    "subject", ["", "O=acme", "CN=ada,CN=root", "CN=", "nonsense", 'CN=a";X="b']
)
def test_a_certificate_without_one_name_is_nobody(subject: str) -> None:
    with pytest.raises(Status):
        actor_of(f'Hash={"0" * 64};Subject="{subject}";URI=')


def test_a_password_does_where_a_certificate_is_not_the_only_way(
    start_broker: Callable[..., Broker], authority: Authority, tmp_path: Path
) -> None:
    own = authority.issue("broker")
    (tmp_path / "users").write_text(f"bob:{hash_password('secret')}\n")
    broker = start_broker(
        "--tls-cert", own.certificate, "--tls-key", own.key,
        "--tls-client-ca", authority.certificate, "--users", str(tmp_path / "users"),
    )  # fmt: skip
    ada = authority.issue("ada")
    assert me(broker, authority, None, authorization=basic("bob", "secret")) == (200, "bob")
    assert me(broker, authority, ada) == (200, "ada")
    assert me(broker, authority, ada, authorization=basic("bob", "secret")) == (200, "bob")
    assert me(broker, authority, ada, authorization=basic("bob", "wrong"))[0] == 401
    assert me(broker, authority, None)[0] == 401


def test_new_files_are_in_use_within_seconds_and_bad_ones_are_not(
    start_broker: Callable[..., Broker], tmp_path: Path
) -> None:
    old, new = Authority(tmp_path, "old"), Authority(tmp_path, "new")
    used = Pair(str(tmp_path / "used.pem"), str(tmp_path / "used.key"))
    _bring(old.issue("broker"), used)
    broker = start_broker("--tls-cert", used.certificate, "--tls-key", used.key)
    assert me(broker, old, None)[0] == 200
    context = ssl.create_default_context(cafile=old.certificate)
    kept = http.client.HTTPSConnection(broker.http, context=context, timeout=10)
    kept.connect()
    Path(used.certificate).write_text("half a file")
    time.sleep(1.5)
    assert me(broker, old, None)[0] == 200
    _bring(new.issue("broker"), used)
    assert _within(8, lambda: me(broker, new, None)[0] == 200)
    assert _within(8, lambda: topology(broker, new, None) == "OK")
    with pytest.raises(ssl.SSLError):
        me(broker, old, None)
    kept.request("GET", "/v2/topology")
    assert kept.getresponse().status == 200, "a connection keeps what it began with"
    kept.close()


def test_a_client_that_leaves_is_noticed_over_tls(mutual: Broker, authority: Authority) -> None:
    ada = authority.issue("ada")
    context = ssl.create_default_context(cafile=authority.certificate)
    context.load_cert_chain(*ada)
    polling = http.client.HTTPSConnection(mutual.http, context=context, timeout=10)
    wanted = {"type": "t", "timeout": 1000, "maxJobsToActivate": 1, "requestTimeout": 60_000}
    headers = {"content-type": "application/json"}
    polling.request("POST", "/v2/jobs/activation", json.dumps(wanted), headers)

    def waiting() -> int:
        asking = http.client.HTTPSConnection(mutual.http, context=context, timeout=10)
        asking.request("GET", "/metrics")
        told = asking.getresponse().read().decode()
        asking.close()
        return int(float(told.split("\nremit_long_polls ")[1].split()[0]))

    assert _within(2, lambda: waiting() == 1)
    polling.close()
    assert _within(2, lambda: waiting() == 0)


def test_a_revoked_certificate_stays_outside_from_then_on(
    start_broker: Callable[..., Broker], authority: Authority, tmp_path: Path
) -> None:
    own, ada, eve = authority.issue("broker"), authority.issue("ada"), authority.issue("eve")
    revoked = str(tmp_path / "revoked.pem")
    authority.revoke(revoked)
    broker = start_broker(
        "--tls-cert", own.certificate, "--tls-key", own.key,
        "--tls-client-ca", authority.certificate, "--tls-client-crl", revoked,
    )  # fmt: skip
    assert me(broker, authority, eve) == (200, "eve")
    authority.revoke(revoked, eve)
    assert _within(8, lambda: not _gets_in(broker, authority, eve))
    assert _within(8, lambda: topology(broker, authority, eve) == "UNAVAILABLE")
    assert me(broker, authority, ada) == (200, "ada")
    assert topology(broker, authority, ada) == "OK"


def _gets_in(broker: Broker, authority: Authority, pair: Pair) -> bool:
    try:
        return me(broker, authority, pair)[0] == 200
    except (ssl.SSLError, ConnectionError, http.client.HTTPException):
        return False


def _bring(pair: Pair, to: Pair) -> None:
    for source, target in zip(pair, to, strict=True):
        shutil.copy(source, target)


def _within(seconds: float, holds: Callable[[], bool]) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            if holds():
                return True
        except ssl.SSLError:
            time.sleep(0.1)
    return False


def test_the_command_line_speaks_tls(mutual: Broker, authority: Authority) -> None:
    ada = authority.issue("ada")
    command = [sys.executable, "-m", "remit.cli.main", "status", "--address", mutual.grpc]
    files = ["--tls-ca", authority.certificate, "--tls-cert", ada.certificate, "--tls-key", ada.key]
    assert subprocess.run([*command, *files], capture_output=True, check=False).returncode == 0
    told = subprocess.run(command, capture_output=True, text=True, check=False)
    assert told.returncode == 3
    assert "TLS" in told.stderr


def test_files_that_do_not_fit_are_told_at_the_start(tmp_path: Path) -> None:
    signer = Authority(tmp_path)
    own, other = signer.issue("broker"), signer.issue("other")
    command = [sys.executable, "-m", "remit.cli.main", "serve", "--data", str(tmp_path / "data")]
    files = ["--tls-cert", own.certificate, "--tls-key", other.key]
    told = subprocess.run([*command, *files], capture_output=True, text=True, check=False)
    assert (told.returncode, "can't be used" in told.stderr) == (1, True)


def test_what_is_wrong_with_tls_files_is_a_sentence(tmp_path: Path) -> None:
    signer = Authority(tmp_path)
    own = signer.issue("broker")
    pair = {"tls_cert": own.certificate, "tls_key": own.key}
    wrong = {
        "needs both": {"tls_cert": own.certificate},
        f"--tls-cert {tmp_path / 'none'}": {**pair, "tls_cert": str(tmp_path / "none")},
        "--tls-client-ca": {**pair, "tls_client_ca": own.key},
        "--tls-client-crl": {
            **pair, "tls_client_ca": signer.certificate, "tls_client_crl": own.certificate,
        },
        "needs --tls-client-ca as well": {**pair, "tls_client_crl": own.certificate},
    }  # fmt: skip
    for said, settings in wrong.items():
        assert said in Config(data=str(tmp_path / "data"), **settings).problem()
    assert Config(data=str(tmp_path / "data"), history="none", **pair).problem() == ""


def test_verbs_that_read_speak_tls_as_well(
    mutual: Broker, authority: Authority, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The broker of these tests keeps no history: that is what it answers, to whom it knows."""
    ada = authority.issue("ada")
    words = ["list", "pi", "--rest-address", mutual.http]
    given = ["--tls-ca", authority.certificate, "--tls-cert", ada.certificate, "--tls-key", ada.key]
    told = CliRunner().invoke(main, [*words, *given])
    assert (told.exit_code, "no history" in told.output.lower()) == (1, True), told.output

    stranger = Authority(folder, "stranger")
    wrong = ["--tls-ca", stranger.certificate, *given[2:]]
    told = CliRunner().invoke(main, [*words, *wrong])
    assert (told.exit_code, "don't agree on TLS" in told.output) == (3, True), told.output
    half = CliRunner().invoke(main, [*words, *given[:4]])
    assert (half.exit_code, "go together" in half.output) == (2, True), half.output

    names = ("REMIT_CLIENT_TLS_CA", "REMIT_CLIENT_TLS_CERT", "REMIT_CLIENT_TLS_KEY")
    for name, value in zip(names, given[1::2], strict=True):
        monkeypatch.setenv(name, value)
    assert "no history" in CliRunner().invoke(main, words).output.lower()
