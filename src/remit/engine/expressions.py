"""Expressions of a model, evaluated as seen from a scope.

The only place where the engine meets FEEL. Values come back as plain JSON values; an expression that
cannot be evaluated is an incident, one over a missing variable is null (rule 18).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from remit import feel
from remit.engine.chance import Chance
from remit.engine.faults import extract_value_error
from remit.engine.run import Run
from remit.engine.variables import MISSING, look_up

NOTHING: Mapping[str, Any] = {}


def evaluate(
    run: Run, expression: feel.Expression, scope_key: int, known: Mapping[str, Any] = NOTHING
) -> Any:
    """The value of `expression`; names not `known` are looked up from `scope_key` outward."""
    if expression.is_static:
        return expression.static_value
    context = {}
    for name in expression.variables:
        value = known[name] if name in known else look_up(run, scope_key, name)
        if value is not MISSING:
            context[name] = value
    return _evaluate(expression, context, run.now, run.chance)


def evaluate_with(run: Run, expression: feel.Expression, context: dict[str, Any]) -> Any:
    """The value of `expression` over a context that is not a scope."""
    if expression.is_static:
        return expression.static_value
    return _evaluate(expression, context, run.now, run.chance)


def evaluate_static(expression: feel.Expression, now: int) -> Any:
    """The value of an expression without variables, e.g. at deployment (rule 60)."""
    if expression.is_static:
        return expression.static_value
    return _evaluate(expression, {}, now, Chance(0, now))


def _evaluate(
    expression: feel.Expression, context: dict[str, Any], now: int, chance: Chance
) -> Any:
    clock = datetime.fromtimestamp(now / 1000, UTC)
    try:
        value = expression.evaluate(context, clock=clock, random=chance.random, uuid=chance.uuid)
        return feel.to_json(value)
    except feel.FeelError as fault:
        raise extract_value_error(
            f"Failed to evaluate expression '{expression.text}': {fault}"
        ) from fault
