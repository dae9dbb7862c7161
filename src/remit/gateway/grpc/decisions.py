"""Evaluating decisions over gRPC. One that fails is a successful answer that says so."""

from __future__ import annotations

from typing import Any

import msgspec

from remit.gateway.broker import Broker
from remit.gateway.documents import document
from remit.gateway.grpc.service import Call, Methods, Unary
from remit.protocol.commands import EvaluateDecision
from remit.protocol.replies import DecisionEvaluated
from remit.protocol.values import NONE_KEY
from remit.protocol.wire.stubs import gateway_pb2 as pb


async def evaluate(
    broker: Broker, request: pb.EvaluateDecisionRequest, call: Call
) -> pb.EvaluateDecisionResponse:
    command = EvaluateDecision(
        request.decisionKey if request.decisionKey > 0 else NONE_KEY,
        request.decisionId,
        document(request.variables),
        broker.tenancy.one(request.tenantId),
    )
    reply = await broker.router.round_robin(command, call.header)
    assert isinstance(reply, DecisionEvaluated)
    decision, evaluation = reply.decision, reply.evaluation
    failed = evaluation["failedDecisionId"]
    return pb.EvaluateDecisionResponse(
        decisionKey=decision.key,
        decisionId=decision.decision_id,
        decisionName=decision.name,
        decisionVersion=decision.version,
        decisionRequirementsId=decision.requirements_id,
        decisionRequirementsKey=decision.requirements_key,
        decisionOutput="" if failed else _json(evaluation["output"]),
        evaluatedDecisions=[
            _evaluated(each, number, reply)
            for number, each in enumerate(evaluation["evaluatedDecisions"], 1)
        ],
        failedDecisionId=failed,
        failureMessage=evaluation["failureMessage"],
        tenantId=decision.tenant,
        decisionInstanceKey=reply.key,
        decisionEvaluationKey=reply.key,
    )


def _evaluated(each: dict[str, Any], number: int, reply: DecisionEvaluated) -> pb.EvaluatedDecision:
    return pb.EvaluatedDecision(
        decisionKey=each["decisionKey"],
        decisionId=each["decisionId"],
        decisionName=each["decisionName"],
        decisionVersion=each["decisionVersion"],
        decisionType=each["decisionType"],
        decisionOutput=_json(each["output"]),
        matchedRules=[
            pb.MatchedDecisionRule(
                ruleId=rule["id"],
                ruleIndex=rule["index"],
                evaluatedOutputs=[
                    pb.EvaluatedDecisionOutput(
                        outputId=o["id"], outputName=o["name"], outputValue=_json(o["value"])
                    )
                    for o in rule["outputs"]
                ],
            )
            for rule in each["matchedRules"]
        ],
        evaluatedInputs=[
            pb.EvaluatedDecisionInput(
                inputId=i["id"], inputName=i["name"], inputValue=_json(i["value"])
            )
            for i in each["evaluatedInputs"]
        ],
        tenantId=reply.decision.tenant,
        decisionEvaluationInstanceKey=f"{reply.key}-{number}",
    )


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()


METHODS: Methods = {"EvaluateDecision": Unary(pb.EvaluateDecisionRequest, evaluate)}
