"""Decisions: finding the one that is meant, and evaluating it.

An evaluation as a document, in the words of the gateway's answer:

    output · failedDecisionId · failureMessage
    evaluatedDecisions: [{decisionId, decisionName, decisionType, decisionKey, decisionVersion, output,
                          evaluatedInputs: [{id, name, value}],
                          matchedRules: [{id, index, outputs: [{id, name, value}]}]}]
"""

from __future__ import annotations

from datetime import UTC, datetime

from remit import dmn, feel
from remit.engine.run import Run
from remit.model.bpmn.graph import Binding
from remit.protocol.events.decision import DecisionEvaluated, DecisionFailed
from remit.protocol.values import DecisionDefinition, Document


def latest(run: Run, tenant: str, decision_id: str) -> DecisionDefinition | None:
    found = list(run.state.decisions.values_of((tenant, decision_id)))
    return max(found, key=lambda row: row.version) if found else None


def bound(
    run: Run,
    tenant: str,
    decision_id: str,
    binding: Binding,
    *,
    deployment: int,
    version_tag: str | None,
) -> DecisionDefinition | None:
    """The decision that an element means (rule 71 holds for decisions as well)."""
    if binding is Binding.LATEST:
        return latest(run, tenant, decision_id)
    versions = list(run.state.decisions.values_of((tenant, decision_id)))
    if binding is Binding.DEPLOYMENT:
        return next((row for row in versions if row.deployment == deployment), None)
    tagged = [row for row in versions if row.version_tag == version_tag]
    return max(tagged, key=lambda row: row.version) if tagged else None


def evaluate(
    run: Run,
    decision: DecisionDefinition,
    variables: Document,
    *,
    element_key: int = -1,
    instance: int = -1,
) -> Document:
    """Evaluate over `variables`; the record is written, whatever the outcome (rule 73)."""
    clock = datetime.fromtimestamp(run.now / 1000, UTC)
    chance = run.chance
    result = model_of(run, decision).evaluate(
        decision.decision_id, variables, clock=clock, random=chance.random, uuid=chance.uuid
    )
    evaluation = _document(run, decision, result)
    event = DecisionEvaluated if result.failed is None else DecisionFailed
    run.emit(event(run.new_key(), decision, evaluation, element_key, instance))
    return evaluation


def model_of(run: Run, decision: DecisionDefinition) -> dmn.Model:
    """The decision's file, loaded when it is first needed."""
    cache = run.state.definition_cache
    model: dmn.Model | None = cache.get(decision.requirements_key)
    if model is None:
        row = run.state.requirements[decision.requirements_key]
        model = cache[decision.requirements_key] = dmn.load(row.resource)
    return model


def _document(run: Run, decision: DecisionDefinition, result: dmn.Result) -> Document:
    return {
        "output": feel.to_json(result.value),
        "failedDecisionId": result.failed or "",
        "failureMessage": result.failure_message,
        "evaluatedDecisions": [_evaluated(run, decision, each) for each in result.decisions],
    }


def _evaluated(run: Run, asked: DecisionDefinition, each: dmn.EvaluatedDecision) -> Document:
    siblings = run.state.decisions.values_of((asked.tenant, each.id))
    row = next((r for r in siblings if r.requirements_key == asked.requirements_key), asked)
    return {
        "decisionId": each.id,
        "decisionName": each.name,
        "decisionType": each.type,
        "decisionKey": row.key,
        "decisionVersion": row.version,
        "output": feel.to_json(each.value),
        "evaluatedInputs": [
            {"id": i.id, "name": i.name, "value": feel.to_json(i.value)} for i in each.inputs
        ],
        "matchedRules": [
            {
                "id": rule.id,
                "index": rule.index,
                "outputs": [
                    {"id": o.id, "name": o.name, "value": feel.to_json(o.value)}
                    for o in rule.outputs
                ],
            }
            for rule in each.matched_rules
        ],
    }
