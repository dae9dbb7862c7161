"""Ad-hoc sub-processes: their elements start when somebody says so, in any order (rule 74, B16).

    a list of the model ─┐
    a command ───────────┼─▶ PLACED ─▶ an inner instance each ─▶ the element, and what follows it
    the result of a job ─┘                 └ ends: its output is collected, the condition asked

`ordering="Sequential"` lets the placed ones wait until nothing else is active inside.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from remit.base.errors import InvalidArgument, InvalidState, NotFound
from remit.engine import lifecycle, triggering
from remit.engine.agenda import Complete, Terminate
from remit.engine.definitions import Plan
from remit.engine.faults import extract_value_error
from remit.engine.run import Run
from remit.engine.state.entities import ElementInstance, Trigger
from remit.feel import tree
from remit.model.bpmn.elements.ad_hoc_sub_process import AdHocSubProcess
from remit.model.bpmn.graph import Mapping
from remit.protocol.events.process_instance import AdHocFulfilled
from remit.protocol.values import AdHocActivation, Document, Placement, Value

DESCRIPTION = "adHocSubProcessElements"
"""The local variable that says what can be activated, for workers and expressions."""

_FROM_AI = "fromAi"
_PARTS = ("name", "description", "type", "schema", "options")


class Orders(Value, frozen=True):
    """What is to happen in an ad-hoc sub-process: checked, so that it can."""

    activate: tuple[AdHocActivation, ...] = ()
    cancels_remaining: bool = False
    is_fulfilled: bool = False


def node_of(plan: Plan) -> AdHocSubProcess:
    assert isinstance(plan.node, AdHocSubProcess)
    return plan.node


# --- what can be activated -------------------------------------------------------------------------


def describe(node: AdHocSubProcess) -> list[Document]:
    """Every element that can be activated, with what its inputs ask of an agent (`fromAi`)."""
    return [
        {
            "elementId": each.id,
            "elementName": each.name,
            "documentation": node.documentation.get(each.id),
            "properties": dict(each.properties),
            "parameters": [found for mapping in each.inputs for found in _parameters(mapping)],
        }
        for each in node.activatable.values()
    ]


def _parameters(mapping: Mapping) -> Iterable[Document]:
    waiting = [mapping.source.tree] if mapping.source.tree is not None else []
    while waiting:
        node = waiting.pop(0)
        if isinstance(node, tree.Call) and getattr(node.function, "name", "") == _FROM_AI:
            yield _parameter(node)
        else:
            waiting.extend(node.children())


def _parameter(call: tree.Call) -> Document:
    """`fromAi(toolCall.url, "where to", "string")`: the last name of the path is the parameter's."""
    given: dict[str, Any] = dict.fromkeys(_PARTS)
    by_position = len(call.arguments) - len(call.names)
    names = ("value", *_PARTS[1:])
    for index, argument in enumerate(call.arguments):
        name = call.names[index - by_position] if index >= by_position else names[index]
        if name == "value":
            given["name"] = getattr(argument, "name", None)
        elif name in given:
            given[name] = _constant(argument)
    return given


def _constant(node: tree.Node) -> Any:
    """The value of a literal, a list or context of literals; null for anything that is computed."""
    if isinstance(node, tree.Literal):
        return node.value
    if isinstance(node, tree.ListLiteral):
        return [_constant(each) for each in node.items]
    if isinstance(node, tree.ContextLiteral):
        return {name: _constant(each) for name, each in node.entries}
    return None


# --- checking --------------------------------------------------------------------------------------


def check_elements(node: AdHocSubProcess, key: int, wanted: Sequence[str]) -> None:
    """Raises NotFound for what can't be activated here, InvalidArgument for what is named twice."""
    unknown = [each for each in wanted if each not in node.activatable]
    if unknown:
        known = ", ".join(f"'{each}'" for each in node.activatable) or "none"
        raise NotFound(
            f"Expected to activate activities for ad-hoc sub-process with key '{key}', but the given "
            f"elements {unknown} do not exist or cannot be activated. Choose among {known}."
        )
    twice = [each for each, count in Counter(wanted).items() if count > 1]
    if twice:
        raise InvalidArgument(
            f"Expected to activate activities for ad-hoc sub-process with key '{key}', but "
            f"{twice} are given more than once"
        )


