"""CREATE a process instance, by key, by id, by id and version, or by id and version tag.

Answered when it is created, or with its variables when it has completed.
"""

from __future__ import annotations

from remit.base.errors import InvalidArgument, InvalidState, NotFound
from remit.engine import governance, instances
from remit.engine.placing import Wanted, placements
from remit.engine.run import Handler, Run
from remit.model.bpmn.graph import Process
from remit.protocol.commands import CreateInstance
from remit.protocol.events.process_instance import InstanceCreated as Created
from remit.protocol.replies import InstanceCreated
from remit.protocol.values import NONE_KEY, Document, Placement, ProcessDefinition


def create_instance(run: Run, command: CreateInstance) -> None:
    row = _find(run, command)
    definition = run.definition(row.key)
    if definition.process.start is None and not command.start:
        raise InvalidState(
            f"Expected to create an instance of process '{row.process_id}' with a none start event, "
            f"but it has none: it is started by its events"
        )
    placed = _placements(definition.process, command)
    key = run.new_key()
    run.root = key
    new = instances.unborn(definition, key)
    variables = dict(command.variables)
    policy = variables.pop(governance.POLICY, None)
    if policy is not None or governance.gives_or_requires(run):
        facts: Document = {"varNames": tuple(sorted(variables))}
        if len(command.start) == 1:
            facts["startElement"] = command.start[0].element
        governance.begin(run, definition, new, policy, facts)
    instances.prepare_variables(run, new, variables)
    run.emit(
        Created(
            key,
            key,
            row.key,
            row.process_id,
            row.version,
            row.tenant,
            variables,
            tuple(each.element for each in command.start),
            command.tags,
            command.business_id,
            run.header.request_id if command.await_result else "",
            command.fetch_variables,
            tuple(each.element for each in command.terminate_after),
        )
    )
    instances.start(run, definition, new, placements=placed)
    if not command.await_result:
        run.reply = InstanceCreated(
            row.key, row.process_id, row.version, key, row.tenant, command.tags,
            command.business_id,
        )  # fmt: skip


def _placements(process: Process, command: CreateInstance) -> tuple[Placement, ...]:
    """Where the instance begins; instructions that can't be followed are refused before anything."""
    for each in command.terminate_after:
        if each.element not in process.nodes:
            raise InvalidArgument(
                f"Expected to end the instance after element '{each.element}', but process "
                f"'{process.id}' has no such element"
            )
    return placements(
        process, [Wanted(each.element) for each in command.start], "start instruction"
    )


def _find(run: Run, command: CreateInstance) -> ProcessDefinition:
    state = run.state
    if command.definition != NONE_KEY:
        row = state.processes.get(command.definition)
        if row is None or row.is_deleted or row.tenant != command.tenant:
            raise NotFound(
                f"Expected to find process definition with key '{command.definition}', but none found"
            )
        return row
    if command.version_tag:
        row = state.tagged_process(command.tenant, command.process_id, command.version_tag)
        if row is None:
            raise NotFound(
                f"Expected to find process definition with process ID '{command.process_id}' and "
                f"version tag '{command.version_tag}', but none found"
            )
        return row
    if command.version < 0:
        row = state.latest_process(command.tenant, command.process_id)
        if row is None:
            raise NotFound(
                f"Expected to find process definition with process ID '{command.process_id}', but "
                f"none found"
            )
        return row
    for row in state.processes.values_of((command.tenant, command.process_id)):
        if row.version == command.version and not row.is_deleted:
            return row
    raise NotFound(
        f"Expected to find process definition with process ID '{command.process_id}' and version "
        f"'{command.version}', but none found"
    )


HANDLES = {CreateInstance: Handler("CREATE", create_instance)}
