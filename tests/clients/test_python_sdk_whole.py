"""camunda-orchestration-sdk from PyPI, unchanged: what is served is called by it, and understood.

Its models are strict: a property that is missing, or a word that it does not know, is a fault there.
"""

from __future__ import annotations

import re
import time
import warnings
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from remit.gateway.rest import identity, policies
from remit.gateway.rest.app import SERVED
from tests.clients.whole_files import FORM, written
from tests.support.broker import Broker

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    sdk = pytest.importorskip("camunda_orchestration_sdk")
    from camunda_orchestration_sdk import models

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

ELSEWHERE = {each.name for each in (*identity.OPERATIONS, *policies.OPERATIONS)}
"""What administrators do has a test of its own; policies are Remit's own."""


class Called:
    """Which operations a client has asked for, by what it sends."""

    def __init__(self, client: Any) -> None:
        self.names: set[str] = set()
        hooks = client.client.get_httpx_client().event_hooks
        hooks["request"] = [*hooks["request"], self._note]
        shapes = sorted(SERVED, key=lambda each: each.path.count("{"))
        self._shapes = [
            (each.method, re.compile(re.sub(r"\{\w+\}", "[^/]+", f"/v2{each.path}")), each.name)
            for each in shapes
        ]

    def _note(self, request: Any) -> None:
        for method, shape, name in self._shapes:
            if method == request.method and shape.fullmatch(request.url.path):
                self.names.add(name)
                return


def data(name: str, /, **properties: Any) -> Any:
    """A request of the client's own kind, of its JSON."""
    return getattr(models, name).from_dict(properties)


def reference(name: str) -> Any:
    return data(name, operationReference=17)


