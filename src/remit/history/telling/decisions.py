"""Decisions, and what they were evaluated to."""

from __future__ import annotations

from remit.history.telling.rows import json
from remit.history.telling.told import Tells, Told
from remit.protocol.events import decision as d


def requirements_created(told: Told, event: d.RequirementsCreated) -> None:
    row = event.requirements
    told.files[row.key] = (row.name or row.requirements_id, row.version)
    if told.partition == row.key >> 51:
        told.tables["decision_requirements"].add(
            row.key,
            {
                "key": row.key, "requirements_id": row.requirements_id, "name": row.name,
                "version": row.version, "resource_name": row.resource_name,
                "tenant": row.tenant, "xml": row.resource,
            },
        )  # fmt: skip


def decision_created(told: Told, event: d.DecisionCreated) -> None:
    row = event.decision
    name, version = told.files.get(row.requirements_key, (row.requirements_id, 1))
    if told.partition == row.key >> 51:
        told.tables["decision_definitions"].add(
            row.key,
            {
                "key": row.key, "decision_id": row.decision_id, "name": row.name,
                "version": row.version, "requirements_id": row.requirements_id,
                "requirements_key": row.requirements_key, "requirements_name": name,
                "requirements_version": version,
                "tenant": row.tenant,
            },
        )  # fmt: skip


def evaluated(told: Told, event: d.DecisionEvaluated | d.DecisionFailed) -> None:
    found = event.evaluation
    for number, each in enumerate(found["evaluatedDecisions"], 1):
        name = f"{event.key}-{number}"
        failed = found["failedDecisionId"] == each["decisionId"]
        told.tables["decision_instances"].add(
            name,
            {
                "id": name, "key": event.key, "state": "FAILED" if failed else "EVALUATED",
                "date": told.now, "failure": found["failureMessage"] if failed else None,
                "decision_key": each["decisionKey"], "decision_id": each["decisionId"],
                "decision_name": each["decisionName"],
                "decision_version": each["decisionVersion"],
                "decision_type": each["decisionType"],
                "root_decision_key": event.decision.key,
                "requirements_key": event.decision.requirements_key,
                "requirements_id": event.decision.requirements_id,
                "result": json(each["output"]).decode(),
                "inputs": json(each["evaluatedInputs"]).decode(),
                "rules": json(each["matchedRules"]).decode(),
                "element_key": event.element_key if event.element_key > 0 else None,
                "instance": event.instance if event.instance > 0 else None,
                "definition": None, "process_id": None, "tenant": event.decision.tenant,
            },
        )  # fmt: skip


TELLS: Tells = {
    d.RequirementsCreated: requirements_created,
    d.DecisionCreated: decision_created,
    d.DecisionEvaluated: evaluated,
    d.DecisionFailed: evaluated,
}
