"""What REST clients ask the engine to do: shapes, statuses, problems."""

from __future__ import annotations

import gzip
import http.client
import json
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import pytest

from remit.protocol.wire.stubs import gateway_pb2 as pb
from tests.support.broker import Broker, Client
from tests.support.model import DISH, Model, one_task


class Rest:
    """A client that shows everything."""

    def __init__(self, broker: Broker) -> None:
        self.address = broker.http

    def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        raw: bytes | None = None,
        **headers: str,
    ) -> tuple[int, Any]:
        connection = http.client.HTTPConnection(self.address, timeout=20)
        content = raw if raw is not None else None if body is None else json.dumps(body).encode()
        sent = {"content-type": "application/json"} if content else {}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, f"/v2{path}", content, sent)
        answer = connection.getresponse()
        text = answer.read()
        connection.close()
        kind = answer.headers.get("content-type", "")
        if answer.status >= 400:
            assert kind == "application/problem+json", (answer.status, kind, text)
            problem = json.loads(text)
            assert set(problem) == {"type", "title", "status", "detail", "instance"}
            assert problem["status"] == answer.status
        return answer.status, json.loads(text) if text and "json" in kind else text

    def deploy(self, **files: bytes) -> tuple[int, Any]:
        """Files by name, with `_` where the name has a dot."""
        mark = uuid4().hex
        parts = b"".join(
            f'--{mark}\r\ncontent-disposition: form-data; name="resources"; '
            f'filename="{name.replace("_", ".")}"\r\n\r\n'.encode()
            + content
            + b"\r\n"
            for name, content in files.items()
        )
        raw = parts + f"--{mark}--\r\n".encode()
        return self.ask(
            "POST", "/deployments", raw=raw, content_type=f"multipart/form-data; boundary={mark}"
        )


@pytest.fixture
def rest(shared_broker: Broker) -> Rest:
    return Rest(shared_broker)


@pytest.fixture
def client(shared_broker: Broker) -> Client:
    return shared_broker.client()


def test_a_deployment_tells_of_each_resource_with_the_others_null(rest: Rest) -> None:
    status, answer = rest.deploy(
        rc1_bpmn=one_task("rc1").xml(), rc1_dmn=DISH, rc1_form=b'{"id": "rc1"}'
    )

    assert status == 200
    kinds = [next(k for k, v in each.items() if v) for each in answer["deployments"]]
    assert kinds == ["processDefinition", "decisionRequirements", "decisionDefinition", "form"]
    assert all(len(each) == 5 for each in answer["deployments"])
    process = answer["deployments"][0]["processDefinition"]
    assert process["processDefinitionId"] == "rc1"
    assert process["processDefinitionKey"].isdigit()


def test_a_wrong_model_is_an_invalid_argument_with_every_finding(rest: Rest) -> None:
    status, problem = rest.deploy(bad_bpmn=Model("bad").start("s").service("t", "").xml())
    assert (status, problem["title"]) == (400, "INVALID_ARGUMENT")
    assert "'t'" in problem["detail"]


def test_a_form_that_is_none_is_a_bad_request(rest: Rest) -> None:
    status, problem = rest.ask("POST", "/deployments", {})
    assert (status, problem["title"]) == (400, "Bad Request")


def test_create_activate_complete(rest: Rest) -> None:
    rest.deploy(rc2_bpmn=one_task("rc2", "rc2-work").xml())
    status, made = rest.ask(
        "POST", "/process-instances", {"processDefinitionId": "rc2", "variables": {"a": 1}}
    )
    assert status == 200
    assert set(made) == {
        "processDefinitionId", "processDefinitionVersion", "tenantId", "variables",
        "processDefinitionKey", "processInstanceKey", "tags", "businessId",
    }  # fmt: skip
    status, activated = rest.ask(
        "POST",
        "/jobs/activation",
        {"type": "rc2-work", "timeout": 10_000, "maxJobsToActivate": 5, "worker": "w"},
    )
    (job,) = activated["jobs"]
    assert job["variables"] == {"a": 1}
    assert (job["kind"], job["listenerEventType"]) == ("BPMN_ELEMENT", "UNSPECIFIED")
    assert job["processInstanceKey"] == made["processInstanceKey"]
    path = f"/jobs/{job['jobKey']}/completion"
    assert rest.ask("POST", path, {"variables": {"b": 2}}) == (204, b"")
    assert rest.ask("POST", path, {})[0] == 404


