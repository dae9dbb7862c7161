"""What operators do with process instances over REST, and what history shows of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.gateway.test_rest_commands import Rest
from tests.support.broker import Broker
from tests.support.model import one_task
from tests.test_command_line import remit


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    with Broker(tmp_path_factory.mktemp("operations"), "--history", "") as made:
        yield made


@pytest.fixture(scope="module")
def rest(broker: Broker) -> Rest:
    return Rest(broker)


def create(rest: Rest, process: str, **variables: Any) -> str:
    body = {"processDefinitionId": process, "variables": variables}
    key: str = rest.ask("POST", "/process-instances", body)[1]["processInstanceKey"]
    return key


def instance(rest: Rest, key: str) -> dict[str, Any]:
    status, found = rest.ask("GET", f"/process-instances/{key}")
    assert status == 200, found
    shown: dict[str, Any] = found
    return shown


def test_an_instance_is_suspended_and_resumed_and_searches_show_it(rest: Rest) -> None:
    rest.deploy(s1_bpmn=one_task("s1", "s1-work").xml())
    key = create(rest, "s1")
    assert rest.ask("POST", f"/process-instances/{key}/suspension", {}) == (204, b"")
    found = instance(rest, key)
    assert (found["state"], found["suspendedDate"] is None) == ("SUSPENDED", False)
    wanted = {"filter": {"state": "SUSPENDED", "processDefinitionId": "s1"}}
    (item,) = rest.ask("POST", "/process-instances/search", wanted)[1]["items"]
    assert item["processInstanceKey"] == key
    status, problem = rest.ask("POST", f"/process-instances/{key}/suspension")
    assert (status, problem["title"]) == (409, "INVALID_STATE")

    assert rest.ask("POST", f"/process-instances/{key}/resumption") == (204, b"")
    found = instance(rest, key)
    assert (found["state"], found["suspendedDate"]) == ("ACTIVE", None)
    assert rest.ask("POST", "/process-instances/1/resumption")[0] == 404


def test_the_command_line_suspends_and_resumes(rest: Rest, broker: Broker) -> None:
    rest.deploy(s2_bpmn=one_task("s2", "s2-work").xml())
    key = create(rest, "s2")
    done = remit("suspend", key, "--json", address=broker.grpc)
    assert json.loads(done.stdout) == {"suspended": int(key)}
    again = remit("suspend", key, address=broker.grpc)
    assert (again.returncode, "it is suspended already" in again.stderr) == (1, True)
    assert remit("resume", key, address=broker.grpc).returncode == 0
    assert remit("resume", key, address="127.0.0.1:1").returncode == 3
