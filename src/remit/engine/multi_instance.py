"""Multi-instance: a body that plays its activity once per item of a collection (rules 61-66).

    body ACTIVATED ─▶ inner 1 … n (all at once, in portions; or one after the other)
                        └ each completes: its result is kept under its index; the condition is asked
    body COMPLETING ─▶ the results, joined in order, become the output collection

The body is an element instance of the activity's own id; boundary events belong to it. Results are
rows of their own until the body completes, so that the cost of an item does not grow with their
number.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from remit.engine import incidents, lifecycle
from remit.engine.agenda import Activate, Complete, Spawn, Terminate
from remit.engine.definitions import Plan, Stage
from remit.engine.elements.base import Element
from remit.engine.expressions import evaluate
from remit.engine.faults import IncidentRaised, extract_value_error
from remit.engine.governance import admit_write
from remit.engine.loop_events import counters
from remit.engine.run import Run
from remit.engine.stages.events import CLOSED, HOSTED
from remit.engine.state.entities import ElementInstance
from remit.engine.variables import propagate
from remit.model.bpmn.graph import Activity, MultiInstance, Node
from remit.protocol.events.process_instance import LoopStarted, ResultKept
from remit.protocol.values import Document

PORTION = 150
"""Inner instances opened in one go: some 10 ms of work."""

WEIGHT = 4
"""Items of the agenda that opening one of them costs as much as."""


def collection_of(run: Run, loop: MultiInstance, body: ElementInstance) -> list[Any]:
    """The items, as the body's scope sees them now; anything but a list is an incident."""
    items = evaluate(run, loop.input_collection, body.key)
    if not isinstance(items, list):
        raise extract_value_error(
            f"Expected the input collection '{loop.input_collection.text}' of '{body.element}' to be "
            f"a list, but it is {'null' if items is None else repr(items)[:100]}"
        )
    return items


def check_collection(run: Run, plan: Plan, key: int) -> bool:
    run.choices[key] = collection_of(run, _loop(plan), run.element(key))
    return False


def join_results(run: Run, plan: Plan, key: int) -> bool:
    """The results in the order of the items, null where there is none; they leave with the body."""
    loop, body = _loop(plan), run.element(key)
    if loop.output_collection is None:
        return False
    joined: list[Any] = [None] * body.loop_size
    for row in run.state.results.values_of(key):
        joined[row.index - 1] = row.value
    results: Document = {loop.output_collection: joined}
    admit_write(run, body, results, "collection")
    propagate(run, run.element(body.scope), results)
    return False


COLLECTION = Stage("collection", check_collection)
RESULTS = Stage("results", join_results)


class MultiInstanceBody(Element):
    """How the body of any multi-instance activity lives."""

    is_waiting = True

    def opening(self, node: Node) -> Sequence[Stage]:
        return (HOSTED, COLLECTION)

    def closing(self, node: Node) -> Sequence[Stage]:
        return (CLOSED, RESULTS)

    def opened(self, run: Run, plan: Plan, key: int) -> None:
        body = run.element(key)
        items = run.choices.pop(key)
        size = len(items)
        if size > PORTION and not _loop(plan).sequential:
            run.state.collections[key] = items
        run.emit(
            LoopStarted(
                key, body.instance, body.definition, body.element, plan.kind, body.scope, size=size
            )
        )
        run.later(Spawn(key, 1) if size else Complete(key))

    def resumed(self, run: Run, plan: Plan, key: int, stage: str) -> None:
        """A sequential step failed to read the collection: it is read again."""
        run.later(Spawn(key, run.element(key).completed_children + 1))

    def child_ended(self, run: Run, plan: Plan, key: int) -> None:
        body = run.element(key)
        if not lifecycle.accepts_end(body):
            return
        loop = _loop(plan)
        if loop.completion_condition is not None and self._is_fulfilled(run, loop, body):
            for child in run.state.elements.of(key):
                run.later(Terminate(child))
            run.later(Complete(key))
        elif loop.sequential and body.completed_children < body.loop_size:
            if body.children == 0:
                run.later(Spawn(key, body.completed_children + 1))
        elif body.children == 0 and body.spawned >= body.loop_size:
            run.later(Complete(key))

    def _is_fulfilled(self, run: Run, loop: MultiInstance, body: ElementInstance) -> bool:
        """The completion condition over the counters (rule 65); no boolean is no."""
        condition = loop.completion_condition
        assert condition is not None
        return evaluate(run, condition, body.key, counters(body)) is True


BODY = MultiInstanceBody()


def spawn(run: Run, key: int, index: int) -> int:
    """Open the inner instances from `index` on: one, or a portion of them. Returns how many."""
    body = run.state.elements.get(key)
    if body is None or not lifecycle.accepts_end(body):
        run.state.collections.pop(key, None)
        return 0
    plan = run.plan(body)
    loop = _loop(plan)
    try:
        items = run.state.collections.get(key) or collection_of(run, loop, body)
        if index > len(items):
            raise extract_value_error(
                f"Expected to read item {index} of the input collection of '{body.element}', but it "
                f"has only {len(items)} items now"
            )
    except IncidentRaised as fault:
        incidents.create(run, body, fault, stage=COLLECTION.name)
        return 0
    last = index if loop.sequential else min(index + PORTION - 1, body.loop_size, len(items))
    for at in range(index, last + 1):
        now = run.element(key)
        if loop.events and not lifecycle.accepts_end(now):
            break  # what one of them has thrown ends the activity
        lifecycle.open_in(run, _inner(body, loop, at, items[at - 1]), now)
    if not loop.sequential and last < body.loop_size:
        run.later(Spawn(key, last + 1))
    else:
        run.state.collections.pop(key, None)
    return last - index + 1


def _inner(body: ElementInstance, loop: MultiInstance, index: int, item: Any) -> Activate:
    local: Document = {"loopCounter": index}
    if loop.input_element:
        local[loop.input_element] = item
    output = loop.output_element
    if output is not None and output.text.isidentifier() and output.text not in local:
        local[output.text] = None  # so that parallel instances do not write one another's (rule 63)
    return Activate(body.element, body.key, variables=local, loop_counter=index)


def keep_result(run: Run, plan: Plan, key: int) -> bool:
    """A closing stage of the inner instance: its output element, under its index (rule 62)."""
    loop, inner = _loop(plan), run.element(key)
    if loop.output_element is not None:
        value = evaluate(run, loop.output_element, key)
        run.emit(ResultKept(run.new_key(), inner.scope, inner.loop_counter, value, inner.root))
    return False


RESULT = Stage("result", keep_result)


def _loop(plan: Plan) -> MultiInstance:
    assert isinstance(plan.node, Activity)
    assert isinstance(plan.node.loop, MultiInstance)
    return plan.node.loop