class Story:
    """One client, on one broker, and what it has made so far."""

    def __init__(self, client: Any, folder: Path) -> None:
        self.client = client
        self.folder = folder

    def create(self, process: str = "whole", **more: Any) -> str:
        request = data("ProcessCreationById", processDefinitionId=process, **more)
        key: str = self.client.create_process_instance(data=request).process_instance_key
        return key

    def job(self) -> Any:
        request = data(
            "JobActivationRequest", type="whole-work", timeout=60_000, maxJobsToActivate=1,
            requestTimeout=5_000, worker="whole-worker",
        )  # fmt: skip
        (found,) = self.client.activate_jobs(data=request).jobs
        return found

    def task(self, instance: str) -> Any:
        request = data("UserTaskSearchQuery", filter={"processInstanceKey": instance})
        (found,) = self.client.search_user_tasks(data=request).items
        return found

    def element(self, instance: str, element: str) -> Any:
        wanted = {"processInstanceKey": instance, "elementId": element}
        request = data("ElementInstanceSearchQuery", filter=wanted)
        (found,) = self.client.search_element_instances(data=request).items
        return found

    def done(self, batch: Any) -> Any:
        """A batch operation, when it has come to its end."""
        deadline = time.monotonic() + 20
        while True:
            found = self.client.get_batch_operation(batch.batch_operation_key)
            if found.end_date is not None:
                return found
            assert time.monotonic() < deadline, found
            time.sleep(0.05)

    # --- the stories -------------------------------------------------------------------------------

    def ask_about_the_cluster(self) -> None:
        client = self.client
        assert client.get_topology().brokers[0].partitions[0].role.value == "leader"
        client.get_status()
        assert client.get_license().valid_license is not None
        assert client.get_authentication().username == "anonymous"
        assert client.get_system_configuration().job_metrics.enabled

    def deploy(self) -> None:
        client = self.client
        deployed = client.deploy_resources_from_files(written(self.folder))
        self.definitions = {
            each.process_definition_id: each.process_definition_key for each in deployed.processes
        }
        assert len(self.definitions) == 5
        first = self.definitions["whole"]
        again = client.deploy_resources_from_files(written(self.folder, second=True))
        (self.second,) = {each.process_definition_key for each in again.processes} - set(
            self.definitions.values()
        )
        assert client.get_process_definition(first).version_tag == "one"
        assert 'id="whole"' in client.get_process_definition_xml(first)
        assert client.get_start_process_form(first).form_id == "whole-form"
        request = data("ProcessDefinitionSearchQuery", filter={"isLatestVersion": True})
        assert len(client.search_process_definitions(data=request).items) == 5
        (form,) = deployed.forms
        assert client.get_form_by_key(form.form_key).schema == FORM.decode()

    def look_at_resources(self) -> None:
        client = self.client
        found = client.search_resources().items
        assert {each.resource_name for each in found} >= {"whole.bpmn", "dish.dmn", "whole.form"}
        (key,) = [each.resource_key for each in found if each.resource_name == "whole.form"]
        assert client.get_resource(key).resource_id == "whole-form"
        assert client.get_resource_content(key) is not None
        assert client.get_resource_content_binary(key).payload.read() == FORM
        (key,) = [each.resource_key for each in found if each.resource_name == "message.bpmn"]
        request = data("DeleteResourceRequest", deleteHistory=False, operationReference=3)
        assert client.delete_resource(key, data=request).resource_key == key

    def work(self) -> None:
        client = self.client
        self.instance = self.create(variables={"n": 1, "id": "k-1"}, tags=["red"], businessId="b-1")
        job = self.job()
        assert (job.variables.to_dict(), job.process_instance_key) == (
            {"n": 1, "id": "k-1"}, self.instance,
        )  # fmt: skip
        client.update_job(
            job.job_key, data=data("JobUpdateRequest", changeset={"retries": 5, "timeout": 90_000})
        )
        client.complete_job(job.job_key, data=data("JobCompletionRequest", variables={"m": 2}))
        self.create()
        thrown = data("JobErrorRequest", errorCode="OOPS", errorMessage="oops")
        client.throw_job_error(self.job().job_key, data=thrown)
        tagged = data(
            "ProcessCreationByVersionTag", processDefinitionId="whole",
            processDefinitionVersionTag="one",
        )  # fmt: skip
        made = client.create_process_instance(data=tagged)
        assert made.process_definition_key == self.definitions["whole"]
        client.cancel_process_instance(
            made.process_instance_key, data=reference("CancelProcessInstanceRequest")
        )
        states = {each.state.value for each in client.search_jobs().items}
        assert states == {"COMPLETED", "ERROR_THROWN", "CANCELED"}, states

    def mend(self) -> None:
        """Incidents: found in many ways, resolved one by one and all together."""
        client = self.client
        instance = self.create(variables={"id": "k-2"})
        failure = data("JobFailRequest", retries=0, errorMessage="no luck", retryBackOff=0)
        job = self.job()
        client.fail_job(job.job_key, data=failure)
        (incident,) = client.search_incidents().items
        key = incident.incident_key
        assert client.get_incident(key).error_message == "no luck"
        of_instance = client.search_process_instance_incidents(instance).items
        query = data("IncidentSearchQuery")
        element = self.element(instance, "a").element_instance_key
        of_element = client.search_element_instance_incidents(element, data=query).items
        assert [each.incident_key for each in (*of_instance, *of_element)] == [key, key]
        assert client.get_element_instance(element).incident_key == key

        by_error = client.get_process_instance_statistics_by_error().items
        assert [each.active_instances_with_error_count for each in by_error] == [1]
        query = data(
            "IncidentProcessInstanceStatisticsByDefinitionQuery",
            filter={"errorHashCode": by_error[0].error_hash_code},
        )
        (found,) = client.get_process_instance_statistics_by_definition(data=query).items
        assert found.process_definition_key == self.second

        retried = data("JobUpdateRequest", changeset={"retries": 1})
        client.update_job(job.job_key, data=retried)
        client.resolve_incident(key, data=reference("IncidentResolutionRequest"))
        client.fail_job(self.job().job_key, data=failure)
        self.done(client.resolve_process_instance_incidents(instance))
        client.fail_job(self.job().job_key, data=failure)
        query = data(
            "ProcessInstanceIncidentResolutionBatchOperationRequest", filter={"hasIncident": True}
        )
        self.done(client.resolve_incidents_batch_operation(data=query))
        client.complete_job(self.job().job_key)

    def do_user_tasks(self) -> None:
        client = self.client
        task = self.task(self.instance)
        key = task.user_task_key
        assert client.get_user_task(key).state.value == "CREATED"
        assert client.get_user_task_form(key).form_id == "whole-form"
        client.assign_user_task(key, data=data("UserTaskAssignmentRequest", assignee="ada"))
        client.unassign_user_task(key)
        client.assign_user_task(key, data=data("UserTaskAssignmentRequest", assignee="bob"))
        changes = {"priority": 80, "candidateGroups": ["clerks"], "dueDate": "2030-01-01T00:00:00Z"}
        client.update_user_task(key, data=data("UserTaskUpdateRequest", changeset=changes))
        found = client.get_user_task(key)
        assert (found.assignee, found.priority, found.candidate_groups) == ("bob", 80, ["clerks"])
        names = {each.name for each in client.search_user_task_variables(key).items}
        effective = client.search_user_task_effective_variables(key, truncate_values=False).items
        assert names == {each.name for each in effective} == {"n", "id", "m"}
        client.complete_user_task(
            key, data=data("UserTaskCompletionRequest", variables={"ok": True})
        )
        audit = client.search_user_task_audit_logs(key).items
        assert len(audit) >= 4

    def send_messages(self) -> None:
        client = self.client
        waiting = client.search_message_subscriptions().items
        assert [each.correlation_key for each in waiting] == ["k-1"]
        published = data(
            "MessagePublicationRequest", name="whole-paid", correlationKey="k-2", timeToLive=60_000,
            messageId="m-1", variables={"paid": True},
        )  # fmt: skip
        assert client.publish_message(data=published).message_key
        correlated = data("MessageCorrelationRequest", name="whole-paid", correlationKey="k-1")
        assert client.correlate_message(data=correlated).process_instance_key == self.instance
        assert len(client.search_correlated_message_subscriptions().items) == 1
        assert client.get_process_instance(self.instance).state.value == "COMPLETED"
        signal = data("SignalBroadcastRequest", signalName="whole-signal", variables={})
        assert client.broadcast_signal(data=signal).signal_key
        hot = data("ConditionalEvaluationInstruction", variables={"hot": True})
        (started,) = client.evaluate_conditionals(data=hot).process_instances
        assert started.process_definition_key == self.definitions["whole-condition"]
        asked = models.ExpressionEvaluationRequest(expression="=1 + 2")
        assert client.evaluate_expression(data=asked).result == 3
        asked = models.ExpressionEvaluationRequest(expression="=nowhere")
        (warning,) = client.evaluate_expression(data=asked).warnings
        assert "nowhere" in warning.message

    def decide(self) -> None:
        client = self.client
        for season in ("Fall", "Winter"):
            asked = data(
                "DecisionEvaluationByID", decisionDefinitionId="dish", variables={"season": season}
            )
            decided = client.evaluate_decision(data=asked)
        assert decided.output == '"Roastbeef"'
        (decision,) = client.search_decision_definitions().items
        assert client.get_decision_definition(decision.decision_definition_key).name == "Dish"
        assert "<decision " in client.get_decision_definition_xml(decision.decision_definition_key)
        (graph,) = client.search_decision_requirements().items
        key = graph.decision_requirements_key
        assert client.get_decision_requirements(key).decision_requirements_name == "Menu"
        assert "<decision " in client.get_decision_requirements_xml(key)
        found = client.search_decision_instances().items
        one = client.get_decision_instance(found[0].decision_evaluation_instance_key)
        assert [each.rule_index for each in one.matched_rules] == [1]
        gone = reference("DeleteDecisionInstanceRequest")
        client.delete_decision_instance(found[0].decision_evaluation_key, data=gone)
        query = data(
            "DecisionInstanceDeletionBatchOperationRequest",
            filter={"decisionDefinitionId": "dish"},
        )
        self.done(client.delete_decision_instances_batch_operation(data=query))
        assert client.search_decision_instances().items == []

    def look_at_instances(self) -> None:
        client = self.client
        outer = self.create("whole-caller")
        query = data("ProcessInstanceSearchQuery", filter={"parentProcessInstanceKey": outer})
        (inner,) = client.search_process_instances(data=query).items
        key = inner.process_instance_key
        found = client.get_process_instance_call_hierarchy(key)
        assert [each.process_instance_key for each in found] == [outer, key]
        assert len(client.get_process_instance_sequence_flows(key).items) == 1
        assert {each.element_id for each in client.get_process_instance_statistics(key).items} == {
            "s", "a",
        }  # fmt: skip
        assert client.get_process_instance_wait_state_statistics(key).items
        query = data("ElementInstanceWaitStateQuery", filter={"processInstanceKey": key})
        (waiting,) = client.search_element_instance_wait_states(data=query).items
        assert waiting.element_id == "a"
        scope = self.element(key, "a").element_instance_key
        client.create_element_instance_variables(
            scope, data=data("SetVariableRequest", variables={"mine": "x"}, local=True)
        )
        query = data("VariableSearchQuery", filter={"scopeKey": scope})
        (variable,) = client.search_variables(data=query, truncate_values=False).items
        assert client.get_variable(variable.variable_key).value == '"x"'
        held = reference("SuspendProcessInstanceRequest")
        client.suspend_process_instance(outer, data=held)
        client.resume_process_instance(outer, data=reference("ResumeProcessInstanceRequest"))
        client.cancel_process_instance(outer, data=reference("CancelProcessInstanceRequest"))
        gone = reference("DeleteProcessInstanceRequest")
        client.delete_process_instance(outer, data=gone)

    def change_instances(self) -> None:
        """Business ids, ad-hoc sub-processes, modification, migration."""
        client = self.client
        named = self.create()
        client.assign_process_instance_business_id(
            named, data=data("ProcessInstanceBusinessIdAssignmentInstruction", businessId="b-9")
        )
        assert client.get_process_instance(named).business_id == "b-9"
        ad_hoc = self.create("whole-ad-hoc")
        client.activate_ad_hoc_sub_process_activities(
            self.element(ad_hoc, "h").element_instance_key,
            data=data(
                "AdHocSubProcessActivateActivitiesInstruction", elements=[{"elementId": "x"}]
            ),
        )
        assert self.task(ad_hoc).element_id == "x"
        moved = {
            "sourceElementInstruction": {"sourceType": "byId", "sourceElementId": "a"},
            "targetElementId": "t",
        }
        client.modify_process_instance(
            named, data=data("ProcessInstanceModificationInstruction", moveInstructions=[moved])
        )
        assert self.task(named).element_id == "t"
        old = self.client.create_process_instance(
            data=data("ProcessCreationByKey", processDefinitionKey=self.definitions["whole"])
        ).process_instance_key
        plan = {
            "targetProcessDefinitionKey": self.second,
            "mappingInstructions": [{"sourceElementId": "a", "targetElementId": "a"}],
        }
        client.migrate_process_instance(
            old, data=data("ProcessInstanceMigrationInstruction", **plan)
        )
        assert client.get_process_instance(old).process_definition_key == self.second

    def do_batches(self) -> None:
        client = self.client
        keys = [self.create(processDefinitionVersion=1) for _ in range(3)]
        these = {"processInstanceKey": {"$in": keys}}

        def all_done(name: str, call: Any, **more: Any) -> None:
            made = call(data=data(name, filter=these, **more))
            found = self.done(made)
            counts = found.operations_completed_count, found.operations_failed_count
            assert (found.state.value, counts) == ("COMPLETED", (3, 0))
            self.batch = made.batch_operation_key

        all_done("ProcessInstanceSuspensionBatchOperationRequest",
                 client.suspend_process_instances_batch_operation)  # fmt: skip
        all_done("ProcessInstanceResumptionBatchOperationRequest",
                 client.resume_process_instances_batch_operation)  # fmt: skip
        all_done("JobBatchUpdateRequest", client.update_jobs_batch_operation,
                 changeset={"retries": 7})  # fmt: skip
        plan = {
            "targetProcessDefinitionKey": self.second,
            "mappingInstructions": [{"sourceElementId": "a", "targetElementId": "a"}],
        }
        all_done("ProcessInstanceMigrationBatchOperationRequest",
                 client.migrate_process_instances_batch_operation, migrationPlan=plan)  # fmt: skip
        moved = [{"sourceElementId": "a", "targetElementId": "t"}]
        all_done("ProcessInstanceModificationBatchOperationRequest",
                 client.modify_process_instances_batch_operation, moveInstructions=moved)  # fmt: skip
        assert self.task(keys[0]).element_id == "t"
        all_done("ProcessInstanceCancellationBatchOperationRequest",
                 client.cancel_process_instances_batch_operation)  # fmt: skip
        all_done("ProcessInstanceDeletionBatchOperationRequest",
                 client.delete_process_instances_batch_operation)  # fmt: skip
        for call in (
            client.suspend_batch_operation, client.resume_batch_operation,
            client.cancel_batch_operation,
        ):  # fmt: skip
            with pytest.raises(sdk.errors.ApiError) as fault:  # it is over
                call(self.batch)
            assert fault.value.status_code in (404, 409)
        query = data("BatchOperationItemSearchQuery", filter={"batchOperationKey": self.batch})
        assert len(client.search_batch_operation_items(data=query).items) == 3
        assert len(client.search_batch_operations().items) >= 7

    def count(self) -> None:
        """What dashboards ask for."""
        client = self.client
        counts = client.get_process_definition_statistics(self.second).items
        assert {each.element_id for each in counts} >= {"s", "a"}
        assert client.get_process_definition_instance_statistics().items
        query = data(
            "ProcessDefinitionInstanceVersionStatisticsQuery",
            filter={"processDefinitionId": "whole"},
        )
        versions = client.get_process_definition_instance_version_statistics(data=query).items
        assert {each.process_definition_version for each in versions} == {1, 2}
        client.get_process_definition_message_subscription_statistics()
        names = client.search_process_definition_variable_names(self.second).items
        assert "id" in {each.name for each in names}
        now = datetime.now(UTC)
        start, end = now - timedelta(hours=1), now + timedelta(hours=1)
        everything = client.get_global_job_statistics(from_=start, to=end)
        assert everything.completed.count >= 2
        window = {"from": start.isoformat(), "to": end.isoformat()}
        one = {**window, "jobType": "whole-work"}
        for call, name, wanted in (
            (client.get_job_type_statistics, "JobTypeStatisticsQuery", window),
            (client.get_job_worker_statistics, "JobWorkerStatisticsQuery", one),
            (client.get_job_time_series_statistics, "JobTimeSeriesStatisticsQuery", one),
            (client.get_job_error_statistics, "JobErrorStatisticsQuery", one),
        ):
            assert call(data=data(name, filter=wanted)).items
        logged = client.search_audit_logs().items
        found = client.get_audit_log(logged[0].audit_log_key)
        assert found.audit_log_key == logged[0].audit_log_key

    def turn_the_clock(self) -> None:
        later = datetime(2031, 1, 1, tzinfo=UTC)
        pinned = data("ClockPinRequest", timestamp=int(later.timestamp() * 1000))
        self.client.pin_clock(data=pinned)
        instance = self.create()
        assert self.client.get_process_instance(instance).start_date.year == 2031
        self.client.reset_clock()


def test_every_operation_that_is_served_is_called_and_understood(
    start_broker: Callable[..., Broker], tmp_path: Path
) -> None:
    broker = start_broker("--history", "")
    address = {"CAMUNDA_REST_ADDRESS": f"http://{broker.http}"}
    with sdk.CamundaClient(configuration=address) as client:
        called, story = Called(client), Story(client, tmp_path)
        for tell in (
            story.ask_about_the_cluster, story.deploy, story.look_at_resources, story.work,
            story.mend, story.do_user_tasks, story.send_messages, story.decide,
            story.look_at_instances, story.change_instances, story.do_batches, story.count,
            story.turn_the_clock,
        ):  # fmt: skip
            tell()

    assert {each.name for each in SERVED} - ELSEWHERE - called.names == set()
