"""What the blocks of a chain ask, worked out once for all chains that hold the same rules.

Thousands of instances run under one grant, each with a binding of its own. A binding has no rules: what
is asked about an action, which facts that takes, and where the answer can only be one, is the same for
all of them.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from msgspec import Struct

from remit.authority.policy import Limits
from remit.authority.rules import CompiledRules, Program
from remit.authority.vocabulary import ACTIONS, OWN

SUBJECT = frozenset({"tenant", "process", "version", "instance"})
"""Facts that each decision reads: whose instance it is."""


_INDIVIDUAL = frozenset({"instance", "now"})


class Part(Struct, frozen=True):
    """What one block asks about one action. Without `program` it is a binding: it asks nothing."""

    program: Program | None
    bounds: Limits | None


UNASKED = Part(None, None)
"""Of a binding."""


class Asking(Struct, frozen=True):
    """What all blocks ask about one action.

    `referenced` are the facts that the answer may depend on, sorted; `names` those of them that are not
    the subject's. `reads_own`: it takes facts that the evaluator adds itself. `certain` are the clauses
    of a question that can only be admitted, whatever the facts, while every block is in force.
    `is_individual`: a rule may ask which instance it is, or what time.
    """

    parts: tuple[Part, ...]
    referenced: tuple[str, ...]
    names: tuple[str, ...]
    reads_own: bool
    certain: tuple[str, ...] | None
    is_individual: bool


class Rulebook:
    """By action, what the blocks of a chain ask; `None` among them stands for a binding."""

    __slots__ = ("_asking", "_beyond", "_is_job", "_passes", "_rules")

    def __init__(self, rules: tuple[CompiledRules | None, ...], is_job: bool) -> None:
        self._rules = rules
        self._is_job = is_job
        self._asking: dict[str, Asking] = {}
        self._passes: dict[str, tuple[str, ...] | None] = {}
        self._beyond: dict[tuple[str, ...], tuple[str, ...]] = {}

    def asking(self, action: str) -> Asking | None:
        """None for what is no action."""
        found = self._asking.get(action)
        if found is None and action in ACTIONS:
            found = self._asking[action] = self._worked_out(action)
        return found

    def passes(self, action: str) -> tuple[str, ...] | None:
        """The deciding clauses where the question can only be admitted, with nothing recorded."""
        try:
            return self._passes[action]
        except KeyError:
            asking = self.asking(action)
            found = None if asking is None or asking.names else asking.certain
            self._passes[action] = found
            return found

    def beyond_subject(self, actions: tuple[str, ...]) -> tuple[str, ...]:
        """The facts that any of these actions may read, sorted, without the subject's."""
        found = self._beyond.get(actions)
        if found is None:
            found = self._beyond[actions] = tuple(
                name for name in self._referenced(actions) if name not in SUBJECT
            )
        return found

    def _worked_out(self, action: str) -> Asking:
        parts = tuple(
            Part(each.programs[action], each.bounds) if each else UNASKED for each in self._rules
        )
        return Asking(
            parts,
            self._referenced((action,)),
            self.beyond_subject((action,)),
            self._reads(action, OWN),
            _certain(parts),
            self._is_job or self._reads(action, _INDIVIDUAL),
        )

    def _reads(self, action: str, facts: Iterable[str]) -> bool:
        """Whether a rule about this action reads one of these facts."""
        return any(each and not each.referenced[action].isdisjoint(facts) for each in self._rules)

    def _referenced(self, actions: tuple[str, ...]) -> tuple[str, ...]:
        names = set(SUBJECT)
        for action in actions:
            names.update(*(each.referenced[action] for each in self._rules if each))
            if self._is_job and "jobKey" in ACTIONS[action].facts:
                names.add("jobKey")
        if "actorLevel" in names:
            names.add("actorMethod")
        return tuple(sorted(names - set(OWN)))


@lru_cache(maxsize=1024)
def rulebook(rules: tuple[CompiledRules | None, ...], is_job: bool) -> Rulebook:
    """The same one for the same rules; `is_job`: the chain is a warrant for one job."""
    return Rulebook(rules, is_job)


def _certain(parts: tuple[Part, ...]) -> tuple[str, ...] | None:
    """The deciding clauses, where no fact and no slope could change them."""
    clauses = []
    for part in parts:
        clause = _certain_clause(part)
        if clause is None:
            return None
        clauses.append(clause)
    return tuple(clauses)


def _certain_clause(part: Part) -> str | None:
    program = part.program
    if part.bounds is not None:
        return None
    if program is None:
        return "$bound"
    if program.deny or program.duty:
        return None
    if program.allow is None:
        return "$inherit"
    if program.allow and program.allow[0][1] is None:
        return program.allow[0][0]
    return None
