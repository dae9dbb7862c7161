"""The gRPC protocol, against a real broker: shapes, status codes, streams (reference 2)."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable

import grpc
import pytest

from remit.protocol.wire.stubs import gateway_pb2 as pb
from tests.support.broker import Broker, Client, code_of
from tests.support.model import DISH, Model, one_task


@pytest.fixture
def client(shared_broker: Broker) -> Client:
    return shared_broker.client()


def deploy(client: Client, model: Model) -> None:
    client.deploy(f"{model.id}.bpmn", model.xml())


def test_topology_names_the_broker_and_its_partitions(client: Client) -> None:
    answer = client.call("Topology")

    assert answer.gatewayVersion.startswith("8.")
    assert (answer.clusterSize, answer.partitionsCount, answer.replicationFactor) == (1, 1, 1)
    (broker,) = answer.brokers
    assert [p.partitionId for p in broker.partitions] == [1]
    assert broker.port > 0


def test_one_task_from_deployment_to_result(client: Client) -> None:
    deployed = client.deploy("whole.bpmn", one_task("whole", "whole-work").xml())
    assert deployed.deployments[0].process.bpmnProcessId == "whole"
    made = client.call("CreateProcessInstance", bpmnProcessId="whole", variables='{"x": 1.5}')

    (job,) = client.activate("whole-work")
    client.call("CompleteJob", jobKey=job.key, variables='{"y": [true, null]}')

    assert job.processInstanceKey == made.processInstanceKey
    assert json.loads(job.variables) == {"x": 1.5}
    assert job.listenerEventType == pb.ActivatedJob.UNSPECIFIED
    assert made.version == 1
    assert made.tenantId == "<default>"


def test_a_result_is_answered_when_the_process_completes(client: Client) -> None:
    deploy(client, one_task("awaited", "awaited-work"))

    def work() -> None:
        (job,) = client.activate("awaited-work", wait_ms=5000)
        client.call("CompleteJob", jobKey=job.key, variables='{"y": 2}')

    worker = threading.Thread(target=work)
    worker.start()
    answer = client.call(
        "CreateProcessInstanceWithResult",
        request=pb.CreateProcessInstanceRequest(bpmnProcessId="awaited", variables='{"x": 1}'),
        requestTimeout=10_000,
        fetchVariables=["y"],
    )
    worker.join()

    assert json.loads(answer.variables) == {"y": 2}


def test_a_result_that_comes_too_late_is_deadline_exceeded(client: Client) -> None:
    deploy(client, one_task("late", "late-work"))

    with pytest.raises(grpc.RpcError) as fault:
        client.call(
            "CreateProcessInstanceWithResult",
            request=pb.CreateProcessInstanceRequest(bpmnProcessId="late"),
            requestTimeout=100,
        )

    assert code_of(fault) == "DEADLINE_EXCEEDED"
    assert len(client.activate("late-work")) == 1


@pytest.mark.parametrize(
    ("method", "fields", "code"),
    [
        ("CreateProcessInstance", {"bpmnProcessId": "nobody"}, "NOT_FOUND"),
        ("CreateProcessInstance", {"processDefinitionKey": 4711}, "NOT_FOUND"),
        ("CancelProcessInstance", {"processInstanceKey": 1}, "NOT_FOUND"),
        ("CompleteJob", {"jobKey": (1 << 51) + 4711}, "NOT_FOUND"),
        ("CompleteJob", {"jobKey": -1}, "NOT_FOUND"),
        ("CompleteJob", {"jobKey": 77 << 51}, "NOT_FOUND"),
        ("CompleteJob", {"jobKey": 1, "variables": "[1]"}, "INVALID_ARGUMENT"),
        ("CompleteJob", {"jobKey": 1, "variables": "{oh"}, "INVALID_ARGUMENT"),
        ("FailJob", {"jobKey": 1}, "NOT_FOUND"),
        ("ThrowError", {"jobKey": 1, "errorCode": "x"}, "NOT_FOUND"),
        ("UpdateJobRetries", {"jobKey": 1, "retries": 1}, "NOT_FOUND"),
        ("UpdateJobTimeout", {"jobKey": 1, "timeout": 1}, "NOT_FOUND"),
        ("ResolveIncident", {"incidentKey": 1}, "NOT_FOUND"),
        ("SetVariables", {"elementInstanceKey": 1, "variables": "{}"}, "NOT_FOUND"),
        ("PublishMessage", {"name": ""}, "INVALID_ARGUMENT"),
        ("PublishMessage", {"name": "a", "tenantId": "other"}, "INVALID_ARGUMENT"),
        ("DeployResource", {}, "INVALID_ARGUMENT"),
        ("BroadcastSignal", {"signalName": ""}, "INVALID_ARGUMENT"),
        ("EvaluateDecision", {"decisionId": "nothing"}, "INVALID_ARGUMENT"),
        ("EvaluateDecision", {}, "INVALID_ARGUMENT"),
        ("ModifyProcessInstance", {"processInstanceKey": 1}, "NOT_FOUND"),
        ("MigrateProcessInstance", {"processInstanceKey": 1}, "UNIMPLEMENTED"),
        ("DeleteResource", {"resourceKey": 1}, "NOT_FOUND"),
    ],
)
def test_what_can_not_be_is_answered_with_its_status(
    client: Client, method: str, fields: dict[str, object], code: str
) -> None:
    with pytest.raises(grpc.RpcError) as fault:
        client.call(method, **fields)

    assert code_of(fault) == code
    assert len(fault.value.details()) > 10  # type: ignore[attr-defined]


def test_a_rejection_reads_as_zeebe_writes_it(client: Client) -> None:
    with pytest.raises(grpc.RpcError) as fault:
        client.call("CompleteJob", jobKey=(1 << 51) + 99_999)

    assert fault.value.details() == (  # type: ignore[attr-defined]
        f"Command 'COMPLETE' rejected with code 'NOT_FOUND': Expected to complete job with key "
        f"'{(1 << 51) + 99_999}', but no such job was found"
    )


def test_a_message_id_that_lives_is_already_exists(client: Client) -> None:
    client.call("PublishMessage", name="once", messageId="m", timeToLive=60_000)

    with pytest.raises(grpc.RpcError) as fault:
        client.call("PublishMessage", name="once", messageId="m", timeToLive=60_000)

    assert code_of(fault) == "ALREADY_EXISTS"


def test_a_wrong_model_is_refused_with_every_finding_and_nothing_is_deployed(
    client: Client,
) -> None:
    good = one_task("half-deployed").xml()
    bad = Model("bad").start("s").service("t", "").gateway("g").end("a").end("b")
    bad.path("s", "t", "g").flow("g", "a", "=1 +").flow("g", "b")

    with pytest.raises(grpc.RpcError) as fault:
        client.call(
            "DeployResource",
            resources=[
                pb.Resource(name="good.bpmn", content=good),
                pb.Resource(name="bad.bpmn", content=bad.xml()),
                pb.Resource(name="worse.bpmn", content=b"<not xml"),
                pb.Resource(name="what.txt", content=b""),
            ],
        )
    said = fault.value.details()  # type: ignore[attr-defined]

    assert code_of(fault) == "INVALID_ARGUMENT"
    for part in ("'t'", "implementation", "feel", "flow-condition", "worse.bpmn", "what.txt"):
        assert part in said
    with pytest.raises(grpc.RpcError):
        client.call("CreateProcessInstance", bpmnProcessId="half-deployed")


def test_a_message_over_four_megabytes_is_refused(client: Client) -> None:
    with pytest.raises(grpc.RpcError) as fault:
        client.deploy("large.bpmn", b"x" * (5 * 1024 * 1024))

    assert code_of(fault) == "RESOURCE_EXHAUSTED"


def test_a_long_poll_is_answered_as_soon_as_a_job_is_there(client: Client) -> None:
    deploy(client, one_task("polled", "polled-work"))
    found: list[float] = []

    def poll() -> None:
        client.activate("polled-work", wait_ms=20_000)
        found.append(time.monotonic())

    poller = threading.Thread(target=poll)
    poller.start()
    time.sleep(0.3)
    created = time.monotonic()
    client.call("CreateProcessInstance", bpmnProcessId="polled")
    poller.join()

    assert found[0] - created < 5.0  # far below the 10 s after which it would look by itself


def test_a_long_poll_without_jobs_ends_empty_and_without_error(client: Client) -> None:
    began = time.monotonic()

    jobs = client.activate("nothing-here", wait_ms=300)
    at_once = client.activate("nothing-here", wait_ms=-1)

    assert jobs == at_once == []
    assert 0.25 < time.monotonic() - began < 2


def test_a_stream_pushes_jobs_and_hands_back_what_nobody_took(client: Client) -> None:
    deploy(client, one_task("pushed", "pushed-work"))
    stream = _open_stream(client, "pushed-work")
    time.sleep(0.3)
    client.call("CreateProcessInstance", bpmnProcessId="pushed", variables='{"n": 1}')
    first = next(stream)
    stream.cancel()
    time.sleep(0.5)
    client.call("CreateProcessInstance", bpmnProcessId="pushed", variables='{"n": 2}')

    (second,) = client.activate("pushed-work")

    assert json.loads(first.variables) == {"n": 1}
    assert json.loads(second.variables) == {"n": 2}


def _open_stream(client: Client, job_type: str) -> grpc.Call:
    request = pb.StreamActivatedJobsRequest(type=job_type, worker="s", timeout=60_000)
    ask = client.channel.unary_stream(
        "/gateway_protocol.Gateway/StreamActivatedJobs",
        request_serializer=lambda message: message.SerializeToString(),
        response_deserializer=pb.ActivatedJob.FromString,
    )
    return ask(request)


@pytest.mark.parametrize(("service", "status"), [("", 1), ("gateway_protocol.Gateway", 1)])
def test_health_says_serving(client: Client, service: str, status: int) -> None:
    ask = client.channel.unary_unary("/grpc.health.v1.Health/Check")
    request = b"" if not service else b"\x0a" + bytes((len(service),)) + service.encode()

    assert ask(request, timeout=5) == bytes((8, status))


def test_compressed_requests_are_understood(client: Client) -> None:
    request = pb.PublishMessageRequest(name="zipped", variables='{"x": "' + "y" * 5000 + '"}')
    ask = client.channel.unary_unary(
        "/gateway_protocol.Gateway/PublishMessage",
        request_serializer=lambda message: message.SerializeToString(),
        response_deserializer=pb.PublishMessageResponse.FromString,
    )

    assert ask(request, timeout=5, compression=grpc.Compression.Gzip).key > 0


def test_a_decision_is_deployed_and_evaluated(client: Client) -> None:
    deployed = client.deploy("dish.dmn", DISH)
    answer = client.call("EvaluateDecision", decisionId="dish", variables='{"season": "Fall"}')
    nothing = client.call("EvaluateDecision", decisionId="dish", variables='{"season": "x"}')

    kinds = [each.WhichOneof("Metadata") for each in deployed.deployments]
    assert kinds == ["decisionRequirements", "decision"]
    assert json.loads(answer.decisionOutput) == "Spareribs"
    (evaluated,) = answer.evaluatedDecisions
    (rule,) = evaluated.matchedRules
    assert (evaluated.decisionType, rule.ruleIndex) == ("DECISION_TABLE", 1)
    assert evaluated.evaluatedInputs[0].inputValue == '"Fall"'
    assert rule.evaluatedOutputs[0].outputValue == '"Spareribs"'
    assert json.loads(nothing.decisionOutput) is None


def test_what_was_acknowledged_is_there_after_a_restart(
    start_broker: Callable[..., Broker],
) -> None:
    broker = start_broker()
    client = broker.client()
    deploy(client, one_task("durable", "durable-work"))
    keys = {
        client.call("CreateProcessInstance", bpmnProcessId="durable").processInstanceKey
        for _ in range(20)
    }
    broker.kill()

    again = start_broker().client()
    jobs = again.activate("durable-work", limit=100)

    assert {job.processInstanceKey for job in jobs} == keys


def test_messages_correlate_across_partitions(start_broker: Callable[..., Broker]) -> None:
    client = start_broker("--partitions", "3").client()
    model = Model("spread").start("s").service("a", "spread-work").end("e")
    model.catch("wait", model.message("paid", "=id")).path("s", "wait", "a", "e")
    deploy(client, model)
    time.sleep(0.5)
    for number in range(30):
        variables = json.dumps({"id": f"k-{number}"})
        client.call("CreateProcessInstance", bpmnProcessId="spread", variables=variables)
    for number in range(30):
        client.call(
            "PublishMessage", name="paid", correlationKey=f"k-{number}", timeToLive=60_000,
            variables=json.dumps({"number": number}),
        )  # fmt: skip

    found: list[int] = []
    deadline = time.monotonic() + 10
    while len(found) < 30 and time.monotonic() < deadline:
        for job in client.activate("spread-work", limit=50, wait_ms=500):
            found.append(json.loads(job.variables)["number"])

    assert sorted(found) == list(range(30))
    assert {p.partitionId for p in client.call("Topology").brokers[0].partitions} == {1, 2, 3}


def test_sigterm_stops_in_order_with_exit_code_0(start_broker: Callable[..., Broker]) -> None:
    broker = start_broker()

    assert broker.stop() == 0
