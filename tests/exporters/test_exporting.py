"""Exporters see every record, in order, at least once, in Zeebe's shape (rules 90-92, 95)."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from remit import Engine
from remit.exporters import process
from remit.exporters.kinds import exporter_of
from remit.exporters.process import Follower, Positions
from remit.exporters.records import COMMANDS, Translator
from remit.partition.log import open_batches
from remit.partition.storage.sqlite import read_log
from remit.protocol.commands import Command, CreateInstance, DeployResources
from remit.protocol.replies import Deployed, InstanceCreated
from tests.gateway.test_rest_commands import Rest
from tests.support.broker import Broker
from tests.support.model import one_task


def records(engine: Engine) -> list[dict[str, Any]]:
    translator = Translator(1, [])
    return [record for turn in engine.turns() for record in translator.records(turn)]


def one(engine: Engine) -> list[dict[str, Any]]:
    engine.deploy(("one.bpmn", one_task().xml()))
    engine.create("one", {"x": 1})
    (job,) = engine.activate("work")
    engine.complete(job.job.key, {"y": 2})
    return records(engine)


def find(told: list[dict[str, Any]], value_type: str, intent: str) -> dict[str, Any]:
    return next(r for r in told if (r["valueType"], r["intent"]) == (value_type, intent))


def test_positions_ascend_without_gaps_and_name_their_source(engine: Engine) -> None:
    told = one(engine)

    assert [record["position"] for record in told] == list(range(1, len(told) + 1))
    for record in told:
        if record["recordType"] == "EVENT":
            assert record["sourceRecordPosition"] < record["position"]


def test_rule_91_records_carry_the_fields_that_consumers_read(engine: Engine) -> None:
    told = one(engine)
    job = find(told, "JOB", "CREATED")
    element = next(r for r in told if r["value"].get("elementId") == "a")
    variable = find(told, "VARIABLE", "CREATED")["value"]

    assert job["value"]["type"] == "work"
    assert job["value"]["bpmnProcessId"] == "one"
    assert job["value"]["elementId"] == "a"
    assert job["value"]["processDefinitionVersion"] == 1
    assert element["value"]["bpmnElementType"] == "SERVICE_TASK"
    assert element["value"]["flowScopeKey"] == element["value"]["processInstanceKey"]
    assert (variable["name"], variable["value"]) == ("x", 1)
    assert variable["scopeKey"] == variable["processInstanceKey"]


def test_a_rejection_is_a_record_of_its_own(engine: Engine) -> None:
    with pytest.raises(Exception, match="NOT_FOUND"):
        engine.cancel(4711)

    rejected = records(engine)[-1]

    assert rejected["recordType"] == "COMMAND_REJECTION"
    assert rejected["rejectionType"] == "NOT_FOUND"


def test_every_record_of_an_instance_names_its_tenant(engine: Engine) -> None:
    xml = one_task("p", "work").xml()
    engine.execute(DeployResources((("p.bpmn", xml),), "acme"), Deployed)
    engine.execute(CreateInstance(process_id="p", tenant="acme"), InstanceCreated)

    told = [each for each in records(engine) if each["valueType"] == "PROCESS_INSTANCE"]

    assert {each["value"]["tenantId"] for each in told if each["recordType"] == "EVENT"} == {"acme"}


def test_every_command_has_a_record_name() -> None:
    assert {command.__name__ for command in Command.__subclasses__()} == set(COMMANDS)


def follower(folder: Path, target: str) -> Follower:
    return Follower(exporter_of(f"jsonl:{target}"), Positions(folder / "exporters.json"))


def partitions_of(told: list[dict[str, Any]]) -> set[int]:
    return {record["partitionId"] for record in told}


def seen(path: Path) -> list[dict[str, Any]]:
    """What a running exporter has written so far; its last line may be half written."""
    text = path.read_text() if path.exists() else ""
    return [json.loads(line) for line in text[: text.rfind("\n") + 1].splitlines()]


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_after_a_restart_it_goes_on_where_it_was(tmp_path: Path) -> None:
    target = tmp_path / "records.jsonl"
    with Engine(tmp_path) as engine:
        engine.deploy(("one.bpmn", one_task().xml()))
        first = follower(tmp_path, str(target))
        first.follow(tmp_path / "partition-1.db", 1)
        first.exporter.close()
        before = len(lines(target))
        engine.create("one")
        second = follower(tmp_path, str(target))
        second.follow(tmp_path / "partition-1.db", 1)
        second.exporter.close()

    told = lines(target)
    assert before > 0
    assert [record["position"] for record in told] == list(range(1, len(told) + 1))
    assert told[-1]["value"]["bpmnProcessId"] == "one"


def test_one_that_is_far_behind_leaves_others_their_turn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "TURNS", 3)
    target = tmp_path / "records.jsonl"
    with Engine(tmp_path) as engine:
        engine.deploy(("one.bpmn", one_task().xml()))
        for _ in range(6):
            engine.create("one")
        late = follower(tmp_path, str(target))
        looks = 0
        while late.follow(tmp_path / "partition-1.db", 1):
            looks += 1
        late.exporter.close()

    told = lines(target)
    assert looks == 3, "seven turns, three at a time"
    assert [record["position"] for record in told] == list(range(1, len(told) + 1))
    assert told[-1]["value"]["bpmnProcessId"] == "one"


def test_an_exporter_that_fails_gets_the_same_record_again(tmp_path: Path) -> None:
    failing = follower(tmp_path, str(tmp_path / "records.jsonl"))
    export = failing.exporter.export
    calls: list[int] = []

    def sometimes(record: dict[str, Any]) -> None:
        calls.append(record["position"])
        if len(calls) == 2:
            raise OSError("away")
        export(record)

    failing.exporter.export = sometimes  # type: ignore[method-assign]
    with Engine(tmp_path) as engine:
        engine.deploy(("one.bpmn", one_task().xml()))
        failing.follow(tmp_path / "partition-1.db", 1)
        failing._wait_until = 0
        failing.follow(tmp_path / "partition-1.db", 1)

    assert calls[:2] == [1, 2]
    assert calls[2] == 1
    assert calls[-1] == engine.state.position


@pytest.mark.parametrize("spec", ["jsonl", "jsonl:", "nothing:here"])
def test_a_wrong_exporter_is_refused_with_a_sentence(spec: str) -> None:
    with pytest.raises(ValueError, match="exporter"):
        exporter_of(spec)


def test_filters_keep_records_away(tmp_path: Path) -> None:
    target = tmp_path / "jobs.jsonl"
    with Engine(tmp_path) as engine:
        one(engine)
        chosen = follower(tmp_path, f"{target},value_types=JOB,record_types=EVENT")
        chosen.follow(tmp_path / "partition-1.db", 1)
        chosen.exporter.close()

    assert [record["intent"] for record in lines(target)] == ["CREATED", "COMPLETED"]


def test_a_broker_exports_beside_its_work(
    start_broker: Callable[..., Broker], tmp_path: Path
) -> None:
    target = tmp_path / "records.jsonl"
    broker = start_broker("--exporter", f"jsonl:{target}", "--partitions", "2")
    client = broker.client()
    client.deploy("one.bpmn", one_task().xml())
    deadline = time.monotonic() + 20
    while partitions_of(seen(target)) != {1, 2}:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    broker.stop()
    told = seen(target)

    assert partitions_of(told) == {1, 2}
    assert ("PROCESS", "CREATED") in {(r["valueType"], r["intent"]) for r in told}


def test_the_reference_that_a_client_chose_is_on_every_record(
    start_broker: Callable[..., Broker], tmp_path: Path
) -> None:
    broker = start_broker()
    client, rest = broker.client(), Rest(broker)
    client.deploy("one.bpmn", one_task().xml())
    made = client.call("CreateProcessInstance", bpmnProcessId="one", operationReference=11)
    path = f"/process-instances/{made.processInstanceKey}"
    assert rest.ask("POST", f"{path}/suspension", {"operationReference": 12})[0] == 204
    status, problem = rest.ask("POST", f"{path}/cancellation", {"operationReference": 0})
    assert (status, "but must be > 0" in problem["detail"]) == (400, True)
    assert rest.ask("POST", f"{path}/cancellation", {"operationReference": 13})[0] == 204
    broker.stop()
    referred: dict[int, set[str]] = {}
    translator = Translator(1, [])
    turns = open_batches(read_log(tmp_path / "data" / "partition-1.db", 0))
    for record in (each for turn in turns for each in translator.records(turn)):
        referred.setdefault(record["operationReference"], set()).add(record["intent"])

    assert {"CREATE", "CREATED", "ELEMENT_ACTIVATED"} <= referred[11]
    assert referred[12] == {"SUSPEND", "SUSPENDED"}
    assert {"CANCEL", "ELEMENT_TERMINATED"} <= referred[13]
