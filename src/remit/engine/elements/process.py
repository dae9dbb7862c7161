"""Process: the outermost scope of an instance. Its end is the end of the instance.

Whoever waits for that is told: the caller that awaits the result, the call activity that made it, and
the next message that its lock kept waiting (rule 23).
"""

from __future__ import annotations

from collections.abc import Callable

from remit.engine import suspension
from remit.engine.agenda import StartByMessage
from remit.engine.definitions import Plan
from remit.engine.elements.container import ContainerElement
from remit.engine.governance import readable
from remit.engine.run import Run
from remit.engine.state.entities import ElementInstance, ProcessInstance
from remit.engine.variables import local
from remit.protocol.replies import InstanceCompleted, InstanceCreated
from remit.protocol.values import NONE_KEY, Document, Phase


class Process(ContainerElement):
    def close(self, run: Run, plan: Plan, key: int) -> None:
        super().close(run, plan, key)
        suspension.lift(run, key)

    def ending(self, run: Run, plan: Plan, key: int) -> Callable[[], None] | None:
        element = run.element(key)
        instance = run.state.instances.get(key)
        if element.parent_element == NONE_KEY and instance is None:
            return None
        has_completed = element.phase is Phase.COMPLETING
        variables = local(run, key) if has_completed else {}
        shown = _awaited(run, element, instance, variables) if has_completed else None
        return lambda: _ended(run, plan, element, instance, variables, shown, has_completed)


def _awaited(
    run: Run, element: ElementInstance, instance: ProcessInstance | None, variables: Document
) -> Document | None:
    """What the caller that awaits the result may read of what it wants; None when nobody waits."""
    if instance is None or not instance.await_request:
        return None
    wanted = instance.fetch_variables
    shown = {name: variables[name] for name in wanted if name in variables} if wanted else variables
    return readable(run, element, shown, "result", "result", by_engine=True)


def _ended(
    run: Run,
    plan: Plan,
    element: ElementInstance,
    instance: ProcessInstance | None,
    variables: Document,
    shown: Document | None,
    has_completed: bool,
) -> None:
    if instance is not None and instance.lock:
        run.later(StartByMessage(instance.tenant, instance.process_id, instance.lock))
    if not has_completed:
        return
    if instance is not None and shown is not None:
        row = plan.definition.row
        created = InstanceCreated(
            row.key, row.process_id, row.version, element.key, row.tenant, instance.tags,
            instance.business_id,
        )  # fmt: skip
        run.answer(instance.await_request, InstanceCompleted(created, shown))
    if element.parent_element != NONE_KEY:
        caller = run.plan(run.element(element.parent_element))
        caller.element.called_completed(run, caller, element.parent_element, variables)


ELEMENT = Process()
