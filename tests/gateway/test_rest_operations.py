"""What operators do with process instances over REST, and what history shows of it."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from remit.protocol.wire.stubs import gateway_pb2 as pb
from tests.gateway.test_rest_commands import Rest
from tests.support.broker import Broker
from tests.support.model import DISH, Model, one_task
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


def test_workers_that_wait_get_the_jobs_of_a_resumed_instance_at_once(
    rest: Rest, broker: Broker
) -> None:
    rest.deploy(s4_bpmn=one_task("s4", "s4-work").xml(), s5_bpmn=one_task("s5", "s5-work").xml())
    keys = [create(rest, "s4"), create(rest, "s5")]
    for key in keys:
        assert rest.ask("POST", f"/process-instances/{key}/suspension", {})[0] == 204
    client = broker.client()
    stream = client.stream(
        "StreamActivatedJobs", pb.ActivatedJob, type="s5-work", worker="w", timeout=60_000
    )
    with ThreadPoolExecutor(2) as threads:
        polled = threads.submit(client.activate, "s4-work", 1, 15_000)
        pushed = threads.submit(next, stream)
        time.sleep(0.3)
        assert not polled.done()
        assert not pushed.done()
        began = time.monotonic()
        for key in keys:
            assert rest.ask("POST", f"/process-instances/{key}/resumption", {})[0] == 204
        assert str(polled.result(10)[0].processInstanceKey) == keys[0]
        assert str(pushed.result(10).processInstanceKey) == keys[1]
        assert time.monotonic() - began < 8
        stream.cancel()


def test_the_command_line_suspends_and_resumes(rest: Rest, broker: Broker) -> None:
    rest.deploy(s2_bpmn=one_task("s2", "s2-work").xml())
    key = create(rest, "s2")
    done = remit("suspend", key, "--json", address=broker.grpc)
    assert json.loads(done.stdout) == {"suspended": int(key)}
    again = remit("suspend", key, address=broker.grpc)
    assert (again.returncode, "it is suspended already" in again.stderr) == (1, True)
    assert remit("resume", key, address=broker.grpc).returncode == 0
    assert remit("resume", key, address="127.0.0.1:1").returncode == 3


def test_a_business_id_is_given_once(rest: Rest) -> None:
    rest.deploy(s3_bpmn=one_task("s3", "s3-work").xml())
    key = create(rest, "s3")
    path = f"/process-instances/{key}/business-id-assignment"
    assert rest.ask("POST", path, {"businessId": " "})[0] == 400
    for _ in range(2):
        assert rest.ask("POST", path, {"businessId": "order-1"}) == (204, b"")
    status, problem = rest.ask("POST", path, {"businessId": "order-2"})
    assert (status, "business id 'order-1' already" in problem["detail"]) == (409, True)
    wanted = {"filter": {"businessId": "order-1"}}
    (found,) = rest.ask("POST", "/process-instances/search", wanted)[1]["items"]
    assert found["processInstanceKey"] == key
    assert (
        rest.ask("POST", "/process-instances/1/business-id-assignment", {"businessId": "x"})[0]
        == 404
    )


# --- batch operations ------------------------------------------------------------------------------


def batch(rest: Rest, path: str, body: Any) -> str:
    status, made = rest.ask("POST", f"/process-instances/{path}", body)
    assert status == 200, made
    assert set(made) == {"batchOperationKey", "batchOperationType"}
    key: str = made["batchOperationKey"]
    return key


def ended(rest: Rest, key: str) -> dict[str, Any]:
    """The batch operation, when it has come to its end."""
    for _ in range(200):
        status, found = rest.ask("GET", f"/batch-operations/{key}")
        assert status == 200, found
        if found["endDate"] is not None:
            shown: dict[str, Any] = found
            return shown
        time.sleep(0.05)
    raise AssertionError(f"batch operation {key} does not end")


def items(rest: Rest, key: str, **filters: Any) -> list[dict[str, Any]]:
    wanted = {"filter": {"batchOperationKey": key, **filters}}
    found: list[dict[str, Any]] = rest.ask("POST", "/batch-operation-items/search", wanted)[1][
        "items"
    ]
    return found


def test_instances_that_a_filter_finds_are_cancelled(rest: Rest) -> None:
    rest.deploy(b1_bpmn=one_task("b1", "b1-work").xml())
    keys = [create(rest, "b1", n=number) for number in range(6)]
    wanted = {
        "processDefinitionId": "b1",
        "variables": [{"name": "n", "value": {"$in": ["1", "2", "3"]}}],
    }
    key = batch(rest, "cancellation", {"filter": wanted})
    found = ended(rest, key)

    assert {name: found[name] for name in (
        "state", "batchOperationType", "operationsTotalCount", "operationsCompletedCount",
        "operationsFailedCount", "errors",
    )} == {
        "state": "COMPLETED", "batchOperationType": "CANCEL_PROCESS_INSTANCE",
        "operationsTotalCount": 3, "operationsCompletedCount": 3, "operationsFailedCount": 0,
        "errors": [],
    }  # fmt: skip
    states = [instance(rest, each)["state"] for each in keys]
    assert states == ["ACTIVE", "TERMINATED", "TERMINATED", "TERMINATED", "ACTIVE", "ACTIVE"]
    (item,) = items(rest, key, processInstanceKey=keys[1])
    assert item["processedDate"] is not None
    del item["processedDate"]
    assert item == {
        "operationType": "CANCEL_PROCESS_INSTANCE", "batchOperationKey": key, "itemKey": keys[1],
        "processInstanceKey": keys[1], "rootProcessInstanceKey": keys[1], "state": "COMPLETED",
        "errorMessage": None,
    }  # fmt: skip
    by_batch = {"filter": {"batchOperationKey": key}}
    hit = rest.ask("POST", "/process-instances/search", by_batch)[1]["items"]
    assert [each["processInstanceKey"] for each in hit] == keys[1:4]
    known = {"filter": {"batchOperationKey": key, "state": "COMPLETED"}}
    assert len(rest.ask("POST", "/batch-operations/search", known)[1]["items"]) == 1


def test_instances_are_suspended_migrated_modified_and_resumed_by_a_filter(rest: Rest) -> None:
    model = Model("b2").start("s").service("a", "b2-a").service("b", "b2-b").end("e")
    rest.deploy(b2_bpmn=model.path("s", "a", "b", "e").xml())
    _, made = rest.deploy(b2q_bpmn=one_task("b2q", "b2-q").xml())
    target = made["deployments"][0]["processDefinition"]["processDefinitionKey"]
    keys = [create(rest, "b2") for _ in range(3)]
    these = {"processInstanceKey": {"$in": keys}}
    move = [{"sourceElementId": "a", "targetElementId": "b"}]
    plan = {
        "targetProcessDefinitionKey": target,
        "mappingInstructions": [{"sourceElementId": "b", "targetElementId": "a"}],
    }
    for path, more in (
        ("modification", {"moveInstructions": move}), ("suspension", {}),
        ("migration", {"migrationPlan": plan}), ("resumption", {}),
    ):  # fmt: skip
        found = ended(rest, batch(rest, path, {"filter": these, **more}))
        assert found["operationsCompletedCount"] == 3, (path, found)

    shown = [instance(rest, key) for key in keys]
    assert {(each["state"], each["processDefinitionId"]) for each in shown} == {("ACTIVE", "b2q")}


def test_what_an_item_is_refused_for_is_told(rest: Rest) -> None:
    rest.deploy(b3_bpmn=one_task("b3", "b3-work").xml())
    key = create(rest, "b3")
    move = [{"sourceElementId": "e", "targetElementId": "a"}]
    body = {"filter": {"processInstanceKey": key}, "moveInstructions": move}
    made = batch(rest, "modification", body)
    found = ended(rest, made)

    assert (found["state"], found["operationsFailedCount"]) == ("COMPLETED", 1)
    (item,) = items(rest, made)
    assert item["state"] == "FAILED"
    assert item["errorMessage"].startswith("INVALID_ARGUMENT: Expected to move the tokens at")


def fail(rest: Rest, job_type: str) -> str:
    """Activate a job, fail it for good; the key of its incident's instance."""
    wanted = {"type": job_type, "timeout": 60_000, "maxJobsToActivate": 1}
    (job,) = rest.ask("POST", "/jobs/activation", wanted)[1]["jobs"]
    rest.ask("POST", f"/jobs/{job['jobKey']}/failure", {"retries": 0, "errorMessage": "no"})
    found: str = job["processInstanceKey"]
    return found


