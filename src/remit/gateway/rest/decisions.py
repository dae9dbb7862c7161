"""Evaluating decisions and expressions."""

from __future__ import annotations

from typing import Any

import msgspec

from remit import feel
from remit.gateway.documents import bounded
from remit.gateway.faults import Code, Status
from remit.gateway.rest.frame import Answer, Body, Call, Key, Operation, key_of
from remit.gateway.rest.searches import visible_variables
from remit.protocol.commands import EvaluateDecision
from remit.protocol.replies import DecisionEvaluated
from remit.protocol.values import NONE_KEY


class Evaluation(Body):
    """By key, or by id."""

    decision_definition_key: Key | None = None
    decision_definition_id: str | None = None
    variables: dict[str, Any] | None = None
    tenant_id: str | None = None


class Evaluated(Answer):
    decision_definition_id: str
    decision_definition_key: str
    decision_definition_name: str
    decision_definition_version: int
    decision_evaluation_key: str
    decision_instance_key: str
    decision_requirements_id: str
    decision_requirements_key: str
    evaluated_decisions: list[dict[str, Any]]
    failed_decision_definition_id: str | None
    failure_message: str | None
    output: str
    tenant_id: str


class Expression(Body):
    expression: str
    tenant_id: str | None = None
    variables: dict[str, Any] | None = None
    scope_key: Key | None = None


class Result(Answer):
    expression: str
    result: Any
    warnings: list[dict[str, str]]
    referenced_secrets: list[dict[str, str]] = []


async def evaluate(call: Call, body: Evaluation) -> Evaluated:
    given = (body.decision_definition_key, body.decision_definition_id)
    if sum(each is not None for each in given) != 1:
        raise Status(
            Code.INVALID_ARGUMENT,
            "Only one of [decisionDefinitionId, decisionDefinitionKey] is allowed, and one is needed",
        )
    key = body.decision_definition_key
    command = EvaluateDecision(
        NONE_KEY if key is None else key_of(key, "decisionDefinitionKey"),
        body.decision_definition_id or "",
        bounded(body.variables or {}),
        call.broker.tenancy.one(body.tenant_id),
    )
    reply = await call.broker.router.round_robin(command, call.header)
    assert isinstance(reply, DecisionEvaluated)
    decision, evaluation = reply.decision, reply.evaluation
    return Evaluated(
        decision_definition_id=decision.decision_id,
        decision_definition_key=str(decision.key),
        decision_definition_name=decision.name,
        decision_definition_version=decision.version,
        decision_evaluation_key=str(reply.key),
        decision_instance_key=str(reply.key),
        decision_requirements_id=decision.requirements_id,
        decision_requirements_key=str(decision.requirements_key),
        evaluated_decisions=[
            _evaluated(each, f"{reply.key}-{number}", decision.tenant)
            for number, each in enumerate(evaluation["evaluatedDecisions"], 1)
        ],
        failed_decision_definition_id=evaluation["failedDecisionId"] or None,
        failure_message=evaluation["failureMessage"] or None,
        output="" if evaluation["failedDecisionId"] else _json(evaluation["output"]),
        tenant_id=decision.tenant,
    )


def _evaluated(each: dict[str, Any], key: str, tenant_id: str) -> dict[str, Any]:
    return {
        "decisionDefinitionId": each["decisionId"],
        "decisionDefinitionKey": str(each["decisionKey"]),
        "decisionDefinitionName": each["decisionName"],
        "decisionDefinitionVersion": each["decisionVersion"],
        "decisionDefinitionType": each["decisionType"],
        "output": _json(each["output"]),
        "tenantId": tenant_id,
        "matchedRules": [_rule(rule) for rule in each["matchedRules"]],
        "evaluatedInputs": [
            {"inputId": i["id"], "inputName": i["name"], "inputValue": _json(i["value"])}
            for i in each["evaluatedInputs"]
        ],
        "decisionEvaluationInstanceKey": key,
    }


def _rule(rule: dict[str, Any]) -> dict[str, Any]:
    return {
        "ruleId": rule["id"],
        "ruleIndex": rule["index"],
        "evaluatedOutputs": [
            {
                "outputId": o["id"], "outputName": o["name"], "outputValue": _json(o["value"]),
                "ruleId": rule["id"], "ruleIndex": rule["index"],
            }
            for o in rule["outputs"]
        ],
    }  # fmt: skip


async def evaluate_expression(call: Call, body: Expression) -> Result:
    """A FEEL expression over what its scope sees, and over the variables that are given first."""
    variables = body.variables or {}
    if body.scope_key is not None:
        scope = key_of(body.scope_key, "scopeKey")
        variables = {**await visible_variables(call, scope), **variables}
    try:
        compiled = feel.compile(body.expression.strip().removeprefix("="))
        explained = compiled.evaluate_explained(variables)
    except feel.FeelError as fault:
        raise Status(
            Code.INVALID_ARGUMENT,
            f"Failed to evaluate expression '{body.expression[:200]}': {fault}",
        ) from fault
    return Result(
        expression=body.expression,
        result=feel.to_json(explained.value),
        warnings=[{"message": said} for _, said in explained.warnings],
    )


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()


OPERATIONS = (
    Operation(
        "POST", "/decision-definitions/evaluation", "evaluateDecision", evaluate,
        request=Evaluation, answer=Evaluated,
    ),
    Operation(
        "POST", "/expression/evaluation", "evaluateExpression", evaluate_expression,
        request=Expression, answer=Result,
    ),
)  # fmt: skip
