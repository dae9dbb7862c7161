"""Data objects with an initial value: variables of their scope, from its activation on (B21)."""

from __future__ import annotations

from remit.engine.definitions import Plan, Stage
from remit.engine.expressions import evaluate
from remit.engine.governance import admit_write
from remit.engine.run import Run
from remit.engine.variables import local, set_local
from remit.model.bpmn.graph import Container
from remit.protocol.values import Document


def begin_data(run: Run, plan: Plan, key: int) -> bool:
    """In document order, each seeing those before. What the scope was given already stays as it is."""
    node = plan.node
    assert isinstance(node, Container)
    given = local(run, key, node.data)
    made: Document = {}
    for name, initial in node.data.items():
        if initial is not None and name not in given:
            made[name] = evaluate(run, initial, key, made)
    admit_write(run, run.element(key), made, "data")
    set_local(run, run.element(key), made)
    return False


DATA = Stage("data", begin_data)


def has_data(node: Container) -> bool:
    return any(initial is not None for initial in node.data.values())