def test_awaiting_the_completion_gives_the_variables_or_times_out(rest: Rest) -> None:
    rest.deploy(
        rc3_bpmn=Model("rc3").start("s").end("e").path("s", "e").xml(),
        rc3b_bpmn=one_task("rc3b", "nobody").xml(),
    )
    body = {"processDefinitionId": "rc3", "awaitCompletion": True, "variables": {"x": [1, "a"]}}
    assert rest.ask("POST", "/process-instances", body)[1]["variables"] == {"x": [1, "a"]}
    body = {"processDefinitionId": "rc3b", "awaitCompletion": True, "requestTimeout": 50}
    assert rest.ask("POST", "/process-instances", body)[0] == 504


def test_no_job_is_an_empty_list(rest: Rest) -> None:
    body = {"type": "none", "timeout": 1000, "maxJobsToActivate": 1, "requestTimeout": 50}
    assert rest.ask("POST", "/jobs/activation", body) == (200, {"jobs": []})


def test_a_job_fails_throws_and_is_updated(rest: Rest) -> None:
    rest.deploy(rc4_bpmn=one_task("rc4", "rc4-work").xml())
    rest.ask("POST", "/process-instances", {"processDefinitionId": "rc4"})
    wanted = {"type": "rc4-work", "timeout": 60_000, "maxJobsToActivate": 1}
    key = rest.ask("POST", "/jobs/activation", wanted)[1]["jobs"][0]["jobKey"]

    changes = {"changeset": {"retries": 5, "timeout": 1000}}
    assert rest.ask("PATCH", f"/jobs/{key}", changes)[0] == 204
    assert rest.ask("PATCH", f"/jobs/{key}", {"changeset": {}})[0] == 400
    failure = {"retries": 0, "errorMessage": "no", "variables": {"why": "x"}}
    assert rest.ask("POST", f"/jobs/{key}/failure", failure)[0] == 204
    status, problem = rest.ask("POST", f"/jobs/{key}/error", {"errorCode": "E"})
    assert (status, problem["title"]) == (409, "INVALID_STATE")


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"type": "x", "timeout": 1, "maxJobsToActivates": 1}, "[maxJobsToActivates]"),
        ({"type": "x", "timeout": "1", "maxJobsToActivate": 1}, "timeout"),
        ({"type": "x", "timeout": 1}, "maxJobsToActivate"),
        ([], "object"),
    ],
)
def test_a_body_that_does_not_fit_is_a_bad_request(rest: Rest, body: Any, said: str) -> None:
    status, problem = rest.ask("POST", "/jobs/activation", body)
    assert (status, problem["title"]) == (400, "Bad Request")
    assert said in problem["detail"]


@pytest.mark.parametrize("raw", [b"{", b"\xff\xfe", b"[" * 100_000, b"null"])
def test_what_is_no_json_is_a_bad_request(rest: Rest, raw: bytes) -> None:
    assert rest.ask("POST", "/signals/broadcast", raw=raw)[0] == 400


def test_a_body_may_be_gzipped_and_an_empty_authorization_is_anonymous(rest: Rest) -> None:
    raw = gzip.compress(b'{"signalName": "x"}')
    status, answer = rest.ask(
        "POST", "/signals/broadcast", raw=raw, content_encoding="gzip", authorization=""
    )
    assert status == 200
    assert answer["signalKey"].isdigit()


def test_a_get_with_a_content_type_and_no_body_is_fine(rest: Rest) -> None:
    assert rest.ask("GET", "/topology", content_type="application/json")[0] == 200
    assert rest.ask("GET", "/license")[1]["validLicense"] is True


def test_messages_are_published_once_and_correlated_or_not_found(rest: Rest) -> None:
    """Rule 32: a correlation is never kept."""
    model = Model("rc5")
    model.start("s").catch("c", model.message("rc5-paid", "=id")).end("e").path("s", "c", "e")
    rest.deploy(rc5_bpmn=model.xml())
    made = rest.ask(
        "POST", "/process-instances", {"processDefinitionId": "rc5", "variables": {"id": "7"}}
    )[1]
    body = {"name": "rc5-paid", "correlationKey": "7", "variables": {"x": 1}}
    status, answer = rest.ask("POST", "/messages/correlation", body)
    assert (status, answer["processInstanceKey"]) == (200, made["processInstanceKey"])
    status, problem = rest.ask("POST", "/messages/correlation", body)
    assert (status, problem["title"]) == (404, "NOT_FOUND")
    published = {**body, "timeToLive": 60_000, "messageId": "m"}
    assert rest.ask("POST", "/messages/publication", published)[0] == 200
    assert rest.ask("POST", "/messages/publication", published)[0] == 409


