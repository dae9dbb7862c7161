"""Who may call: users, API keys, tokens of an issuer, on both doors; the identity reaches the engine."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import grpc
import pytest
from joserfc import jwt
from joserfc.jwk import KeySet, OKPKey, RSAKey

from remit.authority import Signer
from remit.authority.derive import mint_grant
from remit.authority.keys import write_key_ring
from remit.authority.policy import Clause, Grant, Holder, Subject
from remit.gateway.auth import ApiKeys, Oidc, hash_password
from remit.gateway.faults import Status
from remit.gateway.issuer import KeysInFile
from remit.protocol.values import Actor
from remit.protocol.wire.stubs import gateway_pb2 as pb
from tests.gateway.test_rest_commands import Rest
from tests.support.broker import Broker
from tests.support.model import one_task

ISSUER, AUDIENCE = "https://login.example", "remit"
KEY = RSAKey.generate_key(2048, {"kid": "one"})
OTHER = RSAKey.generate_key(2048, {"kid": "one"})
ED = OKPKey.generate_key("Ed25519", {"kid": "ed"})


def basic(name: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()


def token(key: Any = KEY, algorithm: str = "RS256", **changes: Any) -> str:
    claims = {"iss": ISSUER, "aud": AUDIENCE, "sub": "ada", "exp": int(time.time()) + 60}
    claims = {name: value for name, value in {**claims, **changes}.items() if value is not None}
    header = {"alg": algorithm, "kid": key.kid} if key.kid else {"alg": algorithm}
    made: str = jwt.encode(header, claims, key, algorithms=[algorithm])
    return made


def forged(algorithm: str, secret: bytes) -> str:
    """A token that no library would make: unsigned, or signed with the public key as a secret."""

    def part(value: bytes) -> str:
        return base64.urlsafe_b64encode(value).rstrip(b"=").decode()

    claims = {"iss": ISSUER, "aud": AUDIENCE, "sub": "ada", "exp": int(time.time()) + 60}
    header = {"alg": algorithm, "kid": "one"}
    signed = f"{part(json.dumps(header).encode())}.{part(json.dumps(claims).encode())}"
    signature = hmac.new(secret, signed.encode(), "sha256").digest() if secret else b""
    return f"{signed}.{part(signature)}"


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("auth")
    (folder / "users").write_text(f"# people\nada:{hash_password('secret')}\n")
    (folder / "keys").write_text(f"robot:{hashlib.sha256(b'k-123').hexdigest()}\n")
    public = KeySet([KEY, ED]).as_dict(private=False)
    (folder / "jwks.json").write_text(json.dumps(public))
    options = (
        "--users", str(folder / "users"), "--api-keys", str(folder / "keys"),
        "--oidc-issuer", ISSUER, "--oidc-audience", AUDIENCE,
        "--oidc-keys", str(folder / "jwks.json"), "--history", "",
    )  # fmt: skip
    with Broker(folder / "data", *options) as started:
        yield started


def grpc_code(broker: Broker, *metadata: tuple[str, str]) -> str:
    with grpc.insecure_channel(broker.grpc) as channel:
        ask = channel.unary_unary(
            "/gateway_protocol.Gateway/Topology",
            request_serializer=lambda message: message.SerializeToString(),
            response_deserializer=pb.TopologyResponse.FromString,
        )
        try:
            ask(pb.TopologyRequest(), metadata=metadata, timeout=10)
        except grpc.RpcError as fault:
            return str(fault.code().name)
        return "OK"


GOOD = {
    "a user": lambda: basic("ada", "secret"),
    "an API key": lambda: "Bearer k-123",
    "a token": lambda: f"Bearer {token()}",
    "a token signed by Ed25519": lambda: f"Bearer {token(ED, 'EdDSA')}",
    "a clock a little ahead": lambda: f"Bearer {token(nbf=int(time.time()) + 10)}",
}
BAD = {
    "nothing": lambda: "",
    "a wrong password": lambda: basic("ada", "wrong"),
    "an unknown user": lambda: basic("eve", "secret"),
    "no base64": lambda: "Basic %%%",
    "an unknown key": lambda: "Bearer k-124",
    "an expired token": lambda: f"Bearer {token(exp=int(time.time()) - 120)}",
    "a token without end": lambda: f"Bearer {token(exp=None)}",
    "a token of tomorrow": lambda: f"Bearer {token(nbf=int(time.time()) + 3600)}",
    "another issuer": lambda: f"Bearer {token(iss='https://evil.example')}",
    "another audience": lambda: f"Bearer {token(aud='other')}",
    "a foreign key": lambda: f"Bearer {token(OTHER)}",
    "no signature": lambda: f"Bearer {forged('none', b'')}",
    "the public key as a shared secret": lambda: (
        f"Bearer {forged('HS256', KEY.as_pem(private=False))}"
    ),
    "a token cut short": lambda: f"Bearer {token()[:-8]}",
    "nobody in the token": lambda: f"Bearer {token(sub=None)}",
    "another scheme": lambda: "Digest x",
}


@pytest.mark.parametrize("name", GOOD)
def test_who_is_known_gets_in_by_both_doors(broker: Broker, name: str) -> None:
    given = GOOD[name]()
    assert grpc_code(broker, ("authorization", given)) == "OK"
    assert Rest(broker).ask("GET", "/topology", authorization=given)[0] == 200


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", BAD)
def test_who_is_not_known_stays_outside_of_both_doors(broker: Broker, name: str) -> None:
    given = BAD[name]()
    status, problem = Rest(broker).ask("GET", "/topology", authorization=given)
    assert (status, problem["title"]) == (401, "Unauthorized")
    assert grpc_code(broker, ("authorization", given)) == "UNAUTHENTICATED"


def test_an_api_key_may_come_in_its_own_header(broker: Broker) -> None:
    assert Rest(broker).ask("GET", "/topology", x_api_key="k-123")[0] == 200


def test_files_of_credentials_are_read_again_when_they_change(tmp_path: Path) -> None:
    path, now = tmp_path / "keys", 0.0
    path.write_text(f"robot:{hashlib.sha256(b'one').hexdigest()}\n")
    keys = ApiKeys(path, lambda: now)
    assert keys.actor("bearer", "one") == Actor("robot", "apikey", "apikey")
    path.write_text(f"other:{hashlib.sha256(b'second').hexdigest()}\n")
    assert keys.actor("bearer", "one") is not None
    now = 1.0
    assert keys.actor("bearer", "one") is None
    assert keys.actor("bearer", "second") == Actor("other", "apikey", "apikey")
    path.write_text("no line of the kind")
    now = 2.0
    assert keys.actor("bearer", "second") is not None
    path.unlink()
    now = 3.0
    assert keys.actor("bearer", "second") is not None


def test_keys_of_an_issuer_in_a_file_rotate_within_a_second(tmp_path: Path) -> None:
    path, now = tmp_path / "jwks.json", 0.0

    def publish(*keys: Any) -> None:
        path.write_text(json.dumps(KeySet(list(keys)).as_dict(private=False)))

    def knows(given: str) -> bool:
        try:
            found = ways.actor("bearer", given)
            return found is not None and found.id == "ada"
        except Status:
            return False

    publish(KEY)
    ways = Oidc(ISSUER, AUDIENCE, KeysInFile(str(path), lambda: now))
    second = RSAKey.generate_key(2048, {"kid": "two"})
    assert (knows(token()), knows(token(second))) == (True, False)
    publish(KEY, second)
    now = 1.0
    assert (knows(token()), knows(token(second))) == (True, True)
    publish(second)
    now = 2.0
    assert (knows(token()), knows(token(second))) == (False, True)
    for content in ("{broken", '{"keys": []}', '{"keys": 5}'):
        path.write_text(content)
        now += 1
        assert knows(token(second))
    path.write_text(
        json.dumps(
            {"keys": [{"kty": "AKP", "kid": "new"}, {"kty": "oct", "k": "c2VjcmV0"},
                      KEY.as_dict(private=False)]}
        )
    )  # fmt: skip
    now += 1
    assert (knows(token()), knows(token(second))) == (True, False)


def test_a_name_that_no_policy_could_hold_stays_outside(broker: Broker) -> None:
    given = f"Bearer {token(sub='x' * 1025)}"
    status, problem = Rest(broker).ask("GET", "/topology", authorization=given)
    assert (status, problem["detail"]) == (401, "the caller's name has more than 1024 signs")


def test_the_audit_knows_who_it_was(broker: Broker) -> None:
    rest, ada = Rest(broker), basic("ada", "secret")
    rest.ask("POST", "/process-instances/4711/cancellation", authorization=ada)
    wanted = {"filter": {"operationType": "CANCEL", "actorId": "ada"}}
    found = rest.ask("POST", "/audit-logs/search", wanted, authorization=ada)[1]["items"]
    assert [item["actorType"] for item in found] == ["USER"]
    assert rest.ask("GET", "/authentication/me", authorization=ada)[1]["username"] == "ada"


def test_a_policy_speaks_of_the_caller_that_the_channel_names(
    start_broker: Callable[..., Broker], tmp_path: Path
) -> None:
    acme, holder = Signer("acme", b"a" * 32), Signer("broker", b"b" * 32)
    ring = [acme.public("authority", iss="https://acme"), holder.public("holder")]
    (tmp_path / "ring.json").write_bytes(write_key_ring(ring))
    (tmp_path / "holder.key").write_text((b"b" * 32).hex())
    (tmp_path / "users").write_text(f"ada:{hash_password('x')}\nbob:{hash_password('y')}\n")
    broker = start_broker(
        "--users", str(tmp_path / "users"), "--policy-keys", str(tmp_path / "ring.json"),
        "--holder-key", f"broker={tmp_path / 'holder.key'}",
    )  # fmt: skip
    only_bob = {"actor": {"eq": "bob"}}
    grant = Grant(
        v=1, typ="grant", jti="g", iss="https://acme", rev=1, iat=0, nbf=0, exp=9_000_000_000,
        sub=Subject(tenant="<default>", process=("gov",)), cnf=Holder(kids=("broker",)),
        allow=(
            Clause(id="A", do=("instance.create", "element.enter", "flow.take", "job.create", "var.*")),
            Clause(id="W", do=("job.activate", "job.complete"), on=only_bob),
        ),
    )  # fmt: skip
    rest, ada, bob = Rest(broker), basic("ada", "x"), basic("bob", "y")
    (tmp_path / "gov.bpmn").write_bytes(one_task("gov", "gov-work").xml())
    mark = "x"
    raw = (
        f'--{mark}\r\ncontent-disposition: form-data; name="r"; filename="gov.bpmn"\r\n\r\n'.encode()
        + one_task("gov", "gov-work").xml()
        + f"\r\n--{mark}--\r\n".encode()
    )
    form = f"multipart/form-data; boundary={mark}"
    assert rest.ask("POST", "/deployments", raw=raw, content_type=form, authorization=ada)[0] == 200
    body = {
        "processDefinitionId": "gov",
        "variables": {"_policy": [mint_grant(grant, acme)], "x": 1},
    }
    assert rest.ask("POST", "/process-instances", body, authorization=ada)[0] == 200
    wanted = {"type": "gov-work", "timeout": 60_000, "maxJobsToActivate": 1, "requestTimeout": -1,
              "worker": "bob"}  # fmt: skip
    assert rest.ask("POST", "/jobs/activation", wanted, authorization=ada)[1]["jobs"] == []
    (job,) = rest.ask("POST", "/jobs/activation", wanted, authorization=bob)[1]["jobs"]
    assert json.loads(job["customHeaders"]["gov.policy"]) == job["variables"]["_policy"]
    done = f"/jobs/{job['jobKey']}/completion"
    status, problem = rest.ask("POST", done, {}, authorization=ada)
    assert (status, problem["title"]) == (403, "FORBIDDEN")
    assert "job.complete" in problem["detail"]
    echo = {"variables": {"_policy": job["variables"]["_policy"]}}
    assert rest.ask("POST", done, echo, authorization=bob)[0] == 204
