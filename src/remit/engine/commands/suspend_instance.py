"""SUSPEND and RESUME a process instance, with every process it has called (8.10)."""

from __future__ import annotations

from remit.base.errors import InvalidState, NotFound
from remit.engine import suspension
from remit.engine.governance import admit_command
from remit.engine.instances import find_running
from remit.engine.run import Handler, Run
from remit.engine.state.entities import ElementInstance
from remit.protocol.commands import ResumeInstance, SuspendInstance
from remit.protocol.replies import Done


def suspend_instance(run: Run, command: SuspendInstance) -> None:
    instance = _instance(run, command.key, "suspend")
    if instance.key in run.state.suspensions:
        raise InvalidState(
            f"Expected to suspend process instance with key '{command.key}', but it is suspended "
            f"already"
        )
    admit_command(run, instance, "instance.suspend", {})
    suspension.suspend(run, instance.key)
    run.reply = Done(command.key)


def resume_instance(run: Run, command: ResumeInstance) -> None:
    instance = _instance(run, command.key, "resume")
    if instance.key not in run.state.suspensions:
        raise InvalidState(
            f"Expected to resume process instance with key '{command.key}', but it is not suspended"
        )
    caller = suspension.suspended_caller(run, instance)
    if caller is not None:
        raise InvalidState(
            f"Expected to resume process instance with key '{command.key}', but process instance "
            f"'{caller}', which has called it, is suspended. Resume that one."
        )
    admit_command(run, instance, "instance.resume", {})
    suspension.resume(run, instance.key)
    run.reply = Done(command.key)


def _instance(run: Run, key: int, verb: str) -> ElementInstance:
    element = find_running(run, key)
    if element is None:
        raise NotFound(
            f"Expected to {verb} a process instance with key '{key}', but no such process was found"
        )
    run.touch(element.root, element.key)
    return element


HANDLES = {
    SuspendInstance: Handler("SUSPEND", suspend_instance),
    ResumeInstance: Handler("RESUME", resume_instance),
}
