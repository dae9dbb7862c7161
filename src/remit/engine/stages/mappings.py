"""Input and output mappings (rules 2-4, 8).

Inputs are evaluated in order, each seeing the ones before, and become local. Outputs are evaluated in
the element's own scope and merged from its flow scope upward. A nested target merges into the object
that is there.
"""

from __future__ import annotations

from typing import Any

from remit.engine.definitions import Plan, Stage
from remit.engine.expressions import evaluate
from remit.engine.faults import IncidentRaised
from remit.engine.governance import admit_write
from remit.engine.run import Run
from remit.engine.variables import MISSING, look_up, propagate, set_local
from remit.model.bpmn.graph import Mapping, MultiInstance
from remit.protocol.values import NONE_KEY, Document


def map_inputs(run: Run, plan: Plan, key: int) -> bool:
    element = run.element(key)
    result = _evaluate(run, plan.node.inputs, key)
    admit_write(run, element, result, "mapping")
    set_local(run, element, result)
    return False


def map_outputs(run: Run, plan: Plan, key: int) -> bool:
    element = run.element(key)
    result = _evaluate(run, plan.node.outputs, key)
    stays = element.scope == NONE_KEY or (
        plan.is_inner and isinstance(getattr(plan.node, "loop", None), MultiInstance)
    )  # the results of a multi-instance body are read from here
    scope = element if stays else run.element(element.scope)
    admit_write(run, element, result, "mapping")
    propagate(run, scope, result)
    return False


INPUTS = Stage("inputs", map_inputs)
OUTPUTS = Stage("outputs", map_outputs)


def _evaluate(run: Run, mappings: list[Mapping], scope_key: int) -> Document:
    """The mapped document: every top-level target with its whole new value."""
    result: Document = {}
    for mapping in mappings:
        value = _source(run, mapping, scope_key, result)
        name = mapping.target[0]
        if len(mapping.target) == 1:
            result[name] = value
        else:
            base = result[name] if name in result else _existing(run, scope_key, name)
            result[name] = _merge(base, mapping.target[1:], value)
    return result


def _source(run: Run, mapping: Mapping, scope_key: int, result: Document) -> Any:
    try:
        return evaluate(run, mapping.source, scope_key, result)
    except IncidentRaised as fault:
        raise IncidentRaised("IO_MAPPING_ERROR", str(fault)) from fault


def _existing(run: Run, scope_key: int, name: str) -> Any:
    value = look_up(run, scope_key, name)
    return None if value is MISSING else value


def _merge(base: Any, path: tuple[str, ...], value: Any) -> Document:
    """A copy of `base` with `value` at `path`; what is no object on the way is replaced."""
    merged: Document = dict(base) if isinstance(base, dict) else {}
    if len(path) == 1:
        merged[path[0]] = value
    else:
        merged[path[0]] = _merge(merged.get(path[0]), path[1:], value)
    return merged
