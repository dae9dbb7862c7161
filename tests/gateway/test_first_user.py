"""`POST /setup/user`: the first user of a broker that knows nobody, and nobody after that."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from remit import Engine, Refused
from remit.base.errors import RejectionType
from remit.cli.main import main
from remit.gateway.auth import hash_password
from remit.protocol import commands as c
from remit.protocol.replies import Done
from tests.gateway.test_authentication import basic
from tests.gateway.test_rest_commands import Rest
from tests.support.broker import Broker
from tests.support.model import one_task

ROOT = {"username": "root", "password": "secret", "name": "Root", "email": "root@acme.example"}
Start = Callable[..., Broker]


@pytest.fixture
def nobody(tmp_path: Path) -> str:
    path = tmp_path / "users"
    path.write_text("# nobody yet\n")
    return str(path)


def test_the_first_user_comes_without_credentials_and_may_do_everything(
    start_broker: Start, nobody: str
) -> None:
    options = ("--users", nobody, "--authorizations", "--multi-tenancy")
    broker = start_broker(*options)
    rest = Rest(broker)
    assert rest.ask("GET", "/topology")[0] == 401
    assert rest.ask("POST", "/users", ROOT)[0] == 401  # this door, and no other
    assert rest.ask("POST", "/setup/user", {**ROOT, "password": ""})[0] == 400
    assert rest.ask("POST", "/setup/user", {**ROOT, "username": "a b"})[0] == 400

    status, made = rest.ask("POST", "/setup/user", ROOT)
    assert status == 201
    assert int(made.pop("userKey"))
    assert made == {"username": "root", "name": "Root", "email": "root@acme.example"}

    assert rest.ask("POST", "/setup/user", {**ROOT, "username": "eve"})[0] == 401
    root = basic("root", "secret")
    status, problem = rest.ask("POST", "/setup/user", ROOT, authorization=root)
    assert (status, "there are users already" in problem["detail"]) == (403, True)
    ada = {"username": "ada", "password": "ada"}
    assert rest.ask("POST", "/users", ada, authorization=root)[0] == 201
    again = rest.ask("POST", "/setup/user", ROOT, authorization=basic("ada", "ada"))
    assert again[0] == 403

    grant = {"ownerId": "ada", "ownerType": "USER", "resourceType": "RESOURCE",
             "permissionTypes": ["CREATE"], "resourceId": "*"}  # fmt: skip
    assert rest.ask("POST", "/authorizations", grant, authorization=root)[0] == 201
    me = rest.ask("GET", "/authentication/me", authorization=root)[1]
    assert [role if isinstance(role, str) else role["roleId"] for role in me["roles"]] == ["admin"]
    assert [tenant["tenantId"] for tenant in me["tenants"]] == ["<default>"]

    broker.stop()  # the same words start it again
    rest = Rest(start_broker(*options))
    assert rest.ask("POST", "/setup/user", {**ROOT, "username": "eve"})[0] == 401
    assert rest.ask("GET", "/users/root", authorization=root)[0] == 200


def test_where_others_may_come_in_the_first_user_needs_their_permission(
    start_broker: Start, nobody: str, tmp_path: Path
) -> None:
    (tmp_path / "keys").write_text("robot:" + "0" * 64 + "\n")
    broker = start_broker("--users", nobody, "--api-keys", str(tmp_path / "keys"))
    assert Rest(broker).ask("POST", "/setup/user", ROOT)[0] == 401


def test_a_file_with_people_in_it_is_enough(start_broker: Start, tmp_path: Path) -> None:
    (tmp_path / "users").write_text(f"ada:{hash_password('ada')}\n")
    broker = start_broker("--users", f"{tmp_path}/users")
    assert Rest(broker).ask("POST", "/setup/user", ROOT)[0] == 401


def test_the_command_line_sets_the_first_user_up(start_broker: Start, nobody: str) -> None:
    address = start_broker("--users", nobody).grpc
    words = ["user", "setup", "root", "--password", "secret", "--address", address, "--json"]
    first, second = (CliRunner().invoke(main, words) for _ in range(2))
    assert json.loads(first.output)["username"] == "root"
    assert (first.exit_code, second.exit_code) == (0, 1)
    assert "Unauthorized" in second.output
    assert "say who you are by REMIT_AUTHORIZATION" in second.output


def test_the_engine_makes_a_first_user_once(engine: Engine) -> None:
    engine.deploy(("one.bpmn", one_task().xml()))
    engine.execute(c.SetUpUser("root"), Done)
    with pytest.raises(Refused) as fault:
        engine.execute(c.SetUpUser("eve"), Done)
    assert fault.value.reply.type is RejectionType.FORBIDDEN
    engine.execute(c.DeleteUser("root"), Done)
    engine.execute(c.SetUpUser("eve"), Done)
    members: list[Any] = [each.member for each in engine.state.members.rows.values()]
    assert sorted(members) == ["admin", "eve"]
