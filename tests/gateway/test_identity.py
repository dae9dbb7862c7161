"""Users, groups, roles, tenants, rules and authorizations over REST, and what they do to callers."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import grpc
import pytest

from remit.gateway.auth import hash_password
from remit.protocol.wire.stubs import gateway_pb2 as pb
from tests.gateway.test_authentication import basic
from tests.gateway.test_rest_commands import Rest
from tests.support.broker import Broker
from tests.support.model import DISH, Model, one_task
from tests.test_command_line import remit

ROOT = basic("root", "root")


class As:
    """A caller at the REST door."""

    def __init__(self, broker: Broker, name: str) -> None:
        self.broker = broker
        self.credentials = basic(name, name)
        self._rest = Rest(broker)

    def ask(self, method: str, path: str, body: Any = None, **more: Any) -> tuple[int, Any]:
        return self._rest.ask(method, path, body, authorization=self.credentials, **more)

    def do(self, method: str, path: str, body: Any = None) -> Any:
        status, answer = self.ask(method, path, body)
        assert status < 300, answer
        return answer

    def found(self, path: str, **wanted: Any) -> list[Any]:
        items: list[Any] = self.do("POST", f"{path}/search", wanted)["items"]
        return items

    def deploy(self, name: str, content: bytes, tenant: str = "") -> tuple[int, Any]:
        mark = uuid4().hex
        part = f'--{mark}\r\ncontent-disposition: form-data; name="{{}}"{{}}\r\n\r\n'
        raw = part.format("resources", f'; filename="{name}"').encode() + content + b"\r\n"
        if tenant:
            raw += part.format("tenantId", "").encode() + tenant.encode() + b"\r\n"
        form = f"multipart/form-data; boundary={mark}"
        raw += f"--{mark}--\r\n".encode()
        return self.ask("POST", "/deployments", raw=raw, content_type=form)

    def create(self, process: str, tenant: str | None = None, **variables: Any) -> tuple[int, Any]:
        body = {"processDefinitionId": process, "variables": variables, "tenantId": tenant}
        return self.ask("POST", "/process-instances", body)

    def grant(self, owner: str, resource: str, *permissions: str, on: str = "*") -> str:
        key: str = self.do("POST", "/authorizations", {
            "ownerId": owner, "ownerType": "USER", "resourceType": resource, "resourceId": on,
            "permissionTypes": list(permissions),
        })["authorizationKey"]  # fmt: skip
        return key


def started(folder: Path, *options: str) -> Broker:
    names = ("root", "ada", "bob")
    folder.mkdir(exist_ok=True)
    (folder / "users").write_text("".join(f"{n}:{hash_password(n)}\n" for n in names))
    return Broker(folder / "data", "--users", str(folder / "users"), "--admin", "root", *options)


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    folder = tmp_path_factory.mktemp("guarded")
    with started(folder, "--authorizations", "--history", "") as broker:
        yield broker


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """Two tenants: ada is in acme, bob in the default one. Two partitions."""
    folder = tmp_path_factory.mktemp("shared")
    options = ("--multi-tenancy", "--partitions", "2", "--history", "")
    with started(folder, *options) as broker:
        root = As(broker, "root")
        root.do("POST", "/tenants", {"tenantId": "acme", "name": "Acme"})
        root.do("PUT", "/tenants/acme/users/ada")
        root.do("PUT", "/tenants/%3Cdefault%3E/users/bob")
        for tenant in ("acme", "<default>"):
            assert root.deploy("p.bpmn", one_task("p", "work").xml(), tenant)[0] == 200
        yield broker


# --- entities --------------------------------------------------------------------------------------


def test_users_log_in_with_the_password_they_were_given(guarded: Broker) -> None:
    root, eve = As(guarded, "root"), As(guarded, "eve")
    assert eve.ask("GET", "/authentication/me")[0] == 401
    user = {"username": "eve", "name": "Eve", "email": "eve@acme.example"}
    assert root.do("POST", "/users", {**user, "password": "eve"}) == user
    assert root.do("GET", "/users/eve") == user
    me = eve.do("GET", "/authentication/me")
    assert (me["username"], me["displayName"], me["authorizedComponents"]) == ("eve", "Eve", [])
    root.do("PUT", "/users/eve", {"name": "Eve", "password": "other"})
    assert eve.ask("GET", "/authentication/me")[0] == 401
    root.do("DELETE", "/users/eve")
    assert root.ask("GET", "/users/eve")[0] == 404


def test_a_file_of_users_goes_before_users_made_here(guarded: Broker) -> None:
    root = As(guarded, "root")
    root.do("POST", "/users", {"username": "bob", "password": "stolen"})
    assert Rest(guarded).ask("GET", "/topology", authorization=basic("bob", "stolen"))[0] == 401
    root.do("DELETE", "/users/bob")


CIRCLES = {"group": ("users", "clients", "mapping-rules"),
           "role": ("users", "clients", "groups", "mapping-rules"),
           "tenant": ("users", "clients", "groups", "roles", "mapping-rules")}  # fmt: skip
SHOWN = {"users": "username", "clients": "clientId", "groups": "groupId", "roles": "roleId",
         "mapping-rules": "mappingRuleId"}  # fmt: skip


@pytest.mark.parametrize("kind", CIRCLES)
def test_circles_have_members(guarded: Broker, kind: str) -> None:
    root = As(guarded, "root")
    name, id_name = f"{kind}-one", f"{kind}Id"
    made = {id_name: name, "name": "One", "description": None}
    assert root.do("POST", f"/{kind}s", {id_name: name, "name": "One"}) == made
    assert root.do("GET", f"/{kind}s/{name}") == made
    assert root.found(f"/{kind}s", filter={"name": {"$like": "O*"}}) == [made]
    changed = {"name": "Two", "description": "more"}
    assert root.do("PUT", f"/{kind}s/{name}", changed) == {id_name: name, **changed}
    for member in ("group", "role"):
        root.ask("POST", f"/{member}s", {f"{member}Id": f"m-{member}", "name": "M"})
    rule = {"mappingRuleId": "m-rule", "claimName": "team", "claimValue": "x", "name": "M"}
    root.ask("POST", "/mapping-rules", rule)
    there = {"groups": "m-group", "roles": "m-role", "mapping-rules": "m-rule"}
    for members in CIRCLES[kind]:
        member = there.get(members, "somebody")
        path = f"/{kind}s/{name}/{members}"
        root.do("PUT", f"{path}/{member}")
        assert root.ask("PUT", f"{path}/{member}")[0] == 409
        assert [each[SHOWN[members]] for each in root.found(path)] == [member]
        root.do("DELETE", f"{path}/{member}")
        assert root.ask("DELETE", f"{path}/{member}")[0] == 404
        assert root.found(path) == []
    root.do("DELETE", f"/{kind}s/{name}")
    assert root.ask("POST", f"/{kind}s/{name}/users/search", {})[0] == 404


def test_roles_of_a_group_are_found(guarded: Broker) -> None:
    root = As(guarded, "root")
    root.do("POST", "/groups", {"groupId": "crew", "name": "Crew"})
    root.do("POST", "/roles", {"roleId": "boss", "name": "Boss"})
    root.do("PUT", "/roles/boss/groups/crew")
    boss = {"roleId": "boss", "name": "Boss", "description": None}
    assert root.found("/groups/crew/roles") == [boss]
    assert [each["groupId"] for each in root.found("/roles/boss/groups")] == ["crew"]


def test_the_default_tenant_is_always_there(guarded: Broker) -> None:
    root = As(guarded, "root")
    assert root.do("GET", "/tenants/%3Cdefault%3E")["name"] == "Default"
    assert root.ask("DELETE", "/tenants/%3Cdefault%3E")[0] == 400


def test_mapping_rules_and_authorizations_are_kept_and_found(guarded: Broker) -> None:
    root = As(guarded, "root")
    rule = {"mappingRuleId": "r1", "claimName": "team", "claimValue": "blue", "name": "Blue"}
    assert root.do("POST", "/mapping-rules", rule) == rule
    changed = {**rule, "claimValue": "red"}
    assert root.do("PUT", "/mapping-rules/r1", changed) == changed
    assert root.do("GET", "/mapping-rules/r1") == changed
    root.do("DELETE", "/mapping-rules/r1")
    key = root.grant("zoe", "MESSAGE", "CREATE", "READ")
    found = root.do("GET", f"/authorizations/{key}")
    assert found == {
        "authorizationKey": key, "ownerId": "zoe", "ownerType": "USER", "resourceId": "*",
        "resourceType": "MESSAGE", "resourcePropertyName": None,
        "permissionTypes": ["CREATE", "READ"],
    }  # fmt: skip
    assert root.found("/authorizations", filter={"ownerId": "zoe"}) == [found]
    root.do("DELETE", f"/authorizations/{key}")
    assert root.ask("GET", f"/authorizations/{key}")[0] == 404


@pytest.mark.parametrize(
    ("path", "body", "title"),
    [
        ("/users", {"username": "x"}, "Bad Request"),
        ("/users", {"username": "x", "password": ""}, "INVALID_ARGUMENT"),
        ("/users", {"username": "x", "password": "p" * 2000}, "INVALID_ARGUMENT"),
        ("/users", {"username": "x", "password": "p", "email": "nobody"}, "INVALID_ARGUMENT"),
        ("/users", {"username": "../../etc", "password": "p"}, "INVALID_ARGUMENT"),
        ("/users", {"username": "a b", "password": "p"}, "INVALID_ARGUMENT"),
        ("/users", {"username": "x", "password": "p", "isAdmin": True}, "Bad Request"),
        ("/tenants", {"tenantId": "a b", "name": "x"}, "INVALID_ARGUMENT"),
        ("/users/search", {"filter": {"password": "x"}}, "Bad Request"),
        ("/users/search", {"filter": {"username": {"$like": 5}}}, "INVALID_ARGUMENT"),
        ("/groups/search", {"sort": [{"field": "kind"}]}, "Bad Request"),
        ("/authorizations", {"ownerId": "x", "ownerType": "USER", "resourceType": "CAR",
                             "resourceId": "*", "permissionTypes": ["READ"]}, "INVALID_ARGUMENT"),
    ],
)  # fmt: skip
def test_bad_entities_are_refused(guarded: Broker, path: str, body: Any, title: str) -> None:
    status, problem = As(guarded, "root").ask("POST", path, body)
    assert (status, problem["title"]) == (400, title)


def test_quotes_in_filters_are_only_text(guarded: Broker) -> None:
    root = As(guarded, "root")
    assert root.found("/users", filter={"username": "' OR 1=1 --"}) == []


def test_everything_is_still_there_after_a_restart(tmp_path: Path) -> None:
    with started(tmp_path, "--authorizations") as broker:
        As(broker, "root").do("POST", "/users", {"username": "eve", "password": "eve"})
        As(broker, "root").grant("eve", "USER", "READ")
    with broker:
        assert [each["username"] for each in As(broker, "eve").found("/users")] == ["eve"]


def test_no_exporter_tells_the_hash_of_a_password(tmp_path: Path) -> None:
    path = tmp_path / "records.jsonl"
    with started(tmp_path, "--exporter", f"jsonl:{path}") as broker:
        As(broker, "root").do("POST", "/users", {"username": "eve", "password": "eve"})
        end = time.monotonic() + 20
        while time.monotonic() < end and not (path.exists() and "eve" in path.read_text()):
            time.sleep(0.05)
    records = [json.loads(line) for line in path.read_text().splitlines()]
    (made,) = [
        each for each in records if each["valueType"] == "USER" and each["recordType"] == "EVENT"
    ]
    assert (made["intent"], made["value"]["username"]) == ("CREATED", "eve")
    assert made["authorizations"]["actor"] == "root"
    assert "argon2" not in path.read_text()


# --- authorizations --------------------------------------------------------------------------------


def test_commands_are_denied_by_resource_and_permission_at_both_doors(guarded: Broker) -> None:
    status, problem = As(guarded, "ada").deploy("x.bpmn", one_task("x", "x").xml())
    assert (status, problem["title"]) == (403, "FORBIDDEN")
    assert "operation 'CREATE' on resource 'RESOURCE'" in problem["detail"]
    with grpc.insecure_channel(guarded.grpc) as channel:
        ask = channel.unary_unary(
            "/gateway_protocol.Gateway/PublishMessage",
            request_serializer=lambda message: message.SerializeToString(),
            response_deserializer=pb.PublishMessageResponse.FromString,
        )
        with pytest.raises(grpc.RpcError) as fault:
            ask(pb.PublishMessageRequest(name="m"), timeout=10,
                metadata=(("authorization", basic("ada", "ada")),))  # fmt: skip
    assert fault.value.code() is grpc.StatusCode.PERMISSION_DENIED
    assert "operation 'CREATE' on resource 'MESSAGE'" in (fault.value.details() or "")


def test_who_may_not_grant_can_not_grant_himself(guarded: Broker) -> None:
    ada = As(guarded, "ada")
    body = {"ownerId": "ada", "ownerType": "USER", "resourceType": "SYSTEM", "resourceId": "*",
            "permissionTypes": ["UPDATE"]}  # fmt: skip
    assert ada.ask("POST", "/authorizations", body)[0] == 403
    assert ada.ask("PUT", "/roles/boss/users/ada")[0] == 403
    assert ada.ask("PUT", "/users/root", {"password": "mine"})[0] == 403
    assert ada.found("/users") == ada.found("/authorizations") == ada.found("/roles") == []


def test_searches_show_what_may_be_read(guarded: Broker) -> None:
    root, ada = As(guarded, "root"), As(guarded, "ada")
    for name in ("seen", "unseen"):
        root.deploy(f"{name}.bpmn", one_task(name, name).xml())
        root.create(name, x=1)
    assert ada.found("/process-instances") == ada.found("/process-definitions") == []
    keys = [
        root.grant("ada", "PROCESS_DEFINITION", "READ_PROCESS_INSTANCE", "READ_PROCESS_DEFINITION",
                   on="seen"),
    ]  # fmt: skip
    for path in ("/process-instances", "/process-definitions", "/element-instances", "/jobs"):
        assert {each["processDefinitionId"] for each in ada.found(path)} == {"seen"}, path
    assert len(ada.found("/variables")) == 1
    (hidden,) = root.found("/process-instances", filter={"processDefinitionId": "unseen"})
    key = hidden["processInstanceKey"]
    assert ada.ask("GET", f"/process-instances/{key}")[0] == 404
    assert ada.do("GET", f"/process-instances/{key}/sequence-flows")["items"] == []
    assert ada.do("GET", f"/process-instances/{key}/statistics/element-instances")["items"] == []
    assert ada.found("/audit-logs") == []
    assert {each["authorizationKey"] for each in ada.found("/authentication/me/authorizations")} \
        == set(keys)  # fmt: skip
    root.do("DELETE", f"/authorizations/{keys[0]}")
    assert ada.found("/process-instances") == []
    assert len(root.found("/process-instances")) == 2


def test_tasks_are_found_by_whom_they_name(guarded: Broker) -> None:
    root, ada = As(guarded, "root"), As(guarded, "ada")
    model = Model("naming").start("s").native_user("u", assignment={"assignee": "ada"}).end("e")
    root.deploy("naming.bpmn", model.path("s", "u", "e").xml())
    root.create("naming")
    assert ada.found("/user-tasks") == []
    root.do("POST", "/authorizations", {
        "ownerId": "ada", "ownerType": "USER", "resourceType": "USER_TASK",
        "resourcePropertyName": "assignee", "permissionTypes": ["READ", "COMPLETE"],
    })  # fmt: skip
    (task,) = ada.found("/user-tasks")
    assert ada.ask("POST", f"/user-tasks/{task['userTaskKey']}/completion", {})[0] == 204


def test_decisions_are_guarded(guarded: Broker) -> None:
    root, ada = As(guarded, "root"), As(guarded, "ada")
    root.deploy("dish.dmn", DISH)
    (decision, *_) = root.found("/decision-definitions")
    body = {"decisionDefinitionId": decision["decisionDefinitionId"], "variables": {}}
    assert ada.ask("POST", "/decision-definitions/evaluation", body)[0] == 403
    assert ada.found("/decision-definitions") == []
    root.grant("ada", "DECISION_DEFINITION", "CREATE_DECISION_INSTANCE")
    assert ada.ask("POST", "/decision-definitions/evaluation", body)[0] == 200


def test_a_stream_gets_the_jobs_that_its_worker_may_do(guarded: Broker) -> None:
    root = As(guarded, "root")
    root.deploy("streamed.bpmn", one_task("streamed", "stream-work").xml())
    root.grant("bob", "PROCESS_DEFINITION", "UPDATE_PROCESS_INSTANCE", on="streamed")
    with grpc.insecure_channel(guarded.grpc) as channel:
        ask = channel.unary_stream(
            "/gateway_protocol.Gateway/StreamActivatedJobs",
            request_serializer=lambda message: message.SerializeToString(),
            response_deserializer=pb.ActivatedJob.FromString,
        )
        wanted = pb.StreamActivatedJobsRequest(type="stream-work", worker="w", timeout=60_000)
        streams = {
            name: ask(wanted, timeout=4, metadata=(("authorization", basic(name, name)),))
            for name in ("ada", "bob")
        }
        for _ in range(4):
            root.create("streamed")
        assert next(streams["bob"]).type == "stream-work"
        with pytest.raises(grpc.RpcError) as fault:
            next(streams["ada"])
        assert fault.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED


# --- tenants ---------------------------------------------------------------------------------------


def test_a_tenant_has_to_be_named_and_to_be_ones_own(shared: Broker) -> None:
    ada, bob = As(shared, "ada"), As(shared, "bob")
    assert ada.create("p", "acme")[0] == 200
    status, problem = bob.create("p", "acme")
    assert (status, problem["title"]) == (403, "FORBIDDEN")
    status, problem = ada.create("p")
    assert (status, problem["title"]) == (400, "INVALID_ARGUMENT")
    assert "tenant" in problem["detail"]
    assert ada.create("p", "a b")[0] == 400
    assert bob.create("p", "<default>")[0] == 200


def test_searches_and_counts_stay_in_the_tenant(shared: Broker) -> None:
    ada, bob = As(shared, "ada"), As(shared, "bob")
    key = ada.create("p", "acme", secret=1)[1]["processInstanceKey"]
    bob.create("p", "<default>")
    for path in ("/process-instances", "/process-definitions", "/jobs", "/element-instances"):
        assert {each["tenantId"] for each in ada.found(path)} == {"acme"}, path
        assert {each["tenantId"] for each in bob.found(path)} == {"<default>"}, path
    assert bob.found("/variables", filter={"name": "secret"}) == []
    assert bob.ask("GET", f"/process-instances/{key}")[0] == 404
    assert bob.ask("POST", f"/process-instances/{key}/cancellation", {})[0] == 404
    assert ada.ask("POST", f"/process-instances/{key}/cancellation", {})[0] == 204


def test_jobs_are_given_to_their_tenant(shared: Broker) -> None:
    ada, bob = As(shared, "ada"), As(shared, "bob")
    for _ in range(4):
        ada.create("p", "acme")
    wanted = {"type": "work", "timeout": 60_000, "maxJobsToActivate": 50, "requestTimeout": -1}
    assert bob.ask("POST", "/jobs/activation", wanted)[0] == 400
    assert bob.ask("POST", "/jobs/activation", {**wanted, "tenantIds": ["acme"]})[0] == 403
    ours = bob.do("POST", "/jobs/activation", {**wanted, "tenantFilter": "ASSIGNED"})["jobs"]
    assert {each["tenantId"] for each in ours} <= {"<default>"}
    theirs = ada.do("POST", "/jobs/activation", {**wanted, "tenantIds": ["acme"]})["jobs"]
    assert {each["tenantId"] for each in theirs} == {"acme"}
    assert len(theirs) >= 4
    assert bob.ask("POST", f"/jobs/{theirs[0]['jobKey']}/completion", {})[0] == 404
    assert ada.ask("POST", f"/jobs/{theirs[0]['jobKey']}/completion", {})[0] == 204


def test_a_stream_of_another_tenant_is_refused(shared: Broker) -> None:
    with grpc.insecure_channel(shared.grpc) as channel:
        ask = channel.unary_stream(
            "/gateway_protocol.Gateway/StreamActivatedJobs",
            request_serializer=lambda message: message.SerializeToString(),
            response_deserializer=pb.ActivatedJob.FromString,
        )
        wanted = pb.StreamActivatedJobsRequest(type="x", timeout=1000, tenantIds=["acme"])
        with pytest.raises(grpc.RpcError) as fault:
            next(ask(wanted, timeout=10, metadata=(("authorization", basic("bob", "bob")),)))
    assert fault.value.code() is grpc.StatusCode.PERMISSION_DENIED


def test_what_partition_one_decides_holds_on_every_partition(shared: Broker) -> None:
    root, ada = As(shared, "root"), As(shared, "ada")
    root.do("POST", "/tenants", {"tenantId": "short", "name": "Short"})
    root.do("PUT", "/tenants/short/users/ada")
    root.deploy("p.bpmn", one_task("p", "work").xml(), "short")
    statuses = {ada.create("p", "short")[0] for _ in range(4)}
    assert statuses == {200}
    root.do("DELETE", "/tenants/short/users/ada")
    statuses = {ada.create("p", "short")[0] for _ in range(4)}
    assert statuses == {403}


def test_the_caller_is_told_what_applies(shared: Broker) -> None:
    ada = As(shared, "ada")
    assert [each["tenantId"] for each in ada.do("GET", "/authentication/me")["tenants"]] == ["acme"]
    told = ada.do("GET", "/system/configuration")
    assert told["deployment"]["isMultiTenancyEnabled"] is True


# --- starting --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--multi-tenancy", "--admin", "x"), "need to know who calls"),
        (("--authorizations", "--users", "{users}"), "--admin"),
    ],
)
def test_a_broker_that_nobody_could_use_does_not_start(
    tmp_path: Path, options: tuple[str, ...], said: str
) -> None:
    (tmp_path / "users").write_text(f"ada:{hash_password('x')}\n")
    given = [each.format(users=tmp_path / "users") for each in options]
    told = remit("serve", "--data", str(tmp_path / "data"), *given)
    assert told.returncode == 1
    assert said in told.stderr


# --- the command line ------------------------------------------------------------------------------


def test_the_command_line_does_all_of_it(guarded: Broker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REMIT_AUTHORIZATION", ROOT)
    monkeypatch.setenv("REMIT_ADDRESS", guarded.grpc)
    monkeypatch.setenv("REMIT_NEW_PASSWORD", "carol")

    def do(*words: str) -> list[Any]:
        told = remit(*words, "--json")
        assert told.returncode == 0, told.stderr + told.stdout
        return [json.loads(line) for line in told.stdout.splitlines()]

    do("user", "create", "carol", "--name", "Carol")
    assert "carol" in [each["username"] for each in do("user", "list")]
    do("group", "create", "field")
    do("group", "add", "field", "--user", "carol", "--client", "robot")
    assert [each["member"] for each in do("group", "members", "field")] == ["carol", "robot"]
    do("rule", "create", "blue", "--claim", "team=blue")
    do("role", "create", "sender")
    do("role", "add", "sender", "--group", "field", "--rule", "blue")
    do("grant", "give", "sender", "message", "create", "--as", "role")
    (granted,) = do("grant", "list", "--owner", "sender")
    assert (granted["on"], granted["permissions"]) == ("*", "CREATE")
    body = {"name": "m", "correlationKey": "k"}
    assert As(guarded, "carol").ask("POST", "/messages/publication", body)[0] == 200
    do("grant", "revoke", granted["key"])
    assert As(guarded, "carol").ask("POST", "/messages/publication", body)[0] == 403
    do("tenant", "create", "north")
    do("tenant", "add", "north", "--role", "sender")
    do("tenant", "delete", "north")
    do("user", "delete", "carol")
    refused = remit("user", "delete", "carol")
    assert (refused.returncode, "NOT_FOUND" in refused.stderr) == (1, True)
    assert remit("role", "add", "sender").returncode == 2
    monkeypatch.setenv("REMIT_ADDRESS", "127.0.0.1:9")
    assert remit("user", "list").returncode == 3
