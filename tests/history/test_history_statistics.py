"""Counts over history, read as the official client reads them; what instances wait for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import camunda_orchestration_sdk.models as sdk
import pytest

from tests.gateway.test_rest_commands import Rest
from tests.history.test_history_search import create, find
from tests.support.broker import Broker
from tests.support.model import DISH, Model, one_task

WINDOW = {"from": "2020-01-01T00:00:00Z", "to": "2100-01-01T00:00:00Z"}


@pytest.fixture(scope="module")
def rest(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rest]:
    with Broker(tmp_path_factory.mktemp("statistics"), "--history", "") as broker:
        yield Rest(broker)


@pytest.fixture(scope="module")
def troubled(rest: Rest) -> dict[str, Any]:
    """Three instances of one process: completed, failed with an incident, waiting."""
    rest.deploy(t1_bpmn=one_task("t1", "t1-work").xml())
    done, failed, waiting = (create(rest, "t1", n=n) for n in range(3))
    for key, path, body in (
        (done, "completion", {}),
        (failed, "failure", {"retries": 0, "errorMessage": "no luck"}),
    ):
        wanted = {"type": "t1-work", "timeout": 60_000, "maxJobsToActivate": 1, "worker": "w1"}
        (job,) = rest.ask("POST", "/jobs/activation", wanted)[1]["jobs"]
        assert job["processInstanceKey"] == key
        assert rest.ask("POST", f"/jobs/{job['jobKey']}/{path}", body)[0] == 204
    definition = find(rest, "/process-definitions", {"filter": {"processDefinitionId": "t1"}})
    return {
        "definition": definition[0]["processDefinitionKey"],
        "done": done,
        "failed": failed,
        "waiting": waiting,
    }


def ask(rest: Rest, path: str, body: Any = None, method: str = "POST") -> Any:
    status, answer = rest.ask(method, path, body)
    assert status == 200, answer
    return answer


def test_active_instances_are_counted_by_process_and_by_version(
    rest: Rest, troubled: dict[str, Any]
) -> None:
    path = "/process-definitions/statistics/process-instances"
    answer = ask(rest, path, {"filter": {"processDefinitionId": "t1"}})
    (item,) = sdk.ProcessDefinitionInstanceStatisticsQueryResult.from_dict(answer).items
    assert (item.active_instances_with_incident_count, item.has_multiple_versions) == (1, False)
    assert item.active_instances_without_incident_count == 1

    answer = ask(rest, f"{path}-by-version", {"filter": {"processDefinitionId": "t1"}})
    (version,) = sdk.ProcessDefinitionInstanceVersionStatisticsQueryResult.from_dict(answer).items
    assert version.process_definition_key == troubled["definition"]
    assert version.active_instances_with_incident_count == 1
    status, problem = rest.ask("POST", f"{path}-by-version", {"filter": {}})
    assert (status, "processDefinitionId" in problem["detail"]) == (400, True)


def test_incidents_are_counted_by_error_and_by_definition(
    rest: Rest, troubled: dict[str, Any]
) -> None:
    path = "/incidents/statistics/process-instances-by"
    answer = ask(rest, f"{path}-error", {"filter": {"errorMessage": "no luck"}})
    (item,) = sdk.IncidentProcessInstanceStatisticsByErrorQueryResult.from_dict(answer).items
    assert item.active_instances_with_error_count == 1
    wanted = {"filter": {"errorHashCode": item.error_hash_code}}
    answer = ask(rest, f"{path}-definition", wanted)
    (where,) = sdk.IncidentProcessInstanceStatisticsByDefinitionQueryResult.from_dict(answer).items
    assert where.process_definition_key == troubled["definition"]
    only = {"filter": {"incidentErrorHashCode": item.error_hash_code}}
    (found,) = find(rest, "/process-instances", only)
    assert found["processInstanceKey"] == troubled["failed"]
    assert rest.ask("POST", f"{path}-definition", {"filter": {}})[0] == 400


def test_jobs_are_counted_by_type_worker_and_time(rest: Rest, troubled: dict[str, Any]) -> None:
    window = {**WINDOW, "jobType": "t1-work"}
    answer = ask(rest, "/jobs/statistics/by-types", {"filter": window})
    (item,) = sdk.JobTypeStatisticsQueryResult.from_dict(answer).items
    counts = (item.created.count, item.completed.count, item.failed.count, item.workers)
    assert counts == (3, 1, 1, 1)

    answer = ask(rest, "/jobs/statistics/by-workers", {"filter": window})
    (worker,) = sdk.JobWorkerStatisticsQueryResult.from_dict(answer).items
    assert (worker.worker, worker.completed.count) == ("w1", 1)

    answer = ask(rest, "/jobs/statistics/errors", {"filter": window})
    (error,) = sdk.JobErrorStatisticsQueryResult.from_dict(answer).items
    assert (error.error_message, error.workers) == ("no luck", 1)

    series = {"filter": {**window, "resolution": "P7D"}}
    answer = ask(rest, "/jobs/statistics/time-series", series)
    points = sdk.JobTimeSeriesStatisticsQueryResult.from_dict(answer).items
    assert sum(point.created.count for point in points) == 3

    query = f"from={WINDOW['from']}&to={WINDOW['to']}&jobType=t1-work"
    answer = ask(rest, f"/jobs/statistics/global?{query}", method="GET")
    assert sdk.GlobalJobStatisticsQueryResult.from_dict(answer).created.count == 3


@pytest.mark.parametrize(
    ("path", "body", "said"),
    [
        ("by-types", {}, "filter.from"),
        ("by-types", {"filter": {**WINDOW, "colour": 1}}, "colour"),
        ("by-workers", {"filter": WINDOW}, "jobType"),
        ("errors", {"filter": {**WINDOW, "to": "soon"}}, "filter.to"),
        ("errors", {"filter": {"from": WINDOW["to"], "to": WINDOW["from"]}}, "before"),
        ("time-series", {"filter": {**WINDOW, "jobType": "x", "resolution": "1h"}}, "PT1M"),
        ("time-series", {"filter": {**WINDOW, "jobType": "x", "resolution": "PT1M"}}, "longer"),
    ],
)
def test_counts_of_jobs_say_what_they_need(rest: Rest, path: str, body: Any, said: str) -> None:
    status, problem = rest.ask("POST", f"/jobs/statistics/{path}", body)
    assert status == 400
    assert said in problem["detail"]


def test_elements_are_counted_over_the_instances_that_a_filter_lets_through(
    rest: Rest, troubled: dict[str, Any]
) -> None:
    path = f"/process-definitions/{troubled['definition']}/statistics/element-instances"
    everything = {row["elementId"]: row for row in ask(rest, path, {})["items"]}
    assert everything["a"] == {
        "elementId": "a", "active": 2, "canceled": 0, "incidents": 1, "completed": 1,
    }  # fmt: skip
    some = ask(rest, path, {"filter": {"state": "COMPLETED"}})["items"]
    assert {row["elementId"]: row["active"] for row in some} == {"s": 0, "a": 0, "e": 0}


def test_names_of_variables_are_offered(rest: Rest, troubled: dict[str, Any]) -> None:
    path = f"/process-definitions/{troubled['definition']}/variable-names"
    assert find(rest, path, {"filter": {"name": {"$like": "n*"}}}) == [{"name": "n"}]
    assert find(rest, path, {"filter": {"name": "m"}}) == []


def test_instances_say_what_they_wait_for(rest: Rest, troubled: dict[str, Any]) -> None:
    model = Model("t2").start("s").gateway("g", "parallel").path("s", "g")
    model.catch("tm", model.timer("duration", "PT1H"))
    model.catch("ms", model.message("t2-paid", '="7"'))
    model.catch("sg", model.signal("t2-alarm"))
    model.service("wk", "t2-work").native_user("ut")
    for element in ("tm", "ms", "sg", "wk", "ut"):
        model.end(f"end-{element}").path("g", element, f"end-{element}")
    rest.deploy(t2_bpmn=model.xml())
    key = create(rest, "t2")

    inside = {"filter": {"processInstanceKey": key}, "sort": [{"field": "elementId"}]}
    answer = ask(rest, "/element-instances/wait-states/search", inside)
    items = sdk.ElementInstanceWaitStateQueryResult.from_dict(answer).items
    assert [item.element_id for item in items] == ["ms", "sg", "tm", "ut", "wk"]
    kinds = {row["elementId"]: row["details"] for row in answer["items"]}
    assert kinds["ms"] == {
        "waitStateType": "MESSAGE", "messageName": "t2-paid", "correlationKey": "7",
    }  # fmt: skip
    assert kinds["sg"] == {"waitStateType": "SIGNAL", "signalName": "t2-alarm"}
    assert kinds["tm"]["dueDate"] > 1_600_000_000_000
    assert (kinds["wk"]["jobType"], kinds["ut"]["dueDate"]) == ("t2-work", None)
    counted = ask(rest, f"/process-instances/{key}/statistics/wait-states", method="GET")
    assert {"elementId": "tm", "waitingCount": 1} in counted["items"]
    only = {"filter": {"processInstanceKey": key, "waitStateType": "TIMER"}}
    assert [row["elementId"] for row in find(rest, "/element-instances/wait-states", only)] == [
        "tm"
    ]

    rest.ask("POST", f"/process-instances/{key}/cancellation")
    assert find(rest, "/element-instances/wait-states", inside) == []


def test_subscriptions_tell_their_process_and_are_counted(rest: Rest) -> None:
    model = Model("t3").start("s").end("e").path("s", "c", "e")
    model.catch("c", model.message("t3-paid", "=id"))
    rest.deploy(t3_bpmn=model.xml())
    for number in range(2):
        create(rest, "t3", id=str(number))
    of_t3 = {"filter": {"processDefinitionId": "t3"}}
    waiting = find(rest, "/message-subscriptions", of_t3)
    assert [
        (row["messageSubscriptionType"], row["processDefinitionVersion"]) for row in waiting
    ] == [("PROCESS_EVENT", 1)] * 2
    (counted,) = ask(rest, "/process-definitions/statistics/message-subscriptions", of_t3)["items"]
    assert counted["activeSubscriptions"] == 2
    assert counted["processInstancesWithActiveSubscriptions"] == 2


def test_a_message_that_starts_instances_is_listed_with_what_it_started(rest: Rest) -> None:
    model = Model("t4").end("e").path("s", "e")
    model.start("s", model.message("t4-order", ""))
    rest.deploy(t4_bpmn=model.xml())
    (listening,) = find(rest, "/message-subscriptions", {"filter": {"messageName": "t4-order"}})
    assert listening["messageSubscriptionType"] == "START_EVENT"
    assert listening["processInstanceKey"] is None
    body = {"name": "t4-order", "correlationKey": "1", "timeToLive": 0}
    key = ask(rest, "/messages/publication", body)["messageKey"]
    of_it = {"filter": {"messageKey": key}}
    (started,) = find(rest, "/correlated-message-subscriptions", of_it)
    instance = ask(rest, f"/process-instances/{started['processInstanceKey']}", method="GET")
    assert instance["processDefinitionId"] == "t4"


def test_a_decision_tells_the_file_it_is_in(rest: Rest) -> None:
    rest.deploy(t5_dmn=DISH)
    wanted = {"filter": {"decisionDefinitionId": "dish", "isLatestVersion": True}}
    (decision,) = find(rest, "/decision-definitions", wanted)
    path = f"/decision-definitions/{decision['decisionDefinitionKey']}/xml"
    assert rest.ask("GET", path) == (200, DISH)
    assert rest.ask("GET", "/decision-definitions/4711/xml")[0] == 404


def test_every_property_that_is_shown_can_be_asked_for(
    rest: Rest, troubled: dict[str, Any]
) -> None:
    key = troubled["failed"]
    for filters in (
        {"suspendedDate": {"$exists": False}},
        {"hasElementInstanceIncident": True},
        {"hasRetriesLeft": False},
        {"tags": []},
    ):
        wanted = {"filter": {**filters, "processInstanceKey": key}}
        assert [row["processInstanceKey"] for row in find(rest, "/process-instances", wanted)] == [
            key
        ], filters
    assert find(rest, "/process-instances", {"filter": {"batchOperationKey": "1"}}) == []
    assert find(rest, "/process-instances", {"filter": {"tags": ["blue"]}}) == []
    jobs = {"filter": {"processInstanceKey": key, "hasFailedWithRetriesLeft": False}}
    assert len(find(rest, "/jobs", jobs)) == 1
    by_nothing = {"sort": [{"field": "priority"}, {"field": "deniedReason", "order": "DESC"}]}
    assert len(find(rest, "/jobs", by_nothing)) >= 3
    (audited, *_) = find(rest, "/audit-logs", {"filter": {"processInstanceKey": key}})
    assert audited["processDefinitionKey"] == troubled["definition"]


def test_what_was_done_with_a_task_is_told(rest: Rest) -> None:
    rest.deploy(t6_bpmn=Model("t6").start("s").native_user("t").end("e").path("s", "t", "e").xml())
    key = create(rest, "t6")
    (task,) = find(rest, "/user-tasks", {"filter": {"processInstanceKey": key}})
    path = f"/user-tasks/{task['userTaskKey']}"
    rest.ask("POST", f"{path}/assignment", {"assignee": "ada"})
    rest.ask("POST", f"{path}/completion", {})
    done = [row["operationType"] for row in find(rest, f"{path}/audit-logs")]
    assert done == ["ASSIGN", "COMPLETE"]
