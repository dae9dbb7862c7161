"""Which behaviour plays which node: the registry of elements, and the plans made with it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from importlib import import_module
from pkgutil import iter_modules

from remit.engine import elements
from remit.engine.compensation import compensates
from remit.engine.definitions import Definition, Plan, Stage, each_token, kind_of
from remit.engine.elements.base import Element
from remit.engine.loop_events import EVENTS
from remit.engine.multi_instance import BODY, RESULT
from remit.engine.run import BODY_KIND
from remit.engine.stages import listeners
from remit.engine.stages.flows import CHOICES, has_conditions
from remit.engine.standard_loop import LOOP
from remit.model.bpmn import read
from remit.model.bpmn.graph import Activity, Container, MultiInstance, Node, Process
from remit.protocol.values import ProcessDefinition


def _elements() -> dict[str, Element]:
    """Every module of `remit.engine.elements` that registers an element under its own stem."""
    found = {}
    for module in iter_modules(elements.__path__):
        element = getattr(import_module(f"{elements.__name__}.{module.name}"), "ELEMENT", None)
        if element is not None:
            found[module.name] = element
    return found


ELEMENTS: dict[str, Element] = _elements()


def load(row: ProcessDefinition) -> Definition:
    """Read a deployed process and plan each of its nodes."""
    processes = read(row.resource, row.resource_name).processes
    process = next(each for each in processes if each.id == row.process_id)
    definition = Definition(row, process, compensates=compensates(process))
    for node in _planned(process):
        definition.plans[node.id] = plan(node, definition)
        made = definition.plans[node.id]
        made.joins = made.element.joins(made)
        if made.joins and made.element.joins_late and node.scope is not None:
            definition.late_joins.setdefault(node.scope.id, []).append(node.id)
        if is_repeated(node):
            definition.bodies[node.id] = body_plan(node, definition)
    return definition


def _planned(process: Process) -> Iterator[Node]:
    """The process, its nodes, and the scopes that are not drawn."""
    yield process
    for node in process.nodes.values():
        yield node
        inner = getattr(node, "inner", None)
        if isinstance(inner, Container):
            yield inner


def is_multi_instance(node: Node) -> bool:
    return isinstance(node, Activity) and isinstance(node.loop, MultiInstance)


def is_repeated(node: Node) -> bool:
    """Whether a body lives around its instances: multi-instance, or a standard loop."""
    return isinstance(node, Activity) and node.loop is not None


def plan(node: Node, definition: Definition) -> Plan:
    element = ELEMENTS[node.stem]
    is_inner = is_repeated(node)
    opening = listeners.opening(node, element.opening(node))
    closing = listeners.closing(node, element.closing(node))
    return Plan(
        node,
        element,
        kind_of(node),
        opening,
        _inside(node, closing) if is_inner else closing,
        definition,
        is_inner=is_inner,
        outgoing=each_token(node, node.outgoing),
    )


def _inside(node: Node, closing: Sequence[Stage]) -> tuple[Stage, ...]:
    """What closes one instance: its flows are the body's, the body may want its result, and throw
    what its behaviour says."""
    stages = tuple(each for each in closing if each is not CHOICES)
    if not (isinstance(node, Activity) and isinstance(node.loop, MultiInstance)):
        return stages
    return (*stages, RESULT, EVENTS) if node.loop.events else (*stages, RESULT)


def body_plan(node: Node, definition: Definition) -> Plan:
    body = BODY if is_multi_instance(node) else LOOP
    closing = body.closing(node)
    return Plan(
        node,
        body,
        BODY_KIND,
        tuple(body.opening(node)),
        (*closing, CHOICES) if has_conditions(node) else tuple(closing),
        definition,
        is_body=True,
        outgoing=each_token(node, node.outgoing),
    )
