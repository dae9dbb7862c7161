"""DELETE the history of a process instance that has ended, or of a decision evaluation.

The engine keeps nothing of them: it only makes sure that an instance is none that runs, and tells
history, where the deletion happens.
"""

from __future__ import annotations

from remit.base.errors import InvalidState, NotFound
from remit.base.keys import partition_of
from remit.engine.run import Handler, Run
from remit.protocol.commands import DeleteDecisionHistory, DeleteInstanceHistory
from remit.protocol.events.batch import DecisionHistoryDeleted, InstanceHistoryDeleted
from remit.protocol.replies import Done


def delete_history(run: Run, command: DeleteInstanceHistory) -> None:
    if partition_of(command.key) != run.state.partition or command.key >= run.state.next_key:
        raise NotFound(
            f"Expected to delete the history of process instance with key '{command.key}', but no "
            f"such process instance was found"
        )
    if run.state.find_element(command.key) is not None:
        raise InvalidState(
            f"Expected to delete the history of process instance with key '{command.key}', but it has "
            f"not ended. Cancel it first."
        )
    run.emit(InstanceHistoryDeleted(run.new_key(), command.key))
    run.reply = Done(command.key)


def delete_decision(run: Run, command: DeleteDecisionHistory) -> None:
    run.emit(DecisionHistoryDeleted(run.new_key(), command.key))
    run.reply = Done(command.key)


HANDLES = {
    DeleteInstanceHistory: Handler("DELETE", delete_history),
    DeleteDecisionHistory: Handler("DELETE", delete_decision),
}