def test_an_instance_is_modified_given_variables_and_cancelled(rest: Rest) -> None:
    model = Model("rc6").start("s").service("a", "rc6-a").service("b", "rc6-b").end("e")
    rest.deploy(rc6_bpmn=model.path("s", "a", "b", "e").xml())
    key = rest.ask("POST", "/process-instances", {"processDefinitionId": "rc6"})[1][
        "processInstanceKey"
    ]
    changes = {
        "moveInstructions": [
            {
                "sourceElementInstruction": {"sourceType": "byId", "sourceElementId": "a"},
                "targetElementId": "b",
                "variableInstructions": [{"variables": {"moved": True}}],
            }
        ]
    }
    assert rest.ask("POST", f"/process-instances/{key}/modification", changes)[0] == 204
    assert rest.ask("PUT", f"/element-instances/{key}/variables", {"variables": {"y": 2}})[0] == 204
    wanted = {"type": "rc6-b", "timeout": 1000, "maxJobsToActivate": 1}
    (job,) = rest.ask("POST", "/jobs/activation", wanted)[1]["jobs"]
    assert job["variables"] == {"moved": True, "y": 2}
    assert rest.ask("POST", f"/process-instances/{key}/cancellation")[0] == 204
    assert rest.ask("POST", f"/process-instances/{key}/cancellation", {})[0] == 404


def test_elements_of_an_ad_hoc_sub_process_are_begun(rest: Rest) -> None:
    model = Model("rc10").start("s")
    with model.ad_hoc("adhoc", job_type="rc10-agent"):
        model.service("a", "rc10-a").service("b", "rc10-b")
    rest.deploy(rc10_bpmn=model.end("e").path("s", "adhoc", "e").xml())
    rest.ask("POST", "/process-instances", {"processDefinitionId": "rc10"})
    asked = {"type": "rc10-agent", "timeout": 1000, "maxJobsToActivate": 1}
    key = rest.ask("POST", "/jobs/activation", asked)[1]["jobs"][0]["elementInstanceKey"]
    path = f"/element-instances/ad-hoc-activities/{key}/activation"
    assert rest.ask("POST", path, {"elements": [{"elementId": "x"}]})[0] == 404
    elements = [{"elementId": "a", "variables": {"n": 1}}]
    assert rest.ask("POST", path, {"elements": elements})[0] == 204
    asked = {"type": "rc10-a", "timeout": 1000, "maxJobsToActivate": 1}
    (job,) = rest.ask("POST", "/jobs/activation", asked)[1]["jobs"]
    assert job["variables"]["n"] == 1


def test_a_worker_of_an_ad_hoc_sub_process_answers_by_either_protocol(
    rest: Rest, client: Client
) -> None:
    model = Model("rc11").start("s")
    with model.ad_hoc("adhoc", job_type="rc11-agent"):
        model.service("a", "rc11-a")
    rest.deploy(rc11_bpmn=model.end("e").path("s", "adhoc", "e").xml())
    rest.ask("POST", "/process-instances", {"processDefinitionId": "rc11"})
    (job,) = client.activate("rc11-agent")
    assert job.kind == pb.ActivatedJob.JobKind.AD_HOC_SUB_PROCESS
    element = pb.JobResultActivateElement(elementId="a", variables='{"n": 1}')
    result = pb.JobResult(type="adHocSubProcess", activateElements=[element])
    client.call("CompleteJob", jobKey=job.key, result=result)
    (inner,) = client.activate("rc11-a")
    assert json.loads(inner.variables)["n"] == 1
    client.call("CompleteJob", jobKey=inner.key)
    asked = {"type": "rc11-agent", "timeout": 1000, "maxJobsToActivate": 1}
    (again,) = rest.ask("POST", "/jobs/activation", asked)[1]["jobs"]
    done = {"result": {"type": "adHocSubProcess", "isCompletionConditionFulfilled": True}}
    assert rest.ask("POST", f"/jobs/{again['jobKey']}/completion", done)[0] == 204


