"""DELETE a resource: nothing new is made of it; what runs goes on (rules 31, 87).

Of a process the version before it takes its start events over again. Partition 1 decides and tells the
others.
"""

from __future__ import annotations

from remit.base.errors import NotFound
from remit.base.keys import DEPLOYMENT_PARTITION
from remit.engine.resources import bpmn
from remit.engine.run import Handler, Run
from remit.protocol.commands import DeleteResource, ForgetResource
from remit.protocol.events.decision import DecisionDeleted, RequirementsDeleted
from remit.protocol.events.deployment import ProcessDeleted, ResourceDeleted, ResourceDeleting
from remit.protocol.events.form import FormDeleted
from remit.protocol.replies import Done


def delete_resource(run: Run, command: DeleteResource) -> None:
    if not _is_there(run, command.key):
        raise NotFound(
            f"Expected to delete resource but no resource found with key '{command.key}'"
        )
    key = run.new_key()
    run.emit(ResourceDeleting(key, command.key))
    _forget(run, command.key)
    run.emit(ResourceDeleted(key, command.key))
    for partition in range(1, run.state.partitions + 1):
        if partition != run.state.partition:
            run.send(partition, ForgetResource(command.key))
    run.reply = Done(command.key)


def forget_resource(run: Run, command: ForgetResource) -> None:
    """What partition 1 has deleted. Repeated: it is gone already."""
    if _is_there(run, command.key):
        _forget(run, command.key)


def _is_there(run: Run, key: int) -> bool:
    state = run.state
    process = state.processes.get(key)
    if process is not None:
        return not process.is_deleted and run.sees(process.tenant)
    row = state.requirements.get(key) or state.forms.get(key)
    return row is not None and run.sees(row.tenant)


def _forget(run: Run, key: int) -> None:
    state = run.state
    if key in state.processes:
        _forget_process(run, key)
    elif key in state.requirements:
        requirements = state.requirements[key]
        for row in tuple(
            each for each in state.decisions.rows.values() if each.requirements_key == key
        ):
            run.emit(DecisionDeleted(row.key, row))
        run.emit(RequirementsDeleted(key, requirements))
    else:
        run.emit(FormDeleted(key, state.forms[key]))


def _forget_process(run: Run, key: int) -> None:
    row = run.state.processes[key]
    was_latest = run.state.latest_process(row.tenant, row.process_id) is row
    run.emit(ProcessDeleted(key, row))
    if not was_latest:
        return
    bpmn.close_starts(run, row)
    before = run.state.latest_process(row.tenant, row.process_id)
    if before is None:
        return
    process = run.definition(before.key).process
    bpmn.open_starts(run, before, process)
    if run.state.partition == DEPLOYMENT_PARTITION:
        bpmn.start_timers(run, before, process)


HANDLES = {
    DeleteResource: Handler("DELETE", delete_resource),
    ForgetResource: Handler("DELETE", forget_resource),
}