def test_incidents_are_resolved_by_a_filter_and_for_one_instance(rest: Rest) -> None:
    rest.deploy(b4_bpmn=one_task("b4", "b4-work").xml())
    keys = [create(rest, "b4") for _ in range(3)]
    for _ in keys:
        fail(rest, "b4-work")
    status, made = rest.ask("POST", f"/process-instances/{keys[0]}/incident-resolution")
    assert (status, made["batchOperationType"]) == (200, "RESOLVE_INCIDENT")
    assert ended(rest, made["batchOperationKey"])["operationsCompletedCount"] == 1
    assert instance(rest, keys[0])["hasIncident"] is False
    found = ended(
        rest, batch(rest, "incident-resolution", {"filter": {"processDefinitionId": "b4"}})
    )
    assert found["operationsCompletedCount"] == 2
    assert not any(instance(rest, key)["hasIncident"] for key in keys)


def test_history_of_ended_instances_is_deleted(rest: Rest) -> None:
    called = one_task("b5c", "b5-work")
    caller = Model("b5").start("s").call("c", "b5c").end("e").path("s", "c", "e")
    rest.deploy(b5c_bpmn=called.xml(), b5_bpmn=caller.xml())
    keys = [create(rest, "b5", n=number) for number in range(3)]
    (child,) = rest.ask(
        "POST", "/process-instances/search", {"filter": {"parentProcessInstanceKey": keys[0]}}
    )[1]["items"]
    assert rest.ask("POST", f"/process-instances/{keys[0]}/deletion")[0] == 409
    for key in keys[:2]:
        rest.ask("POST", f"/process-instances/{key}/cancellation", {})
    inside = child["processInstanceKey"]
    status, problem = rest.ask("POST", f"/process-instances/{inside}/deletion")
    assert (status, f"root process instance '{keys[0]}'" in problem["detail"]) == (409, True)
    assert rest.ask("POST", f"/process-instances/{keys[0]}/deletion") == (204, b"")
    for key in (keys[0], child["processInstanceKey"]):
        assert rest.ask("GET", f"/process-instances/{key}")[0] == 404
        only = {"filter": {"processInstanceKey": key}}
        for what in ("element-instances", "variables", "jobs"):
            assert rest.ask("POST", f"/{what}/search", only)[1]["items"] == []
    made = batch(rest, "deletion", {"filter": {"processDefinitionId": "b5"}})
    assert ended(rest, made)["operationsCompletedCount"] == 1
    left = rest.ask("POST", "/process-instances/search", {"filter": {"processDefinitionId": "b5"}})
    assert [each["processInstanceKey"] for each in left[1]["items"]] == keys[2:]


