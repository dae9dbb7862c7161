"""Decisions: what is deployed, and what was decided."""

from __future__ import annotations

from remit.protocol.events.base import Event, event, number
from remit.protocol.numbers import ValueType
from remit.protocol.values import DecisionDefinition, DecisionRequirements, Document


@event("CREATED")
class RequirementsCreated(Event, frozen=True, tag=number(ValueType.DECISION_REQUIREMENTS, 0)):
    key: int
    requirements: DecisionRequirements


@event("CREATED")
class DecisionCreated(Event, frozen=True, tag=number(ValueType.DECISION, 0)):
    key: int
    decision: DecisionDefinition


@event("DELETED")
class RequirementsDeleted(Event, frozen=True, tag=number(ValueType.DECISION_REQUIREMENTS, 1)):
    key: int
    requirements: DecisionRequirements


@event("DELETED")
class DecisionDeleted(Event, frozen=True, tag=number(ValueType.DECISION, 1)):
    key: int
    decision: DecisionDefinition


@event("EVALUATED")
class DecisionEvaluated(Event, frozen=True, tag=number(ValueType.DECISION_EVALUATION, 0)):
    """`evaluation` is the answer as a document: see `remit.engine.decisions`."""

    key: int
    decision: DecisionDefinition
    evaluation: Document
    element_key: int = -1
    instance: int = -1


@event("FAILED")
class DecisionFailed(Event, frozen=True, tag=number(ValueType.DECISION_EVALUATION, 1)):
    """Failures are recorded as well (rule 73)."""

    key: int
    decision: DecisionDefinition
    evaluation: Document
    element_key: int = -1
    instance: int = -1
