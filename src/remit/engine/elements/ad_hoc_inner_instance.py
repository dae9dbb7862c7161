"""Inner instance of an ad-hoc sub-process: the scope of one activation, with what follows from it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from remit.engine.definitions import Plan, Stage
from remit.engine.elements.container import ContainerElement
from remit.engine.expressions import evaluate
from remit.engine.run import Run
from remit.engine.variables import local, set_local
from remit.model.bpmn.elements.ad_hoc_sub_process import AdHocSubProcess
from remit.model.bpmn.graph import Node
from remit.protocol.values import Phase


def collect(run: Run, plan: Plan, key: int) -> bool:
    """Its output element goes to the end of the collection."""
    node = plan.node.scope
    assert isinstance(node, AdHocSubProcess)
    assert node.output_element is not None
    assert node.output_collection is not None
    value = evaluate(run, node.output_element, key)
    scope = run.element(run.element(key).scope)
    so_far = local(run, scope.key, (node.output_collection,)).get(node.output_collection)
    before = so_far if isinstance(so_far, list) else []
    set_local(run, scope, {node.output_collection: [*before, value]})
    return False


OUTPUT = Stage("output-element", collect)


class AdHocInnerInstance(ContainerElement):
    """It begins with the element that it was made for, which is placed in it."""

    def closing(self, node: Node) -> Sequence[Stage]:
        outer = node.scope
        assert isinstance(outer, AdHocSubProcess)
        collects = outer.output_collection is not None and outer.output_element is not None
        return (OUTPUT,) if collects else ()

    def ending(self, run: Run, plan: Plan, key: int) -> Callable[[], None] | None:
        element = run.element(key)
        outer = run.element(element.scope)
        if element.phase is not Phase.COMPLETING:
            return None
        above = run.plan(outer)
        return lambda: above.element.inner_ended(run, above, outer.key)


ELEMENT = AdHocInnerInstance()
