"""Rules compiled: per action, the tests of one block in the order deny, duty, allow.

Compiling checks every word against the vocabulary (this is what replaces a schema) and is cached by
the content of the rules, so that many instances under one grant share the closures.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from remit.authority import canon, slope
from remit.authority.constraints import Test, compile_clause, misuse
from remit.authority.duties import DUTIES
from remit.authority.errors import PolicyError
from remit.authority.policy import Clause, Duty, Grant, Limits, Rules, clauses
from remit.authority.vocabulary import ACTIONS, FORMER, OWN, VARIABLE, closest, matching

Checks = tuple[tuple[str, Test | None], ...]
Needs = tuple[tuple[str, Test | None, tuple[Test, ...]], ...]
SLOPE_FACTS = frozenset(OWN) - {"now"}
TRUST_FACTS = frozenset({"actorLevel", "slopeTrust", "slopeLow"})


@dataclass(frozen=True, slots=True)
class Program:
    """What one block asks about one action. `allow` None: this block has no filter of its own."""

    deny: Checks
    duty: Needs
    allow: Checks | None


@dataclass(frozen=True, slots=True, eq=False)
class CompiledRules:
    """The programs of one block, by action; the facts that they read; its bounds of the slope.

    The same rules are the same object: what follows from several is worked out once for all chains.
    """

    programs: dict[str, Program]
    referenced: dict[str, frozenset[str]]
    bounds: Limits | None
    fresh: frozenset[str]
    reads_slope: bool


def compile_rules(rules: Rules) -> CompiledRules:
    """Raises PolicyError for words that do not exist."""
    return _compile(canon.encode(_rules_part(rules)), _Same(rules))


def _rules_part(rules: Rules) -> object:
    parts = [rules.allow, rules.deny, rules.duty, rules.slope]
    if isinstance(rules, Grant):
        parts += [rules.on_deny, rules.audit, rules.fresh]  # type: ignore[list-item]
    return parts


class _Same:
    """Rules as an argument that does not count for the cache: their content is the key."""

    def __init__(self, rules: Rules) -> None:
        self.rules = rules

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same)

    def __hash__(self) -> int:
        return 0


@lru_cache(maxsize=1024)
def _compile(content: bytes, same: _Same) -> CompiledRules:
    rules = same.rules
    _check_rest(rules)
    expanded = {clause.id: actions_of(clause) for clause in clauses(rules)}
    for clause in clauses(rules):
        _check_clause(clause, expanded[clause.id])
    _check_trust(rules)
    programs = _programs(rules, expanded)
    referenced = {action: _referenced(rules, action, expanded) for action in ACTIONS}
    fresh = matching_all(rules.fresh, "fresh") if isinstance(rules, Grant) else frozenset()
    reads = any(SLOPE_FACTS & facts for facts in referenced.values())
    return CompiledRules(programs, referenced, rules.slope, fresh, reads)


def actions_of(clause: Clause) -> frozenset[str]:
    """The actions that a clause speaks of. Raises PolicyError."""
    return matching_all(clause.do, clause.id)


def matching_all(patterns: tuple[str, ...], clause: str) -> frozenset[str]:
    """All actions that these patterns mean. Raises PolicyError for a pattern that means none."""
    found: set[str] = set()
    for pattern in patterns:
        actions = matching(pattern)
        if not actions:
            hint = closest(pattern, list(ACTIONS))
            raise PolicyError(clause, f"there is no action {pattern}{hint}")
        found.update(actions)
    return frozenset(found)


def former_facts(rules: Rules) -> Iterator[tuple[Clause, str]]:
    """The clauses that ask for what an action has no more: no new policy may. With the reason."""
    for clause in clauses(rules):
        asked = set(clause.on)
        if isinstance(clause, Duty):
            asked.update(*(DUTIES[need][1] for need in clause.need))
        for action in sorted(actions_of(clause)):
            former = FORMER.get(action, {})
            for fact in sorted(asked & former.keys()):
                yield clause, f"{action} has no fact {fact}: {former[fact].why}"


def _tests(of: tuple[Clause, ...], in_doubt: bool) -> dict[str, Test | None]:
    return {clause.id: compile_clause(clause, in_doubt=in_doubt) for clause in of}


def _programs(rules: Rules, expanded: Mapping[str, frozenset[str]]) -> dict[str, Program]:
    """Each clause is compiled once and shared by all actions that it speaks of."""
    deny, duty = _tests(rules.deny, True), _tests(rules.duty, True)
    allow = _tests(rules.allow or (), False)
    needs = {each.id: tuple(DUTIES[name][0] for name in each.need) for each in rules.duty}

    def program(action: str) -> Program:
        def here(tests: dict[str, Test | None]) -> Checks:
            return tuple((name, test) for name, test in tests.items() if action in expanded[name])

        duties = tuple((name, test, needs[name]) for name, test in here(duty))
        return Program(here(deny), duties, None if rules.allow is None else here(allow))

    return {action: program(action) for action in ACTIONS}


def _referenced(
    rules: Rules, action: str, expanded: Mapping[str, frozenset[str]]
) -> frozenset[str]:
    """The facts that deciding about `action` may read, or that the grant wants recorded."""
    names: set[str] = set()
    for clause in clauses(rules):
        if action in expanded[clause.id]:
            names.update(clause.on)
            if isinstance(clause, Duty):
                names.update(*(DUTIES[need][1] for need in clause.need))
    if isinstance(rules, Grant):
        known = ACTIONS[action]
        names.update(name for name in rules.audit.ctx if known.type_of(name))
    return frozenset(names)


def _check_clause(clause: Clause, actions: frozenset[str]) -> None:
    if not clause.do:
        raise PolicyError(clause.id, "names no action")
    for attribute, operators in clause.on.items():
        for action in sorted(actions):
            _check_attribute(clause, attribute, action)
        if not operators:
            raise PolicyError(clause.id, f"says nothing about {attribute}")
        declared = ACTIONS[min(actions)].signed_type_of(attribute)
        assert declared is not None
        for operator, operand in operators.items():
            wrong = misuse(attribute, declared, operator, operand)
            if wrong:
                raise PolicyError(clause.id, wrong)
    if isinstance(clause, Duty):
        _check_duty(clause, actions)


def _check_trust(rules: Rules) -> None:
    """More trust may only permit more.

    The trust of a chain is the worst that its blocks say. Were less trust ever to permit something,
    a child that trusts less could do what its parent may not.
    """
    restricting = {clause.id for clause in (*rules.deny, *rules.duty)}
    for clause in clauses(rules):
        only = "max" if clause.id in restricting else "min"
        for attribute in TRUST_FACTS & set(clause.on):
            if set(clause.on[attribute]) != {only}:
                kind = "deny and duty" if only == "max" else "allow"
                raise PolicyError(
                    clause.id, f"{kind} clauses may compare {attribute} by {only} only"
                )


def _check_attribute(clause: Clause, attribute: str, action: str) -> None:
    known = ACTIONS[action]
    if known.signed_type_of(attribute) is None:
        hint = closest(attribute, known.attributes())
        if attribute.startswith(VARIABLE):
            hint = " (variables are not at hand there)"
        raise PolicyError(clause.id, f"{action} has no fact {attribute}{hint}")


def _check_duty(clause: Duty, actions: frozenset[str]) -> None:
    if not clause.need:
        raise PolicyError(clause.id, "is a duty that needs nothing")
    for need in clause.need:
        if need not in DUTIES:
            hint = closest(need, list(DUTIES))
            raise PolicyError(clause.id, f"there is no duty {need}{hint}")
        for fact in DUTIES[need][1]:
            for action in sorted(actions):
                _check_attribute(clause, fact, action)


def _check_rest(rules: Rules) -> None:
    """The slope's numbers, and the actions named outside of clauses."""
    if rules.slope is not None:
        wrong = slope.check_rules(rules.slope)
        if wrong:
            raise PolicyError("$slope", wrong)
        for action in rules.slope.floors:
            if action not in ACTIONS:
                raise PolicyError("$slope", f"there is no action {action}")
    if isinstance(rules, Grant):
        for action in rules.on_deny:
            if action not in ACTIONS and action != "default":
                raise PolicyError("$on_deny", f"there is no action {action}")
