"""ASSIGN a business id to a running root process instance that has none (8.10).

It is given once: the same one again changes nothing, another one is refused.
"""

from __future__ import annotations

from remit.base.errors import NotFound
from remit.engine import business_ids
from remit.engine.instances import find_running
from remit.engine.run import Handler, Run
from remit.protocol.commands import AssignBusinessId
from remit.protocol.replies import Done


def assign_business_id(run: Run, command: AssignBusinessId) -> None:
    instance = find_running(run, command.key)
    if instance is None:
        raise NotFound(
            f"Expected to assign a business id to process instance with key '{command.key}', but no "
            f"such process was found"
        )
    run.touch(instance.root, instance.key)
    business_ids.check(run, instance, command.business_id)
    business_ids.assign(run, instance, command.business_id)
    run.reply = Done(command.key)


HANDLES = {AssignBusinessId: Handler("ASSIGN_BUSINESS_ID", assign_business_id)}
