"""The business id of a process instance: what people call it, e.g. the number of an order (8.9).

It is given once, to a root process instance: with its creation, by a command, or by the worker who
completes a job. The same one again changes nothing, another one is refused.
"""

from __future__ import annotations

from remit.base.errors import InvalidArgument, InvalidState
from remit.engine.governance import admit_command
from remit.engine.run import Run
from remit.engine.state.entities import ElementInstance
from remit.protocol.events.process_instance import BusinessIdAssigned
from remit.protocol.values import NONE_KEY

LONGEST = 256


def check(run: Run, instance: ElementInstance, wanted: str) -> None:
    """Raises a rejection where `instance`, a process instance, can't have this business id."""
    if instance.parent_element != NONE_KEY:
        raise InvalidState(
            f"Expected to assign a business id to process instance with key '{instance.key}', but it is "
            f"created by a parent process instance. Choose the root process instance "
            f"'{instance.root}' instead."
        )
    if not wanted.strip() or len(wanted) > LONGEST:
        raise InvalidArgument(
            f"Expected a business id of 1 to {LONGEST} characters, but it has {len(wanted)}"
        )
    has = _of(run, instance)
    if has and has != wanted:
        raise InvalidState(
            f"Expected to assign a business id to process instance with key '{instance.key}', but it "
            f"has the business id '{has}' already"
        )
    admit_command(run, instance, "instance.modify", {})


def assign(run: Run, instance: ElementInstance, wanted: str) -> None:
    """`check` has let it through."""
    if _of(run, instance) != wanted:
        process_id = run.definition(instance.definition).row.process_id
        run.emit(
            BusinessIdAssigned(
                instance.key, instance.key, instance.definition, process_id, wanted,
                instance.tenant,
            )
        )  # fmt: skip


def _of(run: Run, instance: ElementInstance) -> str:
    row = run.state.instances.get(instance.key)
    return "" if row is None else row.business_id
