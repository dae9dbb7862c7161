"""DMN, the language of decisions: models are loaded once and evaluated often.

model = dmn.load("dish.dmn")                           # or bytes, or several files
result = model.evaluate("dish", {"season": "Winter"})
result.value, result.decisions[0].matched_rules

`load(..., dialect="dmn")` follows the standard to the letter; the default is what Zeebe does with
files of Camunda Modeler.
"""

from __future__ import annotations

from remit.dmn.errors import (
    DecisionFailed,
    DmnError,
    InputsRefused,
    UnknownDecision,
    UnreadableModel,
)
from remit.dmn.model import Model, load
from remit.dmn.result import (
    Diagnostic,
    EvaluatedDecision,
    EvaluatedInput,
    EvaluatedOutput,
    MatchedRule,
    Result,
)

__all__ = [
    "DecisionFailed",
    "Diagnostic",
    "DmnError",
    "EvaluatedDecision",
    "EvaluatedInput",
    "EvaluatedOutput",
    "InputsRefused",
    "MatchedRule",
    "Model",
    "Result",
    "UnknownDecision",
    "UnreadableModel",
    "load",
]
