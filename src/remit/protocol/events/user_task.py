"""The life of user tasks (rule 83). Each event carries the task as it is after it."""

from __future__ import annotations

from remit.protocol.events.base import Event, event, number
from remit.protocol.numbers import ValueType
from remit.protocol.values import UserTask


class UserTaskEvent(Event, frozen=True):
    key: int
    task: UserTask


@event("CREATING")
class UserTaskCreating(UserTaskEvent, frozen=True, tag=number(ValueType.USER_TASK, 0)):
    pass


@event("CREATED")
class UserTaskCreated(UserTaskEvent, frozen=True, tag=number(ValueType.USER_TASK, 1)):
    pass


@event("COMPLETING")
class UserTaskCompleting(UserTaskEvent, frozen=True, tag=number(ValueType.USER_TASK, 3)):
    pass


@event("COMPLETED")
class UserTaskCompleted(UserTaskEvent, frozen=True, tag=number(ValueType.USER_TASK, 4)):
    pass


@event("CANCELING")
class UserTaskCanceling(UserTaskEvent, frozen=True, tag=number(ValueType.USER_TASK, 5)):
    pass


@event("CANCELED")
class UserTaskCanceled(UserTaskEvent, frozen=True, tag=number(ValueType.USER_TASK, 6)):
    pass


@event("ASSIGNING")
class UserTaskAssigning(UserTaskEvent, frozen=True, tag=number(ValueType.USER_TASK, 8)):
    pass


@event("ASSIGNED")
class UserTaskAssigned(UserTaskEvent, frozen=True, tag=number(ValueType.USER_TASK, 9)):
    pass


@event("UPDATING")
class UserTaskUpdating(UserTaskEvent, frozen=True, tag=number(ValueType.USER_TASK, 12)):
    pass


@event("UPDATED")
class UserTaskUpdated(UserTaskEvent, frozen=True, tag=number(ValueType.USER_TASK, 13)):
    pass


@event("MIGRATED")
class UserTaskMigrated(UserTaskEvent, frozen=True, tag=number(ValueType.USER_TASK, 14)):
    pass


@event("COMPLETION_DENIED")
class UserTaskCompletionDenied(UserTaskEvent, frozen=True, tag=number(ValueType.USER_TASK, 17)):
    pass


@event("CORRECTED")
class UserTaskCorrected(UserTaskEvent, frozen=True, tag=number(ValueType.USER_TASK, 18)):
    """A listener has changed what was about to happen."""


@event("ASSIGNMENT_DENIED")
class UserTaskAssignmentDenied(UserTaskEvent, frozen=True, tag=number(ValueType.USER_TASK, 19)):
    pass


@event("UPDATE_DENIED")
class UserTaskUpdateDenied(UserTaskEvent, frozen=True, tag=number(ValueType.USER_TASK, 20)):
    pass


@event("CLAIMING")
class UserTaskClaiming(UserTaskEvent, frozen=True, tag=number(ValueType.USER_TASK, 201)):
    """ASSIGNING by a claim. (Zeebe has the number 20, which was UPDATE_DENIED's here before.)"""