def test_a_person_takes_and_completes_a_user_task(
    start_broker: Callable[..., Broker],
) -> None:
    broker = start_broker()
    rest = Rest(broker)
    model = Model("ut").start("s").native_user("t", ("completing", "check")).end("e")
    rest.deploy(ut_bpmn=model.path("s", "t", "e").xml())
    made = rest.ask("POST", "/process-instances", {"processDefinitionId": "ut"})[1]
    key = int(made["processInstanceKey"]) + 4
    task = next(k for k in range(key - 4, key + 12) if rest.ask(
        "POST", f"/user-tasks/{k}/assignment", {"assignee": "ada"})[0] == 204)  # fmt: skip

    taken = {"assignee": "bob", "allowOverride": False}
    assert rest.ask("POST", f"/user-tasks/{task}/assignment", taken)[0] == 409
    assert rest.ask("DELETE", f"/user-tasks/{task}/assignee")[0] == 204
    assert rest.ask("PATCH", f"/user-tasks/{task}", {"changeset": {"priority": 7}})[0] == 204
    assert rest.ask("PATCH", f"/user-tasks/{task}", {"changeset": {"colour": 7}})[0] == 400

    client = broker.client()
    del client
    worker = http.client.HTTPConnection(broker.http, timeout=20)
    body = {"type": "check", "timeout": 9000, "maxJobsToActivate": 1, "requestTimeout": 9000}
    worker.request("POST", "/v2/jobs/activation", json.dumps(body))
    asking = http.client.HTTPConnection(broker.http, timeout=20)
    asking.request("POST", f"/v2/user-tasks/{task}/completion", "{}")
    (job,) = json.loads(worker.getresponse().read())["jobs"]
    assert job["userTask"]["userTaskKey"] == str(task)
    assert job["listenerEventType"] == "COMPLETING"
    denied = {"result": {"type": "userTask", "denied": True, "deniedReason": "not yet"}}
    assert rest.ask("POST", f"/jobs/{job['jobKey']}/completion", denied)[0] == 204
    answer = asking.getresponse()
    assert answer.status == 409
    assert b"not yet" in answer.read()


def test_a_decision_and_an_expression_are_evaluated(rest: Rest) -> None:
    rest.deploy(rc7_dmn=DISH)
    body = {"decisionDefinitionId": "dish", "variables": {"season": "Fall"}}
    status, answer = rest.ask("POST", "/decision-definitions/evaluation", body)
    assert (status, answer["output"]) == (200, '"Spareribs"')
    assert answer["evaluatedDecisions"][0]["matchedRules"][0]["ruleIndex"] == 1
    body = {"expression": "=a + 1", "variables": {"a": 1}}
    assert rest.ask("POST", "/expression/evaluation", body)[1]["result"] == 2
    assert rest.ask("POST", "/expression/evaluation", {"expression": "=1 +"})[0] == 400
    assert rest.ask("POST", "/decision-definitions/evaluation", {})[0] == 400


def test_what_is_not_served_says_so_by_name(rest: Rest) -> None:
    status, problem = rest.ask("POST", "/documents", {})
    assert status == 501
    assert "createDocument" in problem["detail"]
    assert rest.ask("GET", "/backups/runtime")[0] == 501


@pytest.mark.parametrize("key", ["abc", "1e3", "9" * 30, "%2e%2e", "1;drop"])
def test_a_key_that_is_none_is_refused(rest: Rest, key: str) -> None:
    assert rest.ask("POST", f"/jobs/{key}/completion", {})[0] == 400


def references(part: Any) -> Iterator[str]:
    """All that a document refers to."""
    if isinstance(part, dict):
        if "$ref" in part:
            yield part["$ref"]
        part = list(part.values())
    if isinstance(part, list):
        for each in part:
            yield from references(each)


def test_the_open_api_document_tells_what_is_served(rest: Rest) -> None:
    status, api = rest.ask("GET", "/openapi.json")
    assert (status, api["openapi"]) == (200, "3.1.0")
    schemas = api["components"]["schemas"]
    assert set(references(api)) <= {f"#/components/schemas/{name}" for name in schemas}
    assert [name for name in schemas if not name.isidentifier()] == []
    create = api["paths"]["/process-instances"]["post"]["requestBody"]["content"]
    name = create["application/json"]["schema"]["$ref"].rpartition("/")[2]
    assert "processDefinitionId" in schemas[name]["properties"]
    operation = api["paths"]["/jobs/{jobKey}/completion"]["post"]
    assert operation["operationId"] == "completeJob"
    assert "/documents" not in api["paths"]
    assert rest.ask("GET", "/docs")[0] == 200


