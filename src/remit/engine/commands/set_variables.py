"""Set variables at a scope: there alone, or merged upward (rule 9)."""

from __future__ import annotations

from remit.base.errors import NotFound
from remit.engine.governance import admit_write_by, without_policy
from remit.engine.lifecycle import IS_ENDING
from remit.engine.run import Handler, Run
from remit.engine.variables import propagate, set_local
from remit.protocol.commands import SetVariables
from remit.protocol.events.variable import VariablesSet
from remit.protocol.replies import Done


def set_variables(run: Run, command: SetVariables) -> None:
    element = run.state.find_element(command.element_key)
    if element is None or element.phase in IS_ENDING or not run.sees(element.tenant):
        raise NotFound(
            f"Expected to update variables for element with key '{command.element_key}', but no such "
            f"element was found"
        )
    run.touch(element.root, element.instance)
    variables = without_policy(run, element, command.variables)
    admit_write_by(run, element, variables, "api")
    key = run.new_key()
    write = set_local if command.local else propagate
    write(run, element, variables)
    run.emit(VariablesSet(key, element.key, command.local, variables))
    run.reply = Done(key)


HANDLES = {SetVariables: Handler("UPDATE", set_variables)}
