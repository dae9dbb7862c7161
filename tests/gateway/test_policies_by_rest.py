"""What a policy denies, as people at the REST API see it: tasks, messages, batch operations."""

from __future__ import annotations

import base64
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from remit.audit.verifying import verify
from remit.authority import verify_block
from remit.authority.derive import mint_grant, succeed
from remit.authority.policy import Clause, Grant
from remit.gateway.auth import hash_password
from tests.gateway.test_rest_commands import Rest
from tests.support.broker import Broker
from tests.support.governed import RING, WORK, acme, governed_options, grant, policy
from tests.support.model import Model, one_task

TAKES = Clause(id="M", do=("message.correlate",))
NAMES = ("ada", "bob")


@pytest.fixture(scope="module")
def rest(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rest]:
    """Ada and Bob are users; whatever the tests do, the auditor finds nothing in the log."""
    folder = tmp_path_factory.mktemp("by_rest")
    options = (*governed_options(folder), "--history", "", "--users", str(users(folder)))
    with Broker(folder / "data", *options) as broker:
        yield Rest(broker)
    (part,) = verify(folder / "data", RING).partitions
    assert part.findings == []


def users(folder: Path) -> Path:
    path = folder / "users"
    path.write_text("".join(f"{name}:{hash_password('secret')}\n" for name in NAMES))
    return path


def by(name: str) -> dict[str, str]:
    return {"authorization": "Basic " + base64.b64encode(f"{name}:secret".encode()).decode()}


def create(rest: Rest, process: str, *grants: Grant, **variables: Any) -> str:
    body = {
        "processDefinitionId": process, "variables": {"_policy": policy(*grants), **variables},
    }  # fmt: skip
    status, made = rest.ask("POST", "/process-instances", body, **by("ada"))
    assert status == 200, made
    key: str = made["processInstanceKey"]
    return key


def search(rest: Rest, what: str, **filters: Any) -> list[dict[str, Any]]:
    status, found = rest.ask("POST", f"/{what}/search", {"filter": filters}, **by("ada"))
    assert status == 200, found
    items: list[dict[str, Any]] = found["items"]
    return items


def awaited(rest: Rest, what: str, count: int = 1, **filters: Any) -> list[dict[str, Any]]:
    """What a search finds once there are so many."""
    until = time.monotonic() + 10
    while len(found := search(rest, what, **filters)) != count:
        assert time.monotonic() < until, found
        time.sleep(0.02)
    return found


def test_r6_whoever_may_only_claim_takes_a_task_and_gives_none(rest: Rest) -> None:
    model = Model("ut").start("s").native_user("t").end("e").path("s", "t", "e")
    raw_deploy(rest, ut_bpmn=model.xml())
    key = create(rest, "ut", grant(Clause(id="C", do=("usertask.claim", "usertask.complete"))))
    (task,) = awaited(rest, "user-tasks", processInstanceKey=key)
    path = f"/user-tasks/{task['userTaskKey']}/assignment"

    for given in ({"assignee": "bob"}, {"assignee": "ada", "allowOverride": False}):
        status, problem = rest.ask("POST", path, given, **by("bob"))
        assert (status, "usertask.assign" in problem["detail"]) == (403, True)
    own = {"assignee": "bob", "allowOverride": False}
    assert rest.ask("POST", path, own, **by("bob"))[0] == 204
    status, problem = rest.ask("POST", path, {**own, "assignee": "ada"}, **by("ada"))
    assert (status, problem["title"]) == (409, "INVALID_STATE")


def test_r7_a_batch_says_of_each_item_which_clause_has_denied_it(rest: Rest) -> None:
    raw_deploy(rest, one_bpmn=one_task().xml())
    keep = Clause(id="KEEP", do=("instance.cancel",), why="nobody stops a payment")
    kept = create(rest, "one", grant(WORK, deny=(keep,)))
    gone = create(rest, "one", grant(WORK, Clause(id="O", do=("instance.cancel",))))
    awaited(rest, "process-instances", 2, processDefinitionId="one", state="ACTIVE")

    wanted = {"filter": {"processDefinitionId": "one"}}
    made = rest.ask("POST", "/process-instances/cancellation", wanted, **by("ada"))[1]
    batch = made["batchOperationKey"]
    (told,) = awaited(rest, "batch-operations", batchOperationKey=batch, state="COMPLETED")
    assert (told["operationsFailedCount"], told["operationsCompletedCount"]) == (1, 1)
    items = {each["itemKey"]: each for each in search(
        rest, "batch-operation-items", batchOperationKey=batch)}  # fmt: skip
    assert (items[gone]["state"], items[gone]["errorMessage"]) == ("COMPLETED", None)
    assert items[kept]["state"] == "FAILED"
    error = items[kept]["errorMessage"]
    for said in ("FORBIDDEN", "'instance.cancel'", "clause 'KEEP'", "nobody stops a payment"):
        assert said in error
    assert search(rest, "process-instances", processInstanceKey=kept)[0]["state"] == "ACTIVE"


