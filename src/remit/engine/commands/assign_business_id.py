"""ASSIGN a business id to a running root process instance that has none (8.10).

It is given once: the same one again changes nothing, another one is refused.
"""

from __future__ import annotations

from remit.base.errors import InvalidArgument, InvalidState, NotFound
from remit.engine.governance import admit_command
from remit.engine.instances import find_running
from remit.engine.run import Handler, Run
from remit.engine.state.entities import ElementInstance
from remit.protocol.commands import AssignBusinessId
from remit.protocol.events.process_instance import BusinessIdAssigned
from remit.protocol.replies import Done
from remit.protocol.values import NONE_KEY

LONGEST = 256


def assign_business_id(run: Run, command: AssignBusinessId) -> None:
    instance = _root(run, command)
    wanted = command.business_id
    if not wanted.strip() or len(wanted) > LONGEST:
        raise InvalidArgument(
            f"Expected a business id of 1 to {LONGEST} characters, but it has {len(wanted)}"
        )
    row = run.state.instances.get(instance.key)
    has = "" if row is None else row.business_id
    if has and has != wanted:
        raise InvalidState(
            f"Expected to assign a business id to process instance with key '{command.key}', but it "
            f"has the business id '{has}' already"
        )
    admit_command(run, instance, "instance.modify", {})
    if not has:
        process_id = run.definition(instance.definition).row.process_id
        run.emit(
            BusinessIdAssigned(
                instance.key, instance.key, instance.definition, process_id, wanted,
                instance.tenant,
            )
        )  # fmt: skip
    run.reply = Done(command.key)


def _root(run: Run, command: AssignBusinessId) -> ElementInstance:
    element = find_running(run, command.key)
    if element is None:
        raise NotFound(
            f"Expected to assign a business id to process instance with key '{command.key}', but no "
            f"such process was found"
        )
    if element.parent_element != NONE_KEY:
        raise InvalidState(
            f"Expected to assign a business id to process instance with key '{command.key}', but it is "
            f"created by a parent process instance. Choose the root process instance "
            f"'{element.root}' instead."
        )
    run.touch(element.root, element.key)
    return element


HANDLES = {AssignBusinessId: Handler("ASSIGN_BUSINESS_ID", assign_business_id)}