def test_a_definition_is_deleted_with_the_history_of_its_instances(rest: Rest) -> None:
    _, made = rest.deploy(b6_bpmn=one_task("b6", "b6-work").xml())
    definition = made["deployments"][0]["processDefinition"]["processDefinitionKey"]
    key = create(rest, "b6")
    rest.ask("POST", f"/process-instances/{key}/cancellation", {})
    status, gone = rest.ask("POST", f"/resources/{definition}/deletion", {"deleteHistory": True})
    assert (status, gone["batchOperation"]["batchOperationType"]) == (
        200,
        "DELETE_PROCESS_INSTANCE",
    )
    ended(rest, gone["batchOperation"]["batchOperationKey"])

    assert rest.ask("GET", f"/process-instances/{key}")[0] == 404


def test_jobs_are_given_retries_by_a_filter(rest: Rest) -> None:
    rest.deploy(b9_bpmn=one_task("b9", "b9-work").xml())
    keys = [create(rest, "b9") for _ in range(2)]
    wanted = {"type": "b9-work", "processInstanceKey": keys[0]}
    body = {"filter": wanted, "changeset": {"retries": 7}}
    status, made = rest.ask("POST", "/jobs/batch-update", body)
    assert (status, made["batchOperationType"]) == (200, "UPDATE_JOB")
    found = ended(rest, made["batchOperationKey"])
    assert found["operationsCompletedCount"] == 1
    shown = rest.ask("POST", "/jobs/search", {"filter": {"type": "b9-work"}})[1]["items"]
    assert {job["processInstanceKey"]: job["retries"] for job in shown} == {keys[0]: 7, keys[1]: 3}
    for changeset in ({}, {"retries": 0}, {"priority": 3}):
        body = {"filter": wanted, "changeset": changeset}
        assert rest.ask("POST", "/jobs/batch-update", body)[0] == 400


