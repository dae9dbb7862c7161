"""Operators break the glass by gRPC, by REST and on the command line, against a real broker (T13)."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from click.testing import CliRunner
from joserfc.jwk import KeySet

from remit.audit.explaining import explain
from remit.audit.verifying import verify
from remit.authority.policy import Clause
from remit.cli.main import main
from tests.gateway.test_authentication import AUDIENCE, ISSUER, KEY, token
from tests.gateway.test_rest_commands import Rest
from tests.support.broker import Broker, Client, code_of
from tests.support.certificates import Authority, Pair
from tests.support.governed import RING, WORK, governed_options, grant, policy
from tests.support.model import one_task
from tests.test_command_line import remit

FIRE = "the data centre is on fire, ticket 4711"
OPERATIONS = (
    "incident.resolve", "instance.cancel", "instance.suspend", "instance.resume",
    "instance.modify", "instance.migrate", "job.retries",
)  # fmt: skip
B1 = Clause(id="B1", do=OPERATIONS, on={"breakGlass": {"eq": True}})
UPDATES = ("CREATE_PROCESS_INSTANCE", "READ_PROCESS_INSTANCE", "CANCEL_PROCESS_INSTANCE",
           "MODIFY_PROCESS_INSTANCE", "UPDATE_PROCESS_INSTANCE")  # fmt: skip


class Place:
    """A broker where root may do everything; oscar and eve operate, and oscar may break the glass."""

    def __init__(self, broker: Broker, folder: Path) -> None:
        self.broker, self.folder = broker, folder
        self._rest = Rest(broker)

    def client(self, name: str, **more: str) -> Client:
        return Client(self.broker.grpc, f"Bearer key-of-{name}", **more)

    def rest(self, name: str, method: str, path: str, body: Any = None, **headers: str) -> Any:
        authorization = f"Bearer key-of-{name}"
        return self._rest.ask(method, path, body, authorization=authorization, **headers)

    def command_line(self, *words: object) -> Any:
        return remit(*map(str, words), address=self.broker.grpc,
                     REMIT_AUTHORIZATION="Bearer key-of-oscar")  # fmt: skip

    def start(self, *allow: Clause, process: str = "one") -> int:
        given = json.dumps({"_policy": policy(grant(WORK, *allow))})
        made = self.client("root").call(
            "CreateProcessInstance", bpmnProcessId=process, version=-1, variables=given
        )
        key: int = made.processInstanceKey
        return key

    def explained(self, key: int, action: str) -> list[tuple[bool, str]]:
        """(admitted, reason of the broken glass) of each such step of the instance."""
        told = self.audit("explain", self.folder / "data", "--instance", key, "--json")
        steps = [json.loads(line) for line in told.splitlines()]
        return [(each["admitted"], each.get("broken_glass", ""))
                for each in steps if each["action"] == action]  # fmt: skip

    def audit(self, *words: object) -> str:
        result = CliRunner().invoke(main, ["audit", *map(str, words)])
        assert result.exit_code == 0, result.output
        return result.output


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("glass")
    names = ("root", "oscar", "eve")
    keys = [f"{name}:{hashlib.sha256(f'key-of-{name}'.encode()).hexdigest()}" for name in names]
    (folder / "api-keys").write_text("\n".join(keys))
    options = (
        *governed_options(folder), "--api-keys", f"{folder}/api-keys", "--authorizations",
        "--admin", "root", "--history", "",
    )  # fmt: skip
    with Broker(folder / "data", *options) as broker:
        made = Place(broker, folder)
        root = made.client("root")
        root.deploy("one.bpmn", one_task().xml())
        root.deploy("two.bpmn", one_task("two", "more").xml())
        for owner, resource, permissions, on in (
            ("oscar", "PROCESS_DEFINITION", UPDATES, "*"),
            ("oscar", "PROCESS_DEFINITION", ("BREAK_GLASS",), "one"),
            ("oscar", "BATCH", ("CREATE", "READ"), "*"),
            ("eve", "PROCESS_DEFINITION", UPDATES, "*"),
        ):
            body = {"ownerId": owner, "ownerType": "CLIENT", "resourceType": resource,
                    "resourceId": on, "permissionTypes": list(permissions)}  # fmt: skip
            assert made.rest("root", "POST", "/authorizations", body)[0] == 201
        yield made
    (part,) = verify(folder / "data", RING).partitions
    assert part.findings == []


def test_t13_who_may_breaks_the_glass_by_grpc_and_the_log_says_so(place: Place) -> None:
    key = place.start(B1)
    asked: dict[str, Any] = {"method": "CancelProcessInstance", "processInstanceKey": key}
    for who, more, said in (
        ("oscar", {}, "it has a clause about breakGlass"),
        ("eve", {"remit_break_glass": FIRE},
         "ask an administrator for it (`remit grant give eve PROCESS_DEFINITION BREAK_GLASS --on one`"),
    ):  # fmt: skip
        with pytest.raises(grpc.RpcError) as fault:
            place.client(who, **more).call(**asked)
        assert code_of(fault) == "PERMISSION_DENIED"
        assert said in fault.value.details()
    place.client("oscar", remit_break_glass=FIRE).call(**asked)
    assert place.explained(key, "instance.cancel") == [(False, ""), (True, FIRE)]
    shown = place.audit("explain", place.folder / "data", "--instance", key)
    assert f"glass broken: {FIRE}" in " ".join(shown.replace("│", " ").split())


def test_t13_who_may_breaks_the_glass_by_rest_and_the_log_says_so(place: Place) -> None:
    key = place.start(B1)
    path = f"/process-instances/{key}/cancellation"
    status, problem = place.rest("eve", "POST", path, {}, remit_break_glass=FIRE)
    assert (status, problem["title"]) == (403, "FORBIDDEN")
    assert "'eve' has no permission 'BREAK_GLASS'" in problem["detail"]
    assert place.rest("oscar", "POST", path, {})[0] == 403
    assert place.rest("oscar", "POST", path, {}, remit_break_glass=FIRE)[0] == 204
    assert place.explained(key, "instance.cancel") == [(False, ""), (True, FIRE)]


def test_t13_a_right_without_a_clause_is_denied_and_the_denial_tells_of_it(place: Place) -> None:
    key = place.start()
    path = f"/process-instances/{key}/cancellation"
    status, problem = place.rest("oscar", "POST", path, {}, remit_break_glass=FIRE)
    assert (status, problem["title"]) == (403, "FORBIDDEN")
    assert "the glass is broken, and what that allows is for a clause" in problem["detail"]
    assert place.explained(key, "instance.cancel") == [(False, FIRE)]
    shown = place.audit("explain", place.folder / "data", "--instance", key)
    assert f"glass broken: {FIRE}" in " ".join(shown.replace("│", " ").split())


def test_the_right_is_for_the_process_that_it_was_given_for(place: Place) -> None:
    key = place.start(B1, process="two")
    path = f"/process-instances/{key}/cancellation"
    status, problem = place.rest("oscar", "POST", path, {}, remit_break_glass=FIRE)
    assert (status, "BREAK_GLASS --on two" in problem["detail"]) == (403, True)
    assert place.rest("root", "POST", path, {}, remit_break_glass=FIRE)[0] == 204


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("", "it is empty: say in words why"),
        ("%20%20", "it is empty: say in words why"),
        ("x" * 501, "it has 501 signs: say it in 500"),
        ("one%0Atwo", "can't be printed: write it in one line"),
        ("%ff", "it is no UTF-8"),
    ],
)
def test_a_reason_that_is_none_is_refused_at_both_doors(
    place: Place, given: str, said: str
) -> None:
    key = place.start(B1)
    path = f"/process-instances/{key}/cancellation"
    status, problem = place.rest("oscar", "POST", path, {}, remit_break_glass=given)
    assert (status, said in problem["detail"]) == (400, True), problem
    with pytest.raises(grpc.RpcError) as fault:
        place.client("oscar", remit_break_glass=given).call(
            "CancelProcessInstance", processInstanceKey=key
        )
    assert code_of(fault) == "INVALID_ARGUMENT"
    assert said in fault.value.details()
    assert place.explained(key, "instance.cancel") == []


def test_where_everybody_is_anonymous_nobody_breaks_the_glass(shared_broker: Broker) -> None:
    status, problem = Rest(shared_broker).ask(
        "POST", "/process-instances/1/cancellation", {}, remit_break_glass=FIRE
    )
    assert (status, problem["title"]) == (403, "FORBIDDEN")
    assert "the caller is anonymous: come with credentials" in problem["detail"]
    with pytest.raises(grpc.RpcError) as fault:
        Client(shared_broker.grpc, remit_break_glass=FIRE).call("Topology")
    assert code_of(fault) == "PERMISSION_DENIED"


def test_every_operation_of_the_command_line_breaks_the_glass(place: Place) -> None:
    key, job, incident = stuck(place)
    glass = ("--break-glass", FIRE)
    for words in (
        ("resolve", incident, "--job", job, "--retries", 2),
        ("suspend", key), ("resume", key), ("modify", key, "--move", "a=a"), ("cancel", key),
    ):  # fmt: skip
        refused = place.command_line(*words)
        assert (refused.returncode, "breakGlass" in refused.stderr) == (1, True), refused
        done = place.command_line(*words, *glass)
        assert done.returncode == 0, done
    assert place.explained(key, "incident.resolve") == [(True, FIRE)]
    for action in ("job.retries", "instance.suspend", "instance.resume", "instance.modify",
                   "instance.cancel"):  # fmt: skip
        assert place.explained(key, action) == [(False, ""), (True, FIRE)]


def test_every_operation_by_rest_breaks_the_glass(place: Place) -> None:
    key, job, incident = stuck(place)
    at = f"/process-instances/{key}"
    operations: list[tuple[str, str, str, Any]] = [
        ("job.retries", "PATCH", f"/jobs/{job}", {"changeset": {"retries": 2}}),
        ("incident.resolve", "POST", f"/incidents/{incident}/resolution", {}),
        ("instance.suspend", "POST", f"{at}/suspension", {}),
        ("instance.resume", "POST", f"{at}/resumption", {}),
        ("instance.modify", "POST", f"{at}/modification",
         {"activateInstructions": [{"elementId": "a"}]}),
        ("instance.cancel", "POST", f"{at}/cancellation", {}),
    ]  # fmt: skip
    for action, method, path, body in operations:
        assert place.rest("oscar", method, path, body)[0] == 403
        assert place.rest("oscar", method, path, body, remit_break_glass=FIRE)[0] == 204
        assert place.explained(key, action) == [(False, ""), (True, FIRE)]


def test_migrations_break_the_glass_and_reasons_are_said_in_any_language(place: Place) -> None:
    key = place.start(B1)
    made = place.client("root").deploy("three.bpmn", one_task("three", "other").xml())
    target = made.deployments[0].process.processDefinitionKey
    words = ("migrate", key, target, "--map", "a=a")
    assert place.command_line(*words).returncode == 1
    reason = "100% Stromausfall in Köln: Müller fährt hin (火事)"
    done = place.command_line(*words, "--break-glass", reason)
    assert done.returncode == 0, done
    assert place.explained(key, "instance.migrate") == [(False, ""), (True, reason)]


def test_a_batch_on_the_command_line_breaks_the_glass_for_each_item(place: Place) -> None:
    keys = [place.start(B1), place.start()]
    for key in keys:
        _first(place, "process-instances", key)
    wanted = json.dumps({"processInstanceKey": {"$in": [str(key) for key in keys]}})
    words = ("batch", "start", "cancel", "--filter", wanted, "--wait", "--json")
    assert json.loads(place.command_line(*words).stdout)["failed"] == 2
    told = json.loads(place.command_line(*words, "--break-glass", FIRE).stdout)
    assert (told["done"], told["failed"]) == (1, 1)
    assert place.explained(keys[0], "instance.cancel") == [(False, ""), (True, FIRE)]
    assert place.explained(keys[1], "instance.cancel") == [(False, ""), (False, FIRE)]


def test_certificates_and_tokens_say_who_breaks_the_glass(tmp_path: Path) -> None:
    """A clause may ask how the channel knows whoever does."""
    authority, on_call = Authority(tmp_path), "spiffe://acme.example/on-call"
    own, root, pair = (
        authority.issue("broker"), authority.issue("root"), authority.issue("x", on_call)
    )  # fmt: skip
    (tmp_path / "jwks.json").write_text(json.dumps(KeySet([KEY]).as_dict(private=False)))
    options = (
        *governed_options(tmp_path), "--tls-cert", own.certificate, "--tls-key", own.key,
        "--tls-client-ca", authority.certificate, "--oidc-issuer", ISSUER, "--oidc-audience",
        AUDIENCE, "--oidc-keys", f"{tmp_path}/jwks.json", "--authorizations", "--admin", "mtls:root",
    )  # fmt: skip
    trusted = Path(authority.certificate).read_bytes()

    def by(pair: Pair) -> grpc.ChannelCredentials:
        files = (Path(each).read_bytes() for each in (pair.key, pair.certificate))
        return grpc.ssl_channel_credentials(trusted, *files)

    with Broker(tmp_path / "data", *options) as broker:
        client = Client(broker.grpc, credentials=by(root))
        client.deploy("one.bpmn", one_task().xml())
        for owner, kind in ((on_call, "client"), ("ada", "user")):
            given = remit(
                "grant", "give", owner, "PROCESS_DEFINITION", "CANCEL_PROCESS_INSTANCE", "BREAK_GLASS",
                "--as", kind, "--on", "one", "--tls-ca", authority.certificate, "--tls-cert",
                root.certificate, "--tls-key", root.key, address=broker.grpc,
            )  # fmt: skip
            assert given.returncode == 0, given
        strict = Clause(id="B1", do=OPERATIONS, on={**B1.on, "actorMethod": {"eq": "svid"}})
        keys = [
            client.call(
                "CreateProcessInstance", bpmnProcessId="one", version=-1,
                variables=json.dumps({"_policy": policy(grant(WORK, each))}),
            ).processInstanceKey
            for each in (strict, B1)
        ]  # fmt: skip
        plain = grpc.ssl_channel_credentials(trusted)
        ada = Client(broker.grpc, f"Bearer {token()}", plain, remit_break_glass=FIRE)
        with pytest.raises(grpc.RpcError) as fault:
            ada.call("CancelProcessInstance", processInstanceKey=keys[0])
        assert code_of(fault) == "PERMISSION_DENIED"
        ada.call("CancelProcessInstance", processInstanceKey=keys[1])
        with_certificate = Client(broker.grpc, credentials=by(pair), remit_break_glass=FIRE)
        with_certificate.call("CancelProcessInstance", processInstanceKey=keys[0])
        told = [
            (step.actor, step.method, step.admitted, step.broken_glass)
            for key in keys for step in explain(tmp_path / "data", key)
            if step.action == "instance.cancel"
        ]  # fmt: skip
    assert told == [
        ("ada", "jwt", False, FIRE), (on_call, "svid", True, FIRE), ("ada", "jwt", True, FIRE),
    ]  # fmt: skip


def stuck(place: Place) -> tuple[int, int, int]:
    """An instance whose job has no retries left; the job; the incident."""
    key = place.start(B1)
    client = place.client("root")
    (job,) = [each for each in client.activate("work", 100) if each.processInstanceKey == key]
    client.call("FailJob", jobKey=job.key, retries=0)
    return key, job.key, int(_first(place, "incidents", key)["incidentKey"])


def _first(place: Place, kind: str, key: int) -> Any:
    """What can be searched of an instance, as soon as it is there."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        wanted = {"filter": {"processInstanceKey": str(key)}}
        status, answer = place.rest("root", "POST", f"/{kind}/search", wanted)
        assert status == 200, answer
        if answer["items"]:
            return answer["items"][0]
    raise AssertionError(f"no {kind} of {key}")
