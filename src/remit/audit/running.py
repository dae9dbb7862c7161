"""The governed instances that run, as the log has told of them so far.

An instance is known from the record that attaches its policy until it has ended. Meanwhile its scopes
and variables are followed, so that a decision's facts can be compared with what the log itself says at
that moment. Whose instance it is, the log tells by the definition that was deployed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from remit.audit.beginnings import Beginnings
from remit.audit.carried import Carried
from remit.audit.coverage import FINE, Findings
from remit.audit.records import Turn
from remit.authority.duties import count_actor, prior_actors
from remit.protocol.events.deployment import ProcessCreated
from remit.protocol.events.process_instance import (
    ElementActivating,
    ElementCompleted,
    ElementTerminated,
)
from remit.protocol.events.variable import VariableCreated, VariableUpdated
from remit.protocol.values import NONE_KEY

_NOWHERE = (NONE_KEY, NONE_KEY)
NOTHING = object()
"""What a variable is that no scope has."""


class Share(NamedTuple):
    """What one of several who read the same log asks about: each family of instances is one's alone.

    An instance and all that it calls are a family, named by its root: from one family to another goes
    nothing but what the log says.
    """

    which: int = 0
    of: int = 1

    def has(self, root: int) -> bool:
        return root % self.of == self.which


ALL = Share()


class Running:
    """`governed` are the instances of our `share`; `elsewhere` are those that another asks about.

    `beginnings` is what all of them share in the tables. `element_of` are the live elements of governed
    ones: the instance of each, and the scope that it is in. `definitions` are the deployed processes.
    """

    def __init__(self, share: Share) -> None:
        self.share = share
        self.governed: dict[int, Carried] = {}
        self.elsewhere: set[int] = set()
        self.beginnings = Beginnings()
        self.over: list[int] = []
        self.element_of: dict[int, tuple[int, int]] = {}
        self._variables: dict[int, dict[str, bytes]] = {}
        self.definitions: dict[int, dict[str, Any]] = {}
        self._acted: dict[int, dict[str, int]] = {}

    def deployed(self, event: ProcessCreated) -> None:
        made = event.definition
        self.definitions[made.key] = {
            "tenant": made.tenant, "process": made.process_id, "version": made.version,
        }  # fmt: skip

    def begun(self, event: ElementActivating) -> None:
        """Which instance each live element belongs to, for effects that name only the element."""
        if event.instance in self.governed:
            self.element_of[event.key] = (event.instance, event.scope)

    def written(
        self, turn: Turn, position: int, event: VariableCreated | VariableUpdated
    ) -> Findings:
        """The values of variables, as the log writes them."""
        if event.instance in self.governed:
            known = self._variables.get(event.scope)
            if known is None:
                known = self._variables[event.scope] = {}
            known[event.name] = bytes(event.value)
        return FINE

    def ended(
        self, turn: Turn, position: int, event: ElementCompleted | ElementTerminated
    ) -> Findings:
        """Of an instance that has ended, the turn may still tell: see `forget`."""
        instance, key = event.instance, event.key
        if instance not in self.governed:
            if event.scope == NONE_KEY and instance in self.elsewhere:
                self.over.append(instance)
            return FINE
        self.element_of.pop(key, None)
        self._variables.pop(key, None)
        if event.scope == NONE_KEY:
            self.over.append(instance)
        return FINE

    def forget(self) -> list[Carried]:
        """The turn is over: the governed ones that have ended in it."""
        ended = []
        for instance in self.over:
            self.elsewhere.discard(instance)
            self.beginnings.release(instance)
            carried = self.governed.pop(instance, None)
            if carried is not None:
                self._acted.pop(instance, None)
                ended.append(carried)
        self.over.clear()
        return ended

    def acted(self, root: int, actor: str, task: int) -> None:
        """Somebody completes a user task of this family, at the element instance `task`."""
        count_actor(self._acted.setdefault(root, {}), actor, task)

    def prior_actors(self, root: int, task: int) -> list[str]:
        """Who has completed other user tasks of this family, sorted."""
        return prior_actors(self._acted.get(root, {}), task)

    def look_up(self, scope: int, name: str) -> object:
        """The bytes of a variable as seen from this scope, or `NOTHING`."""
        while scope != NONE_KEY:
            found = self._variables.get(scope, {}).get(name, NOTHING)
            if found is not NOTHING:
                return found
            _, scope = self.element_of.get(scope, _NOWHERE)
        return NOTHING

    def facts(self, event: Any, facts: Mapping[str, Any]) -> Mapping[str, Any]:
        """What a decision has read; whose instance it is, as the deployed definition says."""
        subject = self.definitions.get(event.definition, {})
        return {**subject, "instance": str(event.instance), **facts}

    def is_subject(self, carried: Carried, event: Any) -> bool:
        """Whether the policy that an instance carries is for it, as the event's definition says."""
        authority = carried.authority
        return authority is not None and authority.is_subject(self.facts(event, {}))