def test_decision_evaluations_are_forgotten(rest: Rest) -> None:
    rest.deploy(dish_dmn=DISH)
    keys = []
    for guests in (3, 8, 9):
        variables = {"season": "Winter", "guests": guests, "guestCount": guests}
        body = {"decisionDefinitionId": "dish", "variables": variables}
        status, made = rest.ask("POST", "/decision-definitions/evaluation", body)
        assert status == 200, made
        keys.append(made["decisionEvaluationKey"])

    def left() -> set[str]:
        found = rest.ask("POST", "/decision-instances/search", {})[1]["items"]
        return {each["decisionEvaluationKey"] for each in found}

    assert rest.ask("POST", f"/decision-instances/{keys[0]}/deletion") == (204, b"")
    assert left() == set(keys[1:])
    assert rest.ask("POST", f"/decision-instances/{keys[0]}/deletion")[0] == 404
    body = {"filter": {"decisionEvaluationKey": keys[1]}}
    status, made = rest.ask("POST", "/decision-instances/deletion", body)
    assert (status, made["batchOperationType"]) == (200, "DELETE_DECISION_INSTANCE")
    ended(rest, made["batchOperationKey"])
    assert left() == {keys[2]}


def test_a_batch_operation_is_suspended_resumed_and_cancelled(rest: Rest) -> None:
    rest.deploy(b7_bpmn=one_task("b7", "b7-work").xml())
    for _ in range(3):
        create(rest, "b7")
    made = batch(rest, "suspension", {"filter": {"processDefinitionId": "b7"}})
    ended(rest, made)
    for verb in ("suspension", "resumption", "cancellation"):
        status, problem = rest.ask("POST", f"/batch-operations/{made}/{verb}", {})
        assert (status, "no such batch operation is running" in problem["detail"]) == (404, True)


@pytest.mark.parametrize(
    ("path", "body", "said"),
    [
        ("cancellation", {}, "No filter provided."),
        ("cancellation", {"filter": {}}, "No filter criteria provided"),
        ("cancellation", {"filter": {"colour": "red"}}, "Request property [colour]"),
        ("migration", {"filter": {"state": "ACTIVE"}}, "No migrationPlan provided."),
        (
            "modification",
            {"filter": {"state": "ACTIVE"}, "moveInstructions": []},
            "No moveInstructions provided.",
        ),
    ],
)
def test_what_a_batch_operation_is_refused_for(rest: Rest, path: str, body: Any, said: str) -> None:
    status, problem = rest.ask("POST", f"/process-instances/{path}", body)

    assert (status, said in problem["detail"]) == (400, True), problem
    assert rest.ask("GET", "/batch-operations/1")[0] == 404


def test_the_command_line_moves_tokens(rest: Rest, broker: Broker) -> None:
    model = Model("b10").start("s").service("a", "b10-a").service("b", "b10-b").end("e")
    rest.deploy(b10_bpmn=model.path("s", "a", "b", "e").xml())
    key = create(rest, "b10")
    done = remit(
        "modify", key, "--move", "a=b", "--variables", '{"x": 1}', "--json", address=broker.grpc
    )
    assert json.loads(done.stdout) == {"modified": int(key)}
    (job,) = broker.client().activate("b10-b")
    assert json.loads(job.variables) == {"x": 1}
    assert remit("modify", key, "--move", "a", address=broker.grpc).returncode == 2
    assert remit("modify", key, "--activate", "nowhere", address=broker.grpc).returncode == 1


