"""Call activity: another process runs as a child and brings its variables back (rules 13, 14, 71).

The process is looked up when the activity opens. The child lives on the same partition and under the
same root, and has the business id of its caller unless the activity gives it another.
"""

from __future__ import annotations

from collections.abc import Sequence

from remit.engine import business_ids, governance, instances
from remit.engine.agenda import Complete
from remit.engine.definitions import Definition, Plan, Stage
from remit.engine.elements.activity import ActivityElement
from remit.engine.expressions import evaluate
from remit.engine.faults import IncidentRaised, extract_value_error
from remit.engine.governance import admit_step
from remit.engine.run import Run
from remit.engine.state.entities import ElementInstance
from remit.engine.variables import local, visible
from remit.model.bpmn.elements.call_activity import CallActivity as CallActivityNode
from remit.model.bpmn.graph import Binding, Node
from remit.protocol.values import NONE_KEY, Document, ProcessDefinition


def find_process(run: Run, plan: Plan, key: int) -> bool:
    node = plan.node
    assert isinstance(node, CallActivityNode)
    element = run.element(key)
    _check_depth(run, element)
    definition = run.definition(_called_process(run, plan, node, element).key)
    if definition.process.start is None:
        raise IncidentRaised(
            "CALLED_ELEMENT_ERROR",
            f"Expected process '{definition.process.id}' to have a none start event, but it has "
            f"not: '{node.id}' can't call it",
        )
    facts = {
        "calledProcess": definition.process.id,
        "calledVersion": definition.row.version,
        "calledTenant": definition.row.tenant,
        "propagateAll": node.propagate_all_parent,
    }
    admit_step(run, element, "call.activity", facts)
    governance.check_derivable(run, element)
    run.choices[key] = definition, _business_id(run, node, element)
    return False


CALL = Stage("call", find_process)

MAX_DEPTH = 1000
"""Calls inside each other: a process that calls itself for ever is stopped here (as in Zeebe)."""


def _check_depth(run: Run, element: ElementInstance) -> None:
    depth = 0
    above = run.element(element.instance)
    while above.parent_element != NONE_KEY:
        depth += 1
        above = run.element(above.parent_instance)
    if depth >= MAX_DEPTH:
        raise IncidentRaised(
            "CALLED_ELEMENT_ERROR",
            f"Expected '{element.element}' to call a process, but {MAX_DEPTH} calls are inside each "
            f"other already: does a process call itself for ever?",
        )


class CallActivity(ActivityElement):
    is_waiting = True

    def opening(self, node: Node) -> Sequence[Stage]:
        return (*super().opening(node), CALL)

    def opened(self, run: Run, plan: Plan, key: int) -> None:
        node, element = plan.node, run.element(key)
        assert isinstance(node, CallActivityNode)
        choice: tuple[Definition, str] = run.choices.pop(key)
        definition, business_id = choice
        variables = visible(run, key) if node.propagate_all_parent else local(run, key)
        child = run.new_key()
        governance.derive_child(run, element, definition, child)
        new = instances.unborn(definition, child, element)
        instances.prepare_variables(run, new, variables)
        instances.start(run, definition, new, caller=element, business_id=business_id)

    def called_completed(self, run: Run, plan: Plan, key: int, variables: Document) -> None:
        node = plan.node
        assert isinstance(node, CallActivityNode)
        comes_back = node.propagate_all_child or bool(node.outputs)
        run.later(Complete(key, variables if comes_back else None))


def _business_id(run: Run, node: CallActivityNode, element: ElementInstance) -> str:
    """What the activity says, else that of the caller; empty: the called instance has none."""
    said = None if node.business_id is None else evaluate(run, node.business_id, element.key)
    if said is None:
        caller = run.state.instances.get(element.instance)
        return "" if caller is None else caller.business_id
    if not isinstance(said, str) or len(said) > business_ids.LONGEST:
        raise extract_value_error(
            f"Expected the business id that '{node.id}' gives to be a string of at most "
            f"{business_ids.LONGEST} characters, but it is {said!r:.300}"
        )
    return said


def _called_process(
    run: Run, plan: Plan, node: CallActivityNode, element: ElementInstance
) -> ProcessDefinition:
    process_id = evaluate(run, node.process_id, element.key)
    if not isinstance(process_id, str):
        raise extract_value_error(
            f"Expected the process id '{node.process_id.text}' that '{node.id}' calls to be a "
            f"string, but it is {process_id!r}"
        )
    row = _find(run, plan.definition, node, process_id)
    if row is None:
        raise IncidentRaised(
            "CALLED_ELEMENT_ERROR",
            f"Expected to call process '{process_id}' from '{node.id}', but no process with this "
            f"id is deployed (binding {node.binding.value})",
        )
    return row


def _find(
    run: Run, caller: Definition, node: CallActivityNode, process_id: str
) -> ProcessDefinition | None:
    tenant = caller.row.tenant
    if node.binding is Binding.LATEST:
        return run.state.latest_process(tenant, process_id)
    if node.binding is Binding.VERSION_TAG:
        return run.state.tagged_process(tenant, process_id, node.version_tag or "")
    versions = run.state.processes.values_of((tenant, process_id))
    together = (row for row in versions if row.deployment == caller.row.deployment)
    return next((row for row in together if not row.is_deleted), None)


ELEMENT = CallActivity()
