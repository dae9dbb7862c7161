"""MIGRATE a process instance to another definition: every active element goes where its mapping says.

Jobs, user tasks, incidents and variables stay as they are. What an element waits for goes on waiting,
with the same due time or correlation key, where the event is mapped; other events are closed, and those
that only the target has are opened.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from remit.base.errors import InvalidArgument, InvalidState, NotFound
from remit.engine import conditional, messages, quantities, signals, timers
from remit.engine.definitions import Definition
from remit.engine.events import open_events
from remit.engine.governance import admit_command, check_rebindable, rebind
from remit.engine.instances import find_running
from remit.engine.run import BODY_KIND, Handler, Run
from remit.engine.stages.events import hosted
from remit.engine.state.entities import ElementInstance
from remit.engine.triggering import is_interrupting
from remit.model.bpmn.elements.user_task import UserTask
from remit.model.bpmn.graph import Activity, EventNode, Node
from remit.protocol.commands import MigrateInstance
from remit.protocol.events.incident import IncidentMigrated
from remit.protocol.events.job import JobMigrated
from remit.protocol.events.process_instance import ElementMigrated, InstanceMigrated
from remit.protocol.events.user_task import UserTaskMigrated
from remit.protocol.replies import Done

Mapping = dict[str, str]


def migrate_instance(run: Run, command: MigrateInstance) -> None:
    instance = _instance(run, command.key)
    target = _target(run, command, instance.tenant)
    source = run.definition(instance.definition)
    mapping = _mapping(source, target, command)
    admit_command(run, instance, "instance.migrate", _facts(target))
    active = list(_inside(run, instance))
    for element in active:
        _check(run, source, target, mapping, element)
    run.emit(
        InstanceMigrated(command.key, command.key, target.row.key, command.mapping, instance.tenant)
    )
    rebind(run, instance, target)
    for element in active:
        _migrate(run, target, mapping, element)
        for begun in quantities.enough(run, target, element.key):
            run.later(begun)
    run.reply = Done(command.key)


def _facts(target: Definition) -> dict[str, object]:
    return {"targetProcess": target.row.process_id, "targetVersion": target.row.version}


# --- checking --------------------------------------------------------------------------------------


def _instance(run: Run, key: int) -> ElementInstance:
    element = find_running(run, key)
    if element is None:
        raise NotFound(
            f"Expected to migrate process instance but no process instance found with key '{key}'"
        )
    run.touch(element.root, element.instance)
    check_rebindable(run, element)
    return element


def _target(run: Run, command: MigrateInstance, tenant: str) -> Definition:
    row = run.state.processes.get(command.target)
    if row is None or row.is_deleted or row.tenant != tenant:
        raise NotFound(
            f"Expected to migrate process instance to process definition but no process definition "
            f"found with key '{command.target}'"
        )
    return run.definition(command.target)


def _mapping(source: Definition, target: Definition, command: MigrateInstance) -> Mapping:
    found: Mapping = {}
    for each in command.mapping:
        for what, name, definition in (
            ("source", each.source, source), ("target", each.target, target),
        ):  # fmt: skip
            if name not in definition.process.nodes:
                raise InvalidArgument(
                    f"Expected to migrate process instance '{command.key}' but mapping instructions "
                    f"contain a non-existing {what} element id '{name}'. Elements provided in mapping "
                    f"instructions must exist in the {what} process definition."
                )
        if each.source in found:
            raise InvalidArgument(
                f"Expected to migrate process instance '{command.key}' but the mapping instructions "
                f"contain duplicate source element ids '[{each.source}]'."
            )
        found[each.source] = each.target
    found[source.process.id] = target.process.id
    for name, goes_to in tuple(found.items()):
        old, new = (_inner(source, name), _inner(target, goes_to))
        if old is not None and new is not None:
            found[old] = new
    return found


def _inner(definition: Definition, name: str) -> str | None:
    """The scope inside this element that is not drawn: it goes where the element goes."""
    inner = getattr(definition.plans[name].node, "inner", None)
    return None if inner is None else inner.id


def _check(
    run: Run, source: Definition, target: Definition, mapping: Mapping, element: ElementInstance
) -> None:
    key = element.instance
    goes_to = mapping.get(element.element)
    if goes_to is None:
        raise InvalidState(
            f"Expected to migrate process instance '{key}' but no mapping instruction defined for "
            f"active element with id '{element.element}'. Elements cannot be migrated without a "
            f"mapping."
        )
    old, new = source.plans[element.element].node, target.plans[goes_to].node
    if old.type is not new.type or (element.element in source.bodies) != (goes_to in target.bodies):
        raise InvalidState(
            f"Expected to migrate process instance '{key}' but active element with id "
            f"'{old.id}' and type '{old.type.value}' is mapped to an element with id '{new.id}' and "
            f"different type '{new.type.value}'. Elements must be mapped to elements of the same type."
        )
    if isinstance(old, UserTask) and isinstance(new, UserTask) and old.is_native != new.is_native:
        raise InvalidState(
            f"Expected to migrate process instance '{key}' but active user task with id '{old.id}' is "
            f"mapped to '{new.id}', which is implemented in another way."
        )
    scope = run.state.elements.get(element.scope)
    if scope is not None and new.scope is not None and element.kind != BODY_KIND:
        expected = mapping.get(scope.element)
        inside_body = scope.kind == BODY_KIND and expected == goes_to
        if not inside_body and expected != new.scope.id:
            raise InvalidState(
                f"Expected to migrate process instance '{key}' but the flow scope of active element "
                f"with id '{old.id}' is changed: it would be '{new.scope.id}', not '{expected}'."
            )
    _check_scope(run, target, element)


def _check_scope(run: Run, target: Definition, element: ElementInstance) -> None:
    """Tokens that wait at joins keep their flows; events on their way are waited for."""
    for _, flow in run.state.tokens.of(element.key):
        if flow not in target.process.all_flows:
            raise InvalidState(
                f"Expected to migrate process instance '{element.instance}' but a token waits on "
                f"sequence flow '{flow}', which the target process definition does not have."
            )
        leads_to = target.plans[target.process.all_flows[flow].target.id]
        if not leads_to.joins and not isinstance(leads_to.node, Activity):
            raise InvalidState(
                f"Expected to migrate process instance '{element.instance}' but a token waits on "
                f"sequence flow '{flow}', which in the target process definition leads to "
                f"'{leads_to.node.id}', where no token waits. Let it lead to a join or an activity."
            )
    if element.instance in run.state.suspensions and quantities.enough(run, target, element.key):
        raise InvalidState(
            f"Expected to migrate process instance '{element.instance}' but it is suspended, and the "
            f"tokens that wait in it are enough for an activity of the target to begin. Resume it first."
        )
    if run.state.triggers.of(element.key):
        raise InvalidState(
            f"Expected to migrate process instance '{element.instance}' but an event is just being "
            f"taken at '{element.element}'. Try again in a moment."
        )


def _inside(run: Run, instance: ElementInstance) -> Iterator[ElementInstance]:
    """The instance and all in it, outer ones first; called processes are instances of their own."""
    waiting = [instance.key]
    while waiting:
        element = run.element(waiting.pop(0))
        if element.instance == instance.key:
            yield element
            waiting.extend(run.state.elements.of(element.key))


# --- migrating -------------------------------------------------------------------------------------


def _migrate(run: Run, target: Definition, mapping: Mapping, element: ElementInstance) -> None:
    row, goes_to = target.row, mapping[element.element]
    run.emit(
        ElementMigrated(
            element.key, element.instance, row.key, goes_to, element.kind, element.scope
        )
    )
    for job in tuple(run.state.jobs.values_of(element.key)):
        moved = replace(
            job, definition=row.key, process_id=row.process_id, version=row.version, element=goes_to
        )
        run.emit(JobMigrated(job.key, moved))
    for task in tuple(run.state.user_tasks.values_of(element.key)):
        changed = replace(
            task, definition=row.key, process_id=row.process_id, version=row.version,
            element=goes_to,
        )  # fmt: skip
        run.emit(UserTaskMigrated(task.key, changed))
    for incident in tuple(run.state.incidents.values_of(element.key)):
        stays = replace(incident, definition=row.key, process_id=row.process_id, element=goes_to)
        run.emit(IncidentMigrated(incident.key, stays))
    _migrate_events(run, target, mapping, run.element(element.key))


def _migrate_events(
    run: Run, target: Definition, mapping: Mapping, element: ElementInstance
) -> None:
    """Mapped events go on waiting for the same; the target's own begin to."""
    plan = run.plan(element)
    nodes: dict[str, Node] = {node.id: node for node in hosted(plan)}
    if not plan.is_body:
        nodes[plan.node.id] = plan.node
    taken: set[str] = set()
    for timer in tuple(run.state.timers.values_of(element.key)):
        node = nodes.get(mapping.get(timer.target, ""))
        timers.cancel_all(run, element.key, (timer.target,))
        if node is not None:
            planned = timers.Schedule(timer.due, timer.repetitions, timer.interval)
            timers.create(run, element, node, planned)
            taken.add(node.id)
    for row in tuple(run.state.subscriptions.values_of(element.key)):
        if row.state == "DELETING":
            continue
        node = nodes.get(mapping.get(row.target, ""))
        messages.close_subscription(run, row)
        if node is not None:
            messages.open_subscription(
                run, element, node, row.name, row.correlation_key,
                interrupting=is_interrupting(node),
            )  # fmt: skip
            taken.add(node.id)
    for signal in tuple(run.state.signals.values_of(element.key)):
        node = nodes.get(mapping.get(signal.target, ""))
        signals.close_all(run, element.key, (signal.target,))
        if node is not None:
            signals.listen(run, element, node, signal.name)
            taken.add(node.id)
    for condition in tuple(run.state.conditions.values_of(element.key)):
        node = nodes.get(mapping.get(condition.target, ""))
        conditional.close_all(run, element.key, (condition.target,))
        if node is not None:
            conditional.wait(run, element, node, condition.index)
            taken.add(node.id)
    mapped = set(mapping.values())
    new = [
        node
        for node in hosted(plan)
        if isinstance(node, EventNode) and node.id not in taken and node.id not in mapped
    ]
    open_events(run, element, new)


HANDLES = {MigrateInstance: Handler("MIGRATE", migrate_instance)}