def test_the_command_line_does_batches(rest: Rest, broker: Broker) -> None:
    rest.deploy(b8_bpmn=one_task("b8", "b8-work").xml())
    _, made = rest.deploy(b8q_bpmn=one_task("b8q", "b8-work").xml())
    target = made["deployments"][0]["processDefinition"]["processDefinitionKey"]
    keys = [create(rest, "b8") for _ in range(2)]
    these = json.dumps({"processInstanceKey": {"$in": keys}})

    def run(*words: str) -> tuple[int, dict[str, Any]]:
        done = remit("batch", *words, "--json", address=broker.grpc)
        return done.returncode, json.loads(done.stdout or "{}")

    start = ("start", "modify", "--filter", these, "--wait")
    assert run(*start, "--move", "a=a")[0] == 0
    code, failed = run(*start, "--move", "e=a")
    assert (code, failed["failed"]) == (1, 2)
    show = ("batch", "show", str(failed["batch"]), "--failed", "--json")
    why = remit(*show, address=broker.grpc)
    assert why.stdout.count("has no active instance") == 2
    code, moved = run(
        "start", "migrate", "--filter", these, "--to", target, "--map", "a=a", "--wait"
    )
    assert (code, moved["done"], moved["state"]) == (0, 2, "COMPLETED")
    code, begun = run("start", "cancel", "--filter", these)
    assert (code, begun["type"]) == (0, "CANCEL_PROCESS_INSTANCE")
    assert ended(rest, str(begun["batch"]))["operationsCompletedCount"] == 2
    assert run("show", str(begun["batch"]))[1]["done"] == 2
    assert run("cancel", str(begun["batch"]))[0] == 1
    assert run("start", "migrate", "--filter", these)[0] == 2
    listed = remit("batch", "list", address=broker.grpc)
    assert str(begun["batch"]) in listed.stdout
    where = ("--rest-address", broker.http, "--json")
    (shown,) = remit("list", "batch", *where, "--limit", "1").stdout.splitlines()
    assert json.loads(shown)["batchOperationKey"] == str(begun["batch"])
    which = f"batchOperationKey={failed['batch']}"
    told = remit("search", "item", which, "state=FAILED", *where).stdout.splitlines()
    assert [json.loads(line)["state"] for line in told] == ["FAILED"] * 2


def test_a_batch_reaches_every_partition(tmp_path: Path) -> None:
    with Broker(tmp_path / "data", "--history", "", "--partitions", "3") as many:
        rest = Rest(many)
        rest.deploy(m_bpmn=one_task("m", "m-work").xml())
        time.sleep(0.3)
        keys = [create(rest, "m") for _ in range(9)]
        assert {int(key) >> 51 for key in keys} == {1, 2, 3}
        these = {"processDefinitionId": "m"}
        for path in ("suspension", "resumption", "cancellation", "deletion"):
            found = ended(rest, batch(rest, path, {"filter": these}))
            assert (found["state"], found["operationsCompletedCount"]) == ("COMPLETED", 9), path
        left = rest.ask("POST", "/process-instances/search", {"filter": these})[1]["items"]
        assert left == []


def test_a_business_id_stands_with_all_that_belongs_to_the_instance(rest: Rest) -> None:
    model = Model("s3b").start("s").service("a", "s3b-work").native_user("t").end("e")
    model.catch("c", model.message("s3b-paid", "=id")).path("s", "a", "t", "c", "e")
    rest.deploy(s3b_bpmn=model.xml())
    body = {"processDefinitionId": "s3b", "businessId": "order-3", "variables": {"id": "k"}}
    assert rest.ask("POST", "/process-instances", body)[1]["businessId"] == "order-3"
    create(rest, "s3b", id="other")
    wanted = {"type": "s3b-work", "timeout": 60_000, "maxJobsToActivate": 2}
    named, nameless = rest.ask("POST", "/jobs/activation", wanted)[1]["jobs"]
    assert (named["businessId"], nameless["businessId"]) == ("order-3", None)
    for each in (named, nameless):
        rest.ask("POST", f"/jobs/{each['jobKey']}/completion", {})

    for entity, what in (("jobs", "jobKey"), ("user-tasks", "userTaskKey")):
        for value in ("order-3", {"$like": "order-3*"}):
            wanted = {"filter": {"businessId": value, "processDefinitionId": "s3b"}}
            (found,) = rest.ask("POST", f"/{entity}/search", wanted)[1]["items"]
            assert (found["businessId"], bool(found[what])) == ("order-3", True)
        wanted = {"filter": {"businessId": {"$exists": False}, "processDefinitionId": "s3b"}}
        (found,) = rest.ask("POST", f"/{entity}/search", wanted)[1]["items"]
        assert found["businessId"] is None
        wanted = {"filter": {"processDefinitionId": "s3b"}, "sort": [{"field": "businessId"}]}
        shown = rest.ask("POST", f"/{entity}/search", wanted)[1]["items"]
        assert {each["businessId"] for each in shown} == {"order-3", None}
    rest.ask("POST", f"/user-tasks/{shown[0]['userTaskKey']}/completion", {})
    rest.ask("POST", f"/user-tasks/{shown[1]['userTaskKey']}/completion", {})
    waiting = {"filter": {"businessId": "order-3"}}
    (found,) = rest.ask("POST", "/message-subscriptions/search", waiting)[1]["items"]
    assert found["businessId"] == "order-3"
    rest.ask("POST", "/messages/publication", {"name": "s3b-paid", "correlationKey": "k"})
    (found,) = rest.ask("POST", "/correlated-message-subscriptions/search", waiting)[1]["items"]
    assert found["businessId"] == "order-3"


