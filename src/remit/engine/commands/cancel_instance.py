"""CANCEL a process instance. Answered when its termination has started (rule 81)."""

from __future__ import annotations

from remit.base.errors import InvalidState, NotFound
from remit.engine.agenda import Terminate
from remit.engine.governance import admit_command
from remit.engine.instances import find_running
from remit.engine.run import Handler, Run
from remit.protocol.commands import CancelInstance
from remit.protocol.replies import Done
from remit.protocol.values import NONE_KEY


def cancel_instance(run: Run, command: CancelInstance) -> None:
    element = find_running(run, command.key)
    if element is None:
        raise NotFound(
            f"Expected to cancel a process instance with key '{command.key}', but no such process "
            f"was found"
        )
    if element.parent_element != NONE_KEY:
        raise InvalidState(
            f"Expected to cancel a process instance with key '{command.key}', but it is created by a "
            f"parent process instance. Cancel the root process instance '{element.root}' instead."
        )
    run.touch(element.root, element.instance)
    admit_command(run, element, "instance.cancel", {})
    run.later(Terminate(command.key))
    run.reply = Done(command.key)


HANDLES = {CancelInstance: Handler("CANCEL", cancel_instance)}
