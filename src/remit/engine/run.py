"""A run: one turn while it is being played.

Handlers, stages and element behaviours see the partition through this and nothing else: they read
tables, emit events (appended and folded at once), put items on the agenda and ask for effects.
Whatever is done after a `mark` can be undone.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from remit.base.errors import InvalidState
from remit.engine.agenda import AgendaItem
from remit.engine.chance import Chance
from remit.engine.definitions import Definition, Load, Plan
from remit.engine.faults import Busy
from remit.engine.state.entities import ElementInstance
from remit.engine.state.folds import FOLDS
from remit.engine.state.state import State
from remit.engine.turn import Answer, Effect, JobsAvailable, Request, Send, Turn
from remit.identity.principal import Principal
from remit.protocol.commands import (
    AssignBusinessId,
    CancelInstance,
    Command,
    Continue,
    MigrateInstance,
    ResumeInstance,
    SetVariables,
    SuspendInstance,
    UpdateJobRetries,
    UpdateJobTimeout,
    YieldJob,
)
from remit.protocol.events import Event
from remit.protocol.events.process_instance import KIND_NUMBERS
from remit.protocol.replies import Reply
from remit.protocol.values import NONE_KEY, Actor, Header


class Handler(NamedTuple):
    """`intent` is Zeebe's name of the command, as rejections show it."""

    intent: str
    handle: Callable[[Run, Any], None]


Handlers = Mapping[type[Command], Handler]

_GO_BEFORE = (Continue, CancelInstance)
"""Commands that a root with a rest takes: the rest itself, and what ends it all."""

_WHILE_SUSPENDED = (
    AssignBusinessId,
    Continue,
    CancelInstance,
    MigrateInstance,
    ResumeInstance,
    SetVariables,
    SuspendInstance,
    UpdateJobRetries,
    UpdateJobTimeout,
    YieldJob,
)
"""Commands that a suspended instance takes: none of them lets a token move."""

BODY_KIND = KIND_NUMBERS["MULTI_INSTANCE_BODY"]

Mark = tuple[int, int, int, int, int, int]


class Run:
    """`now` is the time of the turn in epoch milliseconds.

    `command` is the one that was handled last: the request's own, or one that is a part of that.
    `choices` hands what a stage has decided for an element to the moment that acts on it. `viewer` is
    the caller where tenants count.
    """

    __slots__ = (
        "_chance",
        "agenda",
        "choices",
        "command",
        "commands",
        "effects",
        "events",
        "header",
        "load",
        "local",
        "now",
        "reply",
        "request",
        "root",
        "state",
        "viewer",
    )

    def __init__(
        self, state: State, request: Request, now: int, load: Load, commands: Handlers
    ) -> None:
        self.state = state
        self.load = load
        self.commands = commands
        self.request = request
        self.command: Command = request.command
        self.header: Header = request.header
        self.now = now
        self.events: list[Event] = []
        self.effects: list[Effect] = []
        self.agenda: deque[AgendaItem] = deque()
        self.local: deque[Command] = deque()
        self.reply: Reply | None = None
        self._chance: Chance | None = None
        self.choices: dict[int, Any] = {}
        self.root = -1
        self.viewer: Principal | None = None

    @property
    def actor(self) -> Actor:
        return self.header.actor

    @property
    def chance(self) -> Chance:
        """Where the expressions of this turn draw from."""
        if self._chance is None:
            self._chance = Chance(self.state.partition, self.state.position + 1)
        return self._chance

    def handle(self, command: Command) -> None:
        """Decide on a command: this turn's own, or one that this partition sent itself."""
        self.command = command
        self.commands[command.__class__].handle(self, command)

    # --- writing -----------------------------------------------------------------------------------

    def emit(self, event: Event) -> None:
        """The only way to change the state."""
        self.events.append(event)
        FOLDS[event.__class__](self.state, event)

    def new_key(self) -> int:
        key = self.state.next_key
        self.state.next_key = key + 1
        return key

    def later(self, item: AgendaItem) -> None:
        self.agenda.append(item)

    def soon(self, item: AgendaItem) -> None:
        """Before everything else on the agenda."""
        self.agenda.appendleft(item)

    def send(self, partition: int, command: Command) -> None:
        """To a partition, this one included: there it is handled in this very turn."""
        if partition == self.state.partition:
            self.local.append(command)
        else:
            self.effects.append(Send(partition, Request(command, self.header)))

    def answer(self, request_id: str, reply: Reply) -> None:
        self.effects.append(Answer(request_id, reply))

    def jobs_available(self, job_type: str, tenant: str) -> None:
        self.effects.append(JobsAvailable(job_type, tenant))

    # --- reading -----------------------------------------------------------------------------------

    def element(self, key: int) -> ElementInstance:
        return self.state.elements[key]

    def sees(self, tenant: str) -> bool:
        """Whether what is in this tenant is there for the caller."""
        return self.viewer is None or self.viewer.sees(tenant)

    def definition(self, key: int) -> Definition:
        """The definition with this key; parsed when it is first needed."""
        cache = self.state.definition_cache
        found: Definition | None = cache.get(key)
        if found is None:
            found = cache[key] = self.load(self.state.processes[key])
        return found

    def plan(self, element: ElementInstance) -> Plan:
        definition = self.definition(element.definition)
        if element.kind == BODY_KIND:
            return definition.bodies[element.element]
        return definition.plans[element.element]

    def touch(self, root: int, instance: int = NONE_KEY) -> None:
        """This turn concerns the instances of `root`, and among them `instance`.

        Refused when a bug has banned them, or when `instance` is suspended and the command needs it to
        go on.
        """
        self.root = root
        self.state.load_root(root)
        if root in self.state.rests and not isinstance(self.request.command, _GO_BEFORE):
            raise Busy(f"process instance '{root}' is in the middle of a long step")
        banned = self.state.banned.get(root)
        if banned is not None:
            raise InvalidState(
                f"Expected to go on with process instance '{root}', but it is banned after an "
                f"internal error: {banned.message}"
            )
        command = self.command
        if instance in self.state.suspensions and not isinstance(command, _WHILE_SUSPENDED):
            raise InvalidState(
                f"Expected to {_in_words(command)} in process instance '{instance}', but it is "
                f"suspended. Resume it first."
            )

    # --- undoing -----------------------------------------------------------------------------------

    def mark(self) -> Mark:
        state = self.state
        return (
            len(state.journal),
            len(self.events),
            len(self.effects),
            len(self.agenda),
            len(self.local),
            state.next_key,
        )

    def undo(self, mark: Mark) -> None:
        """Back to `mark`. Items may have been appended to the agenda since, not taken from it."""
        changes, events, effects, items, commands, next_key = mark
        self.state.undo(changes)
        del self.events[events:]
        del self.effects[effects:]
        while len(self.agenda) > items:
            self.agenda.pop()
        while len(self.local) > commands:
            self.local.pop()
        self.state.next_key = next_key

    def finish(self) -> Turn:
        """Seal the turn and give its records their positions."""
        state = self.state
        position = state.position + 1
        state.position = position + len(self.events)
        state.timestamp = self.now
        return Turn(position, self.now, self.request, self.reply, self.events, self.effects)


def _in_words(command: Command) -> str:
    """
    >>> from remit.protocol.commands import CompleteJob
    >>> _in_words(CompleteJob(1))
    'complete job'
    """
    return re.sub("(?<!^)([A-Z])", r" \1", type(command).__name__).lower()
