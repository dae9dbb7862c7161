"""Process instances: how one begins, whoever starts it."""

from __future__ import annotations

from collections.abc import Sequence

from remit.engine import lifecycle
from remit.engine.definitions import Definition
from remit.engine.run import Run
from remit.engine.state.entities import ElementInstance
from remit.engine.variables import set_local
from remit.protocol.events.process_instance import ElementActivating, TriggerSet
from remit.protocol.values import NONE_KEY, Document, Placement


def find_running(run: Run, key: int) -> ElementInstance | None:
    """The process instance with this key, unless it is ending, or nothing that the caller sees."""
    element = run.state.find_element(key)
    if element is None or element.scope != NONE_KEY or element.phase in lifecycle.IS_ENDING:
        return None
    return element if run.sees(element.tenant) else None


def prepare_variables(run: Run, new: ElementInstance, document: Document) -> None:
    """Write the first variables of an instance before its life begins (as Zeebe's log has it)."""
    if new.root == new.key:
        run.state.resident[new.key] = None
    set_local(run, new, document)


def start(
    run: Run,
    definition: Definition,
    new: ElementInstance,
    *,
    start: str = "",
    payload: Document | None = None,
    placements: Sequence[Placement] = (),
    caller: ElementInstance | None = None,
    business_id: str = "",
) -> None:
    """Begin the life of the process instance `new`, which is `unborn`.

    `start` is the start event that was triggered, with its payload; empty: the none start event.
    `placements` are what it begins with instead.
    `caller` is the call activity that waits for the instance, which then shares its root;
    `business_id` what such an instance is called, others have that from their creation.
    """
    plan = definition.plans[definition.process.id]
    key, root = new.key, new.root
    run.emit(
        ElementActivating(
            key,
            key,
            new.definition,
            new.element,
            plan.kind,
            NONE_KEY,
            root=root,
            parent_instance=NONE_KEY if caller is None else caller.instance,
            parent_element=NONE_KEY if caller is None else caller.key,
            tenant=new.tenant,
            business_id=business_id,
        )
    )
    if start:
        run.emit(
            TriggerSet(
                run.new_key(),
                key,
                start,
                key,
                new.definition,
                root,
                payload or {},
                new.tenant,
                interrupts=False,
            )
        )
    for placement in placements:
        run.emit(lifecycle.placement_set(run, run.element(key), placement))
    lifecycle.open_from(run, plan, key, 0)


def unborn(
    definition: Definition, key: int, caller: ElementInstance | None = None
) -> ElementInstance:
    """An instance before its life begins."""
    plan = definition.plans[definition.process.id]
    row = definition.row
    root = key if caller is None else caller.root
    return ElementInstance(
        key, key, row.key, definition.process.id, plan.kind, NONE_KEY, root, tenant=row.tenant
    )
