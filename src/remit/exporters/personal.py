"""Personal variables are kept out of what is exported (`audit: {personal: …}` of a policy).

    VARIABLE records                       their value
    variables and facts of other records   the values under these names, at any depth
    DECISION_EVALUATION                    the whole evaluation: its inputs go by other names

In their place stands {"withheld": HEX}, see `remit.authority.redaction`; without the holder's key the
hash is empty. Which variables are personal is said by the records that attach policies: an exporter that
goes on after a restart reads the log again from the oldest of those that are still in force.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from remit.authority import Signer
from remit.authority.redaction import personal_in, salt_of, withhold
from remit.partition.log import Logged
from remit.protocol.events import Event
from remit.protocol.events.governance import PolicyAttached, PolicySucceeded
from remit.protocol.events.process_instance import (
    ElementActivating,
    ElementCompleted,
    ElementTerminated,
)
from remit.protocol.values import NONE_KEY

_ENDED = (ElementCompleted, ElementTerminated)
_DOCUMENTS = frozenset(("variables", "facts", "also", "result", "userTask", "before"))
_WHOLE = "evaluation"
_SCOPES = ("processInstanceKey", "scopeKey", "variableScopeKey", "elementInstanceKey")


class _Governed:
    """An instance with personal variables: from which turn on, and in which it ended."""

    __slots__ = ("names", "since", "until")

    def __init__(self, names: frozenset[str], since: int) -> None:
        self.names = names
        self.since = since
        self.until = -1


class Personal:
    """Follows one partition's log, and withholds in its records what is personal."""

    def __init__(self, signer: Signer | None) -> None:
        self._signer = signer
        self._instances: dict[int, _Governed] = {}
        self._instance_of: dict[int, int] = {}

    def follow(self, position: int, event: Event) -> None:
        """Every event of the turn at `position`, before its record."""
        if isinstance(event, PolicyAttached | PolicySucceeded):
            known = self._instances.get(event.instance)
            names = personal_in(event.tokens) | (known.names if known else frozenset())
            if names:
                since = known.since if known else position
                self._instances[event.instance] = _Governed(names, since)
                self._instance_of[event.instance] = event.instance
        elif not self._instances:
            return
        elif isinstance(event, ElementActivating):
            if event.instance in self._instances:
                self._instance_of[event.key] = event.instance
        elif event.__class__ in _ENDED and event.key in self._instances:
            self._instances[event.key].until = position

    def pass_by(self, turn: Logged) -> None:
        """A turn that was exported before."""
        for event in turn.events:
            self.follow(turn.position, event)

    def reads_from(self, position: int) -> int:
        """Where to read on from after a restart, when everything up to `position` is exported."""
        over = [
            key for key, each in self._instances.items() if 0 <= each.until <= position
        ]  # fmt: skip
        for key in over:
            del self._instances[key]
        if over:
            gone = frozenset(over)
            self._instance_of = {
                key: instance for key, instance in self._instance_of.items() if instance not in gone
            }
        return min((each.since - 1 for each in self._instances.values()), default=position)

    def withhold(self, value_type: str, value: dict[str, Any]) -> dict[str, Any]:
        """The value of a record, without what is personal."""
        if not self._instances:
            return value
        if "jobs" in value:
            value = {**value, "jobs": [self.withhold(value_type, job) for job in value["jobs"]]}
        instance = self._instance(value)
        governed = self._instances.get(instance)
        if governed is None:
            return value
        names = governed.names

        def hidden(name: str, found: Any) -> dict[str, str]:
            return self._hidden(instance, name, found)

        if value_type == "VARIABLE" and value.get("name") in names:
            return {**value, "value": hidden(value["name"], value["value"])}
        kept = dict(value)
        for field, found in value.items():
            if field in _DOCUMENTS:
                kept[field] = _without(found, names, hidden)
            elif field == _WHOLE:
                kept[field] = hidden(_WHOLE, found)
        return kept

    def _instance(self, value: dict[str, Any]) -> int:
        for field in _SCOPES:
            found = self._instance_of.get(value.get(field, NONE_KEY))
            if found is not None:
                return found
        return NONE_KEY

    def _hidden(self, instance: int, name: str, value: Any) -> dict[str, str]:
        if self._signer is None:
            return {"withheld": ""}
        salt = salt_of(self._signer, str(instance), name)
        return {"withheld": withhold(value, salt).digest}


def _without(value: Any, names: frozenset[str], hidden: Callable[[str, Any], Any]) -> Any:
    """A document without the values under these names."""
    if isinstance(value, dict):
        return {
            name: hidden(name.removeprefix("var."), each)
            if name.removeprefix("var.") in names
            else _without(each, names, hidden)
            for name, each in value.items()
        }
    if isinstance(value, list):
        return [_without(each, names, hidden) for each in value]
    return value