def check_list(node: AdHocSubProcess, value: Any) -> list[str]:
    """The ids that `activeElementsCollection` gives; anything else is an incident."""
    assert node.active_elements is not None
    said = f"the active elements '{node.active_elements.text}' of ad-hoc sub-process '{node.id}'"
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise extract_value_error(
            f"Expected {said} to be a list of element ids, but it is {repr(value)[:100]}"
        )
    unknown = [each for each in value if each not in node.activatable]
    if unknown:
        raise extract_value_error(
            f"Expected {said} to name elements that can be activated, but {unknown} are none of "
            f"{list(node.activatable)}"
        )
    return value


def read_result(run: Run, scope: ElementInstance, result: Document | None) -> Orders:
    """What a worker answers; raises InvalidArgument or NotFound. No result asks for nothing."""
    given = result or {}
    kind = given.get("type") or "adHocSubProcess"
    if kind != "adHocSubProcess":
        raise InvalidArgument(
            f"Expected the result of a job of ad-hoc sub-process '{scope.element}' to have type "
            f"'adHocSubProcess', but it has '{kind}'"
        )
    wanted = [
        AdHocActivation(each.get("elementId") or "", each.get("variables") or {})
        for each in given.get("activateElements") or ()
    ]
    node = node_of(run.plan(scope))
    check_elements(node, scope.key, list(dict.fromkeys(each.element for each in wanted)))
    return Orders(
        tuple(wanted),
        bool(given.get("isCancelRemainingInstances")),
        bool(given.get("isCompletionConditionFulfilled")),
    )


def check_open(scope: ElementInstance) -> None:
    if not lifecycle.accepts_end(scope) or scope.is_fulfilled:
        raise InvalidState(
            f"Expected to activate activities for ad-hoc sub-process with key '{scope.key}', but it "
            f"is about to end"
        )


# --- doing -----------------------------------------------------------------------------------------


def carry_out(run: Run, key: int, orders: Orders) -> None:
    """Do what a command or a worker has asked for."""
    scope = run.element(key)
    if orders.cancels_remaining:
        end_remaining(run, key)
    for each in orders.activate:
        run.emit(lifecycle.placement_set(run, scope, placement_of(run.plan(scope), each)))
    if orders.is_fulfilled:
        fulfil(run, scope)
    begin_waiting(run, key)


def placement_of(plan: Plan, each: AdHocActivation) -> Placement:
    inner = node_of(plan).inner
    assert inner is not None
    return Placement(inner.id, each.variables, (Placement(each.element),))


def begin_waiting(run: Run, key: int) -> None:
    """Open what has been placed: all of it, or the first when one comes after the other."""
    scope = run.element(key)
    is_sequential = node_of(run.plan(scope)).is_sequential
    if is_sequential and scope.children:
        return
    waiting = placed(run, key)
    chosen = waiting[:1] if is_sequential else waiting
    for trigger in chosen:
        triggering.take(run, scope, trigger)
    lifecycle.begin_inside(run, scope, chosen)


def placed(run: Run, key: int) -> list[Trigger]:
    """What waits to be opened in it."""
    return [each for each in run.state.triggers.values_of(key) if each.placed]


def fulfil(run: Run, scope: ElementInstance) -> None:
    """The completion condition holds: nothing more begins, and the end comes when all have ended."""
    for trigger in placed(run, scope.key):
        triggering.take(run, scope, trigger)
    plan = run.plan(scope)
    run.emit(
        AdHocFulfilled(
            scope.key, scope.instance, scope.definition, scope.element, plan.kind, scope.scope
        )
    )
    run.later(Complete(scope.key))


def end_remaining(run: Run, key: int) -> None:
    for child in run.state.elements.of(key):
        run.later(Terminate(child))
