"""History through the REST API: every search sees what was answered before it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.gateway.test_rest_commands import Rest
from tests.support.broker import Broker
from tests.support.model import DISH, Model, one_task


@pytest.fixture(scope="module")
def rest(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rest]:
    with Broker(tmp_path_factory.mktemp("history"), "--history", "") as broker:
        yield Rest(broker)


def find(rest: Rest, path: str, body: Any = None) -> list[dict[str, Any]]:
    status, answer = rest.ask("POST", f"{path}/search", body or {})
    assert status == 200, answer
    assert set(answer["page"]) == {
        "totalItems", "hasMoreTotalItems", "startCursor", "endCursor",
    }  # fmt: skip
    items: list[dict[str, Any]] = answer["items"]
    return items


def create(rest: Rest, process: str, **variables: Any) -> str:
    body = {"processDefinitionId": process, "variables": variables}
    key: str = rest.ask("POST", "/process-instances", body)[1]["processInstanceKey"]
    return key


def test_an_instance_is_found_at_once_with_all_that_belongs_to_it(rest: Rest) -> None:
    rest.deploy(h1_bpmn=one_task("h1", "h1-work").xml())
    key = create(rest, "h1", a="x", b=[1])

    (found,) = find(rest, "/process-instances", {"filter": {"processInstanceKey": key}})
    assert (found["state"], found["hasIncident"], found["endDate"]) == ("ACTIVE", False, None)
    assert found["rootProcessInstanceKey"] == key
    assert rest.ask("GET", f"/process-instances/{key}") == (200, found)
    inside = {"filter": {"processInstanceKey": key}}
    assert {row["elementId"] for row in find(rest, "/element-instances", inside)} == {
        "h1",
        "s",
        "a",
    }
    variables = {row["name"]: row["value"] for row in find(rest, "/variables", inside)}
    assert variables == {"a": '"x"', "b": "[1]"}
    (job,) = find(rest, "/jobs", inside)
    assert (job["type"], job["state"]) == ("h1-work", "CREATED")

    wanted = {"type": "h1-work", "timeout": 60_000, "maxJobsToActivate": 1}
    rest.ask("POST", "/jobs/activation", wanted)
    rest.ask("POST", f"/jobs/{job['jobKey']}/completion", {})
    assert rest.ask("GET", f"/process-instances/{key}")[1]["state"] == "COMPLETED"
    assert find(rest, "/jobs", inside)[0]["state"] == "COMPLETED"
    flows = rest.ask("GET", f"/process-instances/{key}/sequence-flows")[1]["items"]
    assert len(flows) == 2


def test_filters_combine_operators_and_variables(rest: Rest) -> None:
    rest.deploy(h2_bpmn=one_task("h2", "h2-work").xml())
    keys = [create(rest, "h2", n=n, name=f"no_{n}%") for n in range(5)]
    only = {"processDefinitionId": "h2"}

    def keys_of(**filters: Any) -> list[str]:
        rows = find(rest, "/process-instances", {"filter": {**only, **filters}})
        return [row["processInstanceKey"] for row in rows]

    assert keys_of() == keys
    assert keys_of(variables=[{"name": "n", "value": "3"}]) == [keys[3]]
    liked = [{"name": "name", "value": {"$like": '"no_?%"'}}]
    assert keys_of(variables=liked) == keys
    assert keys_of(variables=[{"name": "name", "value": {"$like": '"no?_%"'}}]) == []
    assert keys_of(processInstanceKey={"$in": keys[:2]}) == keys[:2]
    assert keys_of(processInstanceKey={"$notIn": keys[1:]}) == keys[:1]
    assert keys_of(state="active", endDate={"$exists": False}) == keys
    either = [{"processInstanceKey": keys[0]}, {"variables": [{"name": "n", "value": "4"}]}]
    assert keys_of(**{"$or": either}) == [keys[0], keys[4]]
    assert keys_of(elementId="a", elementInstanceState="ACTIVE") == keys
    assert keys_of(startDate={"$gt": "2099-01-01T00:00:00Z"}) == []


def test_pages_by_cursor_go_forward_and_back_in_a_total_order(rest: Rest) -> None:
    rest.deploy(h3_bpmn=one_task("h3", "h3-work").xml())
    keys = [create(rest, "h3") for _ in range(7)]
    wanted = {
        "filter": {"processDefinitionId": "h3"},
        "sort": [{"field": "state", "order": "desc"}],
    }

    def page(**form: Any) -> dict[str, Any]:
        status, answer = rest.ask("POST", "/process-instances/search", {**wanted, "page": form})
        assert status == 200, answer
        found: dict[str, Any] = answer
        return found

    def seen(answer: dict[str, Any]) -> list[str]:
        return [row["processInstanceKey"] for row in answer["items"]]

    first = page(limit=3)
    second = page(limit=3, after=first["page"]["endCursor"])
    third = page(limit=3, after=second["page"]["endCursor"])
    assert seen(first) + seen(second) + seen(third) == keys[::-1]
    assert seen(page(limit=3, before=third["page"]["startCursor"])) == seen(second)
    assert seen(page(**{"from": 5})) == keys[::-1][5:]
    assert first["page"]["totalItems"] == 7


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"filter": {"colour": "red"}}, "colour"),
        ({"colour": "red"}, "colour"),
        ({"filter": {"processInstanceKey": 7}}, "key"),
        ({"filter": {"processDefinitionVersion": {"$like": "x"}}}, r"$like"),
        ({"filter": {"startDate": "soon"}}, "date-time"),
        ({"sort": [{"field": "nothing"}]}, "nothing"),
        ({"sort": [{"field": "state", "order": "up"}]}, "ASC or DESC"),
        ({"page": {"limit": 0}}, "between 1 and"),
        ({"page": {"limit": 10_001}}, "between 1 and"),
        ({"page": {"from": 1, "after": "WzFd"}}, "Only one of"),
        ({"page": {"after": "nonsense"}}, "cursor"),
        ({"page": {"after": "WzEsMiwzXQ=="}}, "cursor"),
        ({"page": {"size": 3}}, "size"),
        ({"filter": {"variables": [{"name": "x"}]}}, "name and a value"),
    ],
)
def test_a_search_that_makes_no_sense_is_told_why(rest: Rest, body: Any, said: str) -> None:
    status, problem = rest.ask("POST", "/process-instances/search", body)
    assert status == 400
    assert said in problem["detail"]


@pytest.mark.parametrize("text", ["' OR 1=1 --", '"; DROP TABLE jobs; --', "%", "_", "\\", "\x00"])
def test_what_is_written_into_a_filter_stays_a_text(rest: Rest, text: str) -> None:
    for value in (text, {"$like": f"*{text}"}, {"$in": [text]}):
        assert find(rest, "/process-instances", {"filter": {"businessId": value}}) == []


def test_incidents_are_counted_while_they_stand(rest: Rest) -> None:
    rest.deploy(h4_bpmn=one_task("h4", "h4-work").xml())
    key = create(rest, "h4")
    wanted = {"type": "h4-work", "timeout": 60_000, "maxJobsToActivate": 1}
    job = rest.ask("POST", "/jobs/activation", wanted)[1]["jobs"][0]["jobKey"]
    rest.ask("POST", f"/jobs/{job}/failure", {"retries": 0, "errorMessage": "no luck"})

    troubled = {"filter": {"hasIncident": True, "processDefinitionId": "h4"}}
    assert [row["processInstanceKey"] for row in find(rest, "/process-instances", troubled)] == [
        key
    ]
    (incident,) = find(rest, f"/process-instances/{key}/incidents")
    assert (incident["errorType"], incident["errorMessage"]) == ("JOB_NO_RETRIES", "no luck")
    assert incident["jobKey"] == job
    inside = {"filter": {"processInstanceKey": key, "hasIncident": True}}
    assert find(rest, "/element-instances", inside)[0]["incidentKey"] == incident["incidentKey"]
    statistics = rest.ask("GET", f"/process-instances/{key}/statistics/element-instances")[1]
    assert {"elementId": "a", "active": 1, "canceled": 0, "incidents": 1, "completed": 0} in (
        statistics["items"]
    )
    rest.ask("PATCH", f"/jobs/{job}", {"changeset": {"retries": 1}})
    rest.ask("POST", f"/incidents/{incident['incidentKey']}/resolution")
    assert rest.ask("GET", f"/incidents/{incident['incidentKey']}")[1]["state"] == "RESOLVED"
    assert find(rest, "/process-instances", troubled) == []


def test_definitions_tell_their_latest_version_and_their_xml(rest: Rest) -> None:
    rest.deploy(h5_bpmn=one_task("h5", "one").xml())
    rest.deploy(h5_bpmn=one_task("h5", "two").xml())
    both = {"filter": {"processDefinitionId": "h5"}}
    latest = {"filter": {"processDefinitionId": "h5", "isLatestVersion": True}}
    assert [row["version"] for row in find(rest, "/process-definitions", both)] == [1, 2]
    (found,) = find(rest, "/process-definitions", latest)
    key = found["processDefinitionKey"]
    status, xml = rest.ask("GET", f"/process-definitions/{key}/xml")
    assert status == 200
    assert b'"two"' in xml
    assert rest.ask("GET", "/process-definitions/4711")[0] == 404


def test_tasks_are_found_by_who_may_do_them(rest: Rest) -> None:
    model = Model("h6").start("s").end("e").path("s", "t", "e")
    model.native_user("t", assignment={"candidateGroups": '=["sales", "ops"]'}, form="h6")
    rest.deploy(h6_bpmn=model.xml(), h6_form=b'{"id": "h6"}')
    key = create(rest, "h6", amount=5)

    (task,) = find(rest, "/user-tasks", {"filter": {"candidateGroup": "ops", "state": "CREATED"}})
    assert (task["processInstanceKey"], task["candidateGroups"]) == (key, ["sales", "ops"])
    path = f"/user-tasks/{task['userTaskKey']}"
    rest.ask("POST", f"{path}/assignment", {"assignee": "ada"})
    assert rest.ask("GET", path)[1]["assignee"] == "ada"
    assert rest.ask("GET", f"{path}/form")[1]["formId"] == "h6"
    assert [row["name"] for row in find(rest, f"{path}/variables")] == ["amount"]
    rest.ask("POST", f"{path}/completion", {})
    assert rest.ask("GET", path)[1]["state"] == "COMPLETED"


def test_decisions_tell_inputs_and_rules(rest: Rest) -> None:
    rest.deploy(h7_dmn=DISH)
    body = {"decisionDefinitionId": "dish", "variables": {"season": "Winter"}}
    made = rest.ask("POST", "/decision-definitions/evaluation", body)[1]
    wanted = {"filter": {"decisionEvaluationKey": made["decisionEvaluationKey"]}}
    (found,) = find(rest, "/decision-instances", wanted)
    assert (found["result"], found["state"]) == ('"Roastbeef"', "EVALUATED")
    whole = rest.ask("GET", f"/decision-instances/{found['decisionEvaluationInstanceKey']}")[1]
    assert whole["matchedRules"][0]["ruleIndex"] == 2
    assert whole["evaluatedInputs"][0]["inputValue"] == '"Winter"'


def test_subscriptions_and_correlations(rest: Rest) -> None:
    model = Model("h8").start("s").end("e").path("s", "c", "e")
    model.catch("c", model.message("h8-paid", "=id"))
    rest.deploy(h8_bpmn=model.xml())
    key = create(rest, "h8", id="7")
    inside = {"filter": {"processInstanceKey": key}}
    (waiting,) = find(rest, "/message-subscriptions", inside)
    assert (waiting["messageName"], waiting["messageSubscriptionState"]) == ("h8-paid", "CREATED")
    rest.ask("POST", "/messages/correlation", {"name": "h8-paid", "correlationKey": "7"})
    (taken,) = find(rest, "/correlated-message-subscriptions", inside)
    assert taken["elementId"] == "c"


def test_who_asked_for_what_is_kept_with_its_outcome(rest: Rest) -> None:
    rest.ask("POST", "/process-instances/4711/cancellation")
    wanted = {
        "filter": {"operationType": "CANCEL", "entityKey": "4711"},
        "sort": [{"field": "timestamp", "order": "DESC"}],
    }
    assert find(rest, "/audit-logs", wanted)[0]["result"] == "FAIL"


def test_a_called_instance_knows_its_callers(rest: Rest) -> None:
    rest.deploy(
        h9_bpmn=Model("h9").start("s").call("c", "h9b").end("e").path("s", "c", "e").xml(),
        h9b_bpmn=one_task("h9b", "h9-work").xml(),
    )
    parent = create(rest, "h9")
    inside = {"filter": {"parentProcessInstanceKey": parent}}
    (child,) = find(rest, "/process-instances", inside)
    path = f"/process-instances/{child['processInstanceKey']}/call-hierarchy"
    hierarchy = rest.ask("GET", path)[1]
    assert [each["processDefinitionName"] for each in hierarchy] == ["h9", "h9b"]
    assert child["rootProcessInstanceKey"] == parent


def test_history_survives_a_crash_without_a_gap_or_a_double(
    start_broker: Callable[..., Broker], tmp_path: Path
) -> None:
    broker = start_broker("--history", "")
    Rest(broker).deploy(p_bpmn=one_task("p", "work").xml())
    for _ in range(20):
        create(Rest(broker), "p")
    broker.kill()
    broker.start()
    again = Rest(broker)
    create(again, "p")

    assert len(find(again, "/process-instances")) == 21
    assert len(find(again, "/element-instances", {"page": {"limit": 1000}})) == 63


def test_a_broker_without_history_says_so(shared_broker: Broker) -> None:
    status, problem = Rest(shared_broker).ask("POST", "/process-instances/search", {})
    assert status == 501
    assert "--history" in problem["detail"]


def test_history_is_made_anew_from_the_log(start_broker: Callable[..., Broker]) -> None:
    broker = start_broker("--history", "")
    Rest(broker).deploy(p_bpmn=one_task("p", "work").xml())
    key = create(Rest(broker), "p")
    broker.stop()
    (broker.data / "history.db").unlink()
    command = [sys.executable, "-m", "remit.cli.main", "history", "rebuild"]
    done = subprocess.run([*command, "--data", str(broker.data)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    broker.start()

    (found,) = find(Rest(broker), "/process-instances")
    assert found["processInstanceKey"] == key


def test_a_broker_does_not_tell_its_log_into_another_ones_history(
    start_broker: Callable[..., Broker], tmp_path: Path
) -> None:
    url = f"sqlite:///{tmp_path / 'shared.db'}"
    broker = start_broker("--history", url)
    command = [sys.executable, "-m", "remit.cli.main", "serve", "--data", f"{tmp_path}/other"]
    ports = ("--grpc-port", "0", "--http-port", "0")
    refused = subprocess.run(
        [*command, *ports, "--history", url], capture_output=True, text=True, timeout=60
    )
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "--history: the database holds the history of another broker" in refused.stderr

    broker.stop()
    broker.start()  # its own it knows again
    Rest(broker).deploy(p_bpmn=one_task("p", "work").xml())
    assert find(Rest(broker), "/process-definitions")


def test_a_creation_is_audited_as_one_of_the_instance_whatever_it_brings(rest: Rest) -> None:
    rest.deploy(audited_bpmn=one_task("audited", "audited-work").xml())
    for variables in ({}, {"a": 1, "b": "x"}):
        key = create(rest, "audited", **variables)
        wanted = {"entityKey": key, "operationType": "CREATE"}
        (told,) = find(rest, "/audit-logs", {"filter": wanted})
        assert told["entityType"] == "PROCESS_INSTANCE"
        assert (told["processInstanceKey"], told["rootProcessInstanceKey"]) == (key, key)
        assert told["processDefinitionId"] == "audited"


def test_making_it_anew_beside_a_running_broker_tells_everything_once(
    start_broker: Callable[..., Broker],
) -> None:
    broker = start_broker("--history", "")
    rest = Rest(broker)
    rest.deploy(p_bpmn=one_task("p", "work").xml())
    for _ in range(30):
        create(rest, "p")
    command = [sys.executable, "-m", "remit.cli.main", "history", "rebuild"]
    rebuilding = subprocess.Popen(
        [*command, "--data", str(broker.data)], stdout=subprocess.PIPE, text=True
    )
    keys = [create(rest, "p") for _ in range(30)]
    said, _ = rebuilding.communicate(timeout=60)
    assert rebuilding.returncode == 0
    assert "100%" in said

    keys.append(create(rest, "p"))
    found = find(rest, "/process-instances", {"page": {"limit": 100}})
    assert len(found) == 61
    assert {row["processInstanceKey"] for row in found} >= set(keys)
    assert len(find(rest, "/element-instances", {"page": {"limit": 1000}})) == 61 * 3