def test_an_instance_begins_with_the_latest_version_of_a_tag(
    rest: Rest, shared_broker: Broker
) -> None:
    client = shared_broker.client()
    for tag, task in (("blue", "a"), ("blue", "b"), ("green", "c")):
        model = Model("tagged", version_tag=tag).start("s").native_user(task).path("s", task)
        client.deploy("tagged.bpmn", model.xml())

    def create(**more: object) -> tuple[int, Any]:
        return rest.ask("POST", "/process-instances", {"processDefinitionId": "tagged", **more})

    assert create()[1]["processDefinitionVersion"] == 3
    assert create(processDefinitionVersionTag="blue")[1]["processDefinitionVersion"] == 2
    status, problem = create(processDefinitionVersionTag="red")
    assert (status, problem["title"]) == (404, "NOT_FOUND")
    assert "version tag 'red'" in problem["detail"]
    for wrong in (
        {"processDefinitionVersionTag": ""},
        {"processDefinitionVersionTag": "blue", "processDefinitionVersion": 1},
    ):
        assert create(**wrong)[0] == 400


def test_who_has_the_lease_of_a_job_is_the_only_one_who_can_end_it(rest: Rest) -> None:
    """8.10: a worker that was too slow can't complete what another one has now."""
    rest.deploy(leased_bpmn=one_task("leased", "leased-work").xml())
    rest.ask("POST", "/process-instances", {"processDefinitionId": "leased"})

    def activate(timeout: int, **more: object) -> list[Any]:
        wanted = {"type": "leased-work", "timeout": timeout, "maxJobsToActivate": 1, **more}
        jobs: list[Any] = rest.ask("POST", "/jobs/activation", wanted)[1]["jobs"]
        return jobs

    (slow,) = activate(100, withLease=True)
    (quick,) = activate(60_000, withLease=True, requestTimeout=10_000)
    path = f"/jobs/{slow['jobKey']}"
    assert (quick["jobKey"], bool(slow["jobLeaseToken"])) == (slow["jobKey"], True)
    assert quick["jobLeaseToken"] != slow["jobLeaseToken"]
    stale, valid = ({"jobLeaseToken": each["jobLeaseToken"]} for each in (slow, quick))
    for end, more in (
        ("completion", {}), ("failure", {"retries": 1}), ("error", {"errorCode": "X"}),
    ):  # fmt: skip
        status, problem = rest.ask("POST", f"{path}/{end}", {**stale, **more})
        assert (status, "another worker has it now" in problem["detail"]) == (409, True)
        status, problem = rest.ask("POST", f"{path}/{end}", more)
        assert (status, "no lease token" in problem["detail"]) == (409, True)
    changes = {"changeset": {"retries": 7}}
    assert rest.ask("PATCH", path, {**changes, **stale})[0] == 409
    assert rest.ask("PATCH", path, changes)[0] == 204
    assert rest.ask("POST", f"{path}/failure", {**valid, "retries": 2})[0] == 204

    assert activate(60_000, requestTimeout=-1) == []
    (last,) = activate(60_000, withLease=True)
    assert rest.ask("POST", f"{path}/completion", {"leaseToken": last["leaseToken"]})[0] == 204


def test_a_job_without_a_lease_needs_no_token(rest: Rest) -> None:
    rest.deploy(unleased_bpmn=one_task("unleased", "unleased-work").xml())
    rest.ask("POST", "/process-instances", {"processDefinitionId": "unleased"})
    wanted = {"type": "unleased-work", "timeout": 60_000, "maxJobsToActivate": 1}
    (job,) = rest.ask("POST", "/jobs/activation", {**wanted, "withLease": None})[1]["jobs"]
    assert (job["jobLeaseToken"], job["leaseToken"]) == (None, None)
    ending = {"jobLeaseToken": "any"}
    assert rest.ask("POST", f"/jobs/{job['jobKey']}/completion", ending)[0] == 204