def test_a_worker_gives_the_business_id_or_completes_nothing(rest: Rest) -> None:
    rest.deploy(s3c_bpmn=one_task("s3c", "s3c-work").xml())
    outer = Model("s3d").start("s").call("k", "s3c").end("e").path("s", "k", "e")
    rest.deploy(s3d_bpmn=outer.xml())
    key = create(rest, "s3c")
    wanted = {"type": "s3c-work", "timeout": 60_000, "maxJobsToActivate": 1}
    (job,) = rest.ask("POST", "/jobs/activation", wanted)[1]["jobs"]
    path = f"/jobs/{job['jobKey']}/completion"
    assert rest.ask("POST", path, {"businessId": ""})[0] == 400
    assert rest.ask("POST", path, {"businessId": "order-4", "variables": {"x": 1}})[0] == 204
    found = instance(rest, key)
    assert (found["businessId"], found["state"]) == ("order-4", "COMPLETED")

    create(rest, "s3d")
    (job,) = rest.ask("POST", "/jobs/activation", wanted)[1]["jobs"]
    path = f"/jobs/{job['jobKey']}/completion"
    status, problem = rest.ask("POST", path, {"businessId": "order-5"})
    assert (status, "Choose the root process instance" in problem["detail"]) == (409, True)
    assert rest.ask("POST", path, {})[0] == 204


def test_called_instances_have_the_business_id_of_their_caller_or_one_of_their_own(
    rest: Rest,
) -> None:
    rest.deploy(s3e_bpmn=one_task("s3e", "s3e-work").xml())
    own = "=&quot;own-&quot; + id"
    outer = Model("s3f").start("s").call("k", "s3e").call("own", "s3e", businessId=own)
    rest.deploy(s3f_bpmn=outer.end("e").path("s", "k", "own", "e").xml())
    body = {"processDefinitionId": "s3f", "businessId": "order-6", "variables": {"id": "1"}}
    key = rest.ask("POST", "/process-instances", body)[1]["processInstanceKey"]
    wanted = {"type": "s3e-work", "timeout": 60_000, "maxJobsToActivate": 1}
    for expected in ("order-6", "own-1"):
        (job,) = rest.ask("POST", "/jobs/activation", wanted)[1]["jobs"]
        assert job["businessId"] == expected
        assert instance(rest, job["processInstanceKey"])["businessId"] == expected
        assert rest.ask("POST", f"/jobs/{job['jobKey']}/completion", {})[0] == 204
    assert instance(rest, key)["state"] == "COMPLETED"


def test_a_business_id_that_is_no_text_is_an_incident(rest: Rest) -> None:
    rest.deploy(s3g_bpmn=one_task("s3g", "s3g-work").xml())
    outer = Model("s3h").start("s").call("k", "s3g", businessId="=id").end("e")
    rest.deploy(s3h_bpmn=outer.path("s", "k", "e").xml())
    key = create(rest, "s3h", id=5)
    status, found = rest.ask("POST", f"/process-instances/{key}/incidents/search", {})
    (incident,) = found["items"]
    assert (status, incident["errorType"]) == (200, "EXTRACT_VALUE_ERROR")
    assert "'k'" in incident["errorMessage"]
    assert "5" in incident["errorMessage"]
    fixed = {"variables": {"id": "order-7"}}
    rest.ask("PUT", f"/element-instances/{key}/variables", fixed)
    assert rest.ask("POST", f"/incidents/{incident['incidentKey']}/resolution")[0] == 204
    wanted = {"type": "s3g-work", "timeout": 60_000, "maxJobsToActivate": 1}
    (job,) = rest.ask("POST", "/jobs/activation", wanted)[1]["jobs"]
    assert job["businessId"] == "order-7"
