"""Ad-hoc sub-process: a list, a command or a worker says which of its elements begin (rule 74, B16)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from remit.engine import ad_hoc, incidents, jobs
from remit.engine.agenda import Complete
from remit.engine.conditions import as_boolean
from remit.engine.definitions import Plan, Stage
from remit.engine.denials import stopped
from remit.engine.elements.container import ContainerElement
from remit.engine.expressions import evaluate
from remit.engine.faults import IncidentRaised
from remit.engine.governance import admit_write
from remit.engine.lifecycle import is_done_inside, placement_set
from remit.engine.run import Run
from remit.engine.state.entities import ElementInstance
from remit.engine.variables import local, propagate, set_local
from remit.model.bpmn.elements.ad_hoc_sub_process import AdHocSubProcess
from remit.model.bpmn.graph import Node
from remit.protocol.values import AdHocActivation, JobKind, Phase

CONDITION = "completion-condition"


def describe(run: Run, plan: Plan, key: int) -> bool:
    """Local variables of the beginning: what can be activated, and the empty output collection."""
    node = ad_hoc.node_of(plan)
    if "elements" not in plan.memory:
        plan.memory["elements"] = ad_hoc.describe(node)
    document: dict[str, Any] = {ad_hoc.DESCRIPTION: plan.memory["elements"]}
    if node.output_collection is not None:
        document[node.output_collection] = []
    set_local(run, run.element(key), document)
    return False


def choose(run: Run, plan: Plan, key: int) -> bool:
    """What the model's list names is placed; what a modification has placed comes instead."""
    node = ad_hoc.node_of(plan)
    if node.active_elements is None or ad_hoc.placed(run, key):
        return False
    chosen = ad_hoc.check_list(node, evaluate(run, node.active_elements, key))
    for element in chosen:
        placed = ad_hoc.placement_of(plan, AdHocActivation(element))
        run.emit(placement_set(run, run.element(key), placed))
    return False


def ask_worker(run: Run, plan: Plan, key: int) -> bool:
    """A job in whose result a worker says what happens; an unanswered one is replaced."""
    node = ad_hoc.node_of(plan)
    assert node.job is not None
    jobs.cancel_all(run, key)
    jobs.create(run, run.element(key), node.job, kind=JobKind.AD_HOC_SUB_PROCESS)
    return False


def bring_out(run: Run, plan: Plan, key: int) -> bool:
    """The output collection leaves with the sub-process."""
    name = ad_hoc.node_of(plan).output_collection
    assert name is not None
    scope = run.element(key)
    results = local(run, key, (name,))
    admit_write(run, scope, results, "collection")
    propagate(run, run.element(scope.scope), results)
    return False


DESCRIBED = Stage("ad-hoc-elements", describe)
CHOSEN = Stage("active-elements", choose)
JOB = Stage("job", ask_worker)
COLLECTED = Stage("output-collection", bring_out)


class AdHocSubProcessElement(ContainerElement):
    def opening(self, node: Node) -> Sequence[Stage]:
        assert isinstance(node, AdHocSubProcess)
        job = (JOB,) if node.job is not None else ()
        return (DESCRIBED, *super().opening(node), CHOSEN, *job)

    def closing(self, node: Node) -> Sequence[Stage]:
        assert isinstance(node, AdHocSubProcess)
        collected = (COLLECTED,) if node.output_collection is not None else ()
        return (*collected, *super().closing(node))

    def opened(self, run: Run, plan: Plan, key: int) -> None:
        ad_hoc.begin_waiting(run, key)

    def resumed(self, run: Run, plan: Plan, key: int, stage: str) -> None:
        """The condition or the next job could not be evaluated: once more."""
        if stage == JOB.name:
            self.inner_ended(run, plan, key)
        else:
            self.child_ended(run, plan, key)

    def inner_ended(self, run: Run, plan: Plan, key: int) -> None:
        """An inner instance has ended: the worker is asked what comes next."""
        scope = run.element(key)
        if ad_hoc.node_of(plan).job is None or scope.phase is not Phase.ACTIVATED:
            return
        if scope.is_fulfilled or scope.interrupted_by:
            return
        mark = run.mark()
        try:
            ask_worker(run, plan, key)
        except IncidentRaised as fault:
            run.undo(mark)
            stopped(run, scope, fault, JOB.name)

    def child_ended(self, run: Run, plan: Plan, key: int) -> None:
        scope = run.element(key)
        if scope.phase is not Phase.ACTIVATED:
            return
        if scope.is_fulfilled or scope.interrupted_by:
            super().child_ended(run, plan, key)
            return
        node = ad_hoc.node_of(plan)
        if node.completion_condition is not None:
            try:
                is_fulfilled = self._is_fulfilled(run, node, scope)
            except IncidentRaised as fault:
                incidents.create(run, scope, fault, stage=CONDITION)
                return
            if is_fulfilled:
                if node.cancel_remaining:
                    ad_hoc.end_remaining(run, key)
                ad_hoc.fulfil(run, scope)
                return
        ad_hoc.begin_waiting(run, key)
        ends_by_itself = node.completion_condition is None and node.job is None
        if ends_by_itself and is_done_inside(scope) and not ad_hoc.placed(run, key):
            run.later(Complete(key))

    def _is_fulfilled(self, run: Run, node: AdHocSubProcess, scope: ElementInstance) -> bool:
        assert node.completion_condition is not None
        text = node.completion_condition.text
        value = evaluate(run, node.completion_condition, scope.key)
        said = f"the completion condition '{text}' of ad-hoc sub-process '{node.id}'"
        return as_boolean(value, said)


ELEMENT = AdHocSubProcessElement()