def test_t13_a_batch_item_of_two_steps_is_undone_when_the_second_is_denied(rest: Rest) -> None:
    """Its job gets a retry before an incident is resolved: neither happens, and the log stays true."""
    raw_deploy(rest, two_bpmn=one_task("two", "two-work").xml())
    only = Clause(id="O", do=("job.retries",))
    key = create(rest, "two", grant(WORK, only))
    wanted = {"type": "two-work", "timeout": 60_000, "maxJobsToActivate": 1}
    (job,) = rest.ask("POST", "/jobs/activation", wanted, **by("bob"))[1]["jobs"]
    failed = {"retries": 0, "errorMessage": "no"}
    assert rest.ask("POST", f"/jobs/{job['jobKey']}/failure", failed, **by("bob"))[0] == 204
    awaited(rest, "incidents", processInstanceKey=key, state="ACTIVE")

    wanted = {"filter": {"processInstanceKey": key}}
    made = rest.ask("POST", "/process-instances/incident-resolution", wanted, **by("ada"))[1]
    (item,) = awaited(
        rest, "batch-operation-items", batchOperationKey=made["batchOperationKey"], state="FAILED"
    )
    assert "'incident.resolve'" in item["errorMessage"]
    (shown,) = search(rest, "jobs", jobKey=job["jobKey"])
    assert shown["retries"] == 0


def test_r16_a_denied_message_is_accepted_and_waits_for_who_may_have_it(rest: Rest) -> None:
    """Who publishes is not told, who correlates is; nothing of it has happened to the instance."""
    model = Model("msg").start("s").end("e")
    model.catch("c", model.message("order", "=1"))
    raw_deploy(rest, msg_bpmn=model.path("s", "c", "e").xml())
    (old,) = policy(first := grant(jti="msg"))
    key = create(rest, "msg", first)
    message = {"name": "order", "correlationKey": "1", "variables": {"x": 1}}
    published = {**message, "timeToLive": 600_000}
    assert rest.ask("POST", "/messages/publication", published, **by("bob"))[0] == 200
    status, problem = rest.ask("POST", "/messages/correlation", message, **by("bob"))
    assert (status, "message.correlate" in problem["detail"]) == (403, True)
    (waiting,) = awaited(rest, "message-subscriptions", processInstanceKey=key)
    assert waiting["messageSubscriptionState"] == "CREATED"
    assert search(rest, "incidents", processInstanceKey=key) == []
    assert search(rest, "variables", processInstanceKey=key, name="x") == []

    wider = grant(TAKES, jti="msg", rev=2)
    successor = mint_grant(succeed(verify_block(old, RING), wider), acme)
    body = {"successor": successor}
    path = f"/process-instances/{key}/policy/succession"
    assert rest.ask("POST", path, body, **by("ada"))[0] == 204
    awaited(rest, "process-instances", processInstanceKey=key, state="COMPLETED")
    (taken,) = awaited(rest, "variables", processInstanceKey=key, name="x")
    assert taken["value"] == "1"


def raw_deploy(rest: Rest, **files: bytes) -> None:
    mark = "files"
    raw = b"".join(
        f'--{mark}\r\ncontent-disposition: form-data; name="resources"; '
        f'filename="{name.replace("_", ".")}"\r\n\r\n'.encode()
        + content
        + b"\r\n"
        for name, content in files.items()
    )
    raw += f"--{mark}--\r\n".encode()
    kind = f"multipart/form-data; boundary={mark}"
    status, said = rest.ask("POST", "/deployments", raw=raw, content_type=kind, **by("ada"))
    assert status == 200, said
