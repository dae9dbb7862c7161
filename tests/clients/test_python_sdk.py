"""camunda-orchestration-sdk from PyPI, unchanged: deploy, work, search, with its strict models."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.broker import Broker
from tests.support.model import DISH, Model

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    sdk = pytest.importorskip("camunda_orchestration_sdk")
    from camunda_orchestration_sdk.models.cancel_process_instance_request import (
        CancelProcessInstanceRequest,
    )
    from camunda_orchestration_sdk.models.decision_evaluation_by_id import DecisionEvaluationByID
    from camunda_orchestration_sdk.models.job_activation_request import JobActivationRequest
    from camunda_orchestration_sdk.models.job_completion_request import JobCompletionRequest
    from camunda_orchestration_sdk.models.job_fail_request import JobFailRequest
    from camunda_orchestration_sdk.models.process_creation_by_id import ProcessCreationById
    from camunda_orchestration_sdk.models.process_instance_cancellation_batch_operation_request import (
        ProcessInstanceCancellationBatchOperationRequest as CancelMany,
    )
    from camunda_orchestration_sdk.models.resume_process_instance_request import (
        ResumeProcessInstanceRequest,
    )
    from camunda_orchestration_sdk.models.suspend_process_instance_request import (
        SuspendProcessInstanceRequest,
    )
    from camunda_orchestration_sdk.models.user_task_completion_request import (
        UserTaskCompletionRequest,
    )

SEARCHES = (
    "search_process_definitions", "search_process_instances", "search_element_instances",
    "search_variables", "search_jobs", "search_incidents", "search_user_tasks",
    "search_decision_definitions", "search_decision_requirements", "search_decision_instances",
    "search_message_subscriptions", "search_audit_logs",
)  # fmt: skip


def written(folder: Path) -> list[str]:
    model = Model("sdk").start("s").end("e").path("s", "a", "t", "c", "e").service("a", "sdk-work")
    model.native_user("t").catch("c", model.message("sdk-paid", "=id"))
    files = {
        "sdk.bpmn": model.xml(), "sdk.dmn": DISH, "sdk.form": b'{"id": "sdk"}',
    }  # fmt: skip
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return [str(folder / name) for name in files]


def activate(client: Any) -> Any:
    request = JobActivationRequest(type_="sdk-work", timeout=60_000, max_jobs_to_activate=1)
    return client.activate_jobs(data=request).jobs[0]


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_the_python_sdk_deploys_works_and_searches(
    start_broker: Callable[..., Broker], tmp_path: Path
) -> None:
    broker = start_broker("--history", "")
    address = {"CAMUNDA_REST_ADDRESS": f"http://{broker.http}"}
    with sdk.CamundaClient(configuration=address) as client:
        assert client.get_topology().brokers
        deployed = client.deploy_resources_from_files(written(tmp_path))
        assert deployed.processes[0].process_definition_id == "sdk"
        made = client.create_process_instance(data=ProcessCreationById(process_definition_id="sdk"))
        failed = activate(client)
        client.fail_job(
            job_key=failed.job_key, data=JobFailRequest(retries=0, error_message="no luck")
        )
        client.create_process_instance(data=ProcessCreationById(process_definition_id="sdk"))
        client.complete_job(job_key=activate(client).job_key, data=JobCompletionRequest())
        client.evaluate_decision(data=DecisionEvaluationByID(decision_definition_id="dish"))
        (task,) = client.search_user_tasks().items
        client.complete_user_task(
            user_task_key=task.user_task_key, data=UserTaskCompletionRequest()
        )

        found = {name: len(getattr(client, name)().items) for name in SEARCHES}
        assert found["search_process_instances"] == 2
        assert found["search_incidents"] == 2  # the failed job, and the key that is missing
        assert found["search_decision_instances"] == 1
        assert found["search_audit_logs"] >= 7
        instance = client.get_process_instance(process_instance_key=made.process_instance_key)
        assert instance.has_incident
        client.cancel_process_instance(
            process_instance_key=made.process_instance_key, data=CancelProcessInstanceRequest()
        )
        xml = client.get_process_definition_xml(
            process_definition_key=deployed.processes[0].process_definition_key
        )
        assert 'id="sdk"' in str(xml)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_the_python_sdk_suspends_resumes_and_does_batches(
    start_broker: Callable[..., Broker], tmp_path: Path
) -> None:
    broker = start_broker("--history", "")
    address = {"CAMUNDA_REST_ADDRESS": f"http://{broker.http}"}
    with sdk.CamundaClient(configuration=address) as client:
        client.deploy_resources_from_files(written(tmp_path))
        start = ProcessCreationById(process_definition_id="sdk")
        keys = [client.create_process_instance(data=start).process_instance_key for _ in range(3)]
        client.suspend_process_instance(keys[0], data=SuspendProcessInstanceRequest())
        held = client.get_process_instance(process_instance_key=keys[0])
        assert (held.state.value, held.suspended_date is None) == ("SUSPENDED", False)
        client.resume_process_instance(keys[0], data=ResumeProcessInstanceRequest())
        assert client.get_process_instance(process_instance_key=keys[0]).state.value == "ACTIVE"

        made = client.cancel_process_instances_batch_operation(
            data=CancelMany.from_dict({"filter": {"processDefinitionId": "sdk"}})
        )
        key = made.batch_operation_key
        deadline = time.monotonic() + 20
        while client.get_batch_operation(batch_operation_key=key).end_date is None:
            assert time.monotonic() < deadline
            time.sleep(0.1)
        found = client.get_batch_operation(batch_operation_key=key)
        assert (found.state.value, found.operations_completed_count) == ("COMPLETED", 3)
        items = client.search_batch_operation_items().items
        assert {str(item.item_key) for item in items} == {str(each) for each in keys}
        assert len(client.search_batch_operations().items) == 1
        client.delete_process_instance(keys[0], data=None)
        assert len(client.search_process_instances().items) == 2
