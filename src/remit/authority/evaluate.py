"""Admission: may this step happen? Asked before each effect, answered in a few microseconds.

    authority = compile_chain(chain, revocations)
    decision = authority.admit("job.complete", facts, slope, now_ms)

Every block of the chain must admit. In each block the order is: validity, revocation, slope, deny
clauses, duties, allow clauses (the first that matches, in file order), else `$default`. Before all
blocks stands `$subject`: the facts must be those of the instance that the chain is for. The first
block that denies ends the question.

Codes of a decision (`reason`):
    admitted             deny    duty    $default    $subject    $action
    $validity            $revoked        $revocation.stale
    $slope.depth         $slope.floor    $slope.step             $slope.xdom

Why a child can never do what its parent may not: its chain is the parent's with blocks added; added
blocks can only say no; facts do not come from blocks, and trust, the one number that blocks do
influence, is the worst of all and may only ever permit more when it is higher (`rules`). The claim
is per step, for the same facts and the same slope.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from msgspec import Struct

from remit.authority import slope as slopes
from remit.authority.chain import VerifiedBlock, VerifiedChain
from remit.authority.errors import BadLink, PolicyError
from remit.authority.policy import Bind, Denial, Derive, DerivedFor, Grant, Limits, Rules
from remit.authority.revocation import Revocations
from remit.authority.rules import CompiledRules, Program, compile_rules
from remit.authority.slope import Arithmetic, Hop, Slope, broken_limit
from remit.authority.vocabulary import ACTIONS, OWN

NEVER = 1 << 62
"""Later than every time, in milliseconds."""

Facts = Mapping[str, object]

SUBJECT = frozenset({"tenant", "process", "version", "instance"})
"""Facts that each decision reads: whose instance it is."""


class Decision(Struct, frozen=True):
    """The answer. `clauses` has one entry per block asked, in the chain's order; the last one decided.

    `slope` is the one after the hop when admitted, else the one before. `duties` are the clauses of
    duty that applied. `on_deny` says what a denied step becomes.
    """

    admitted: bool
    reason: str
    clauses: tuple[str, ...]
    slope: Slope
    duties: tuple[str, ...] = ()
    on_deny: Denial | None = None


@dataclass(frozen=True, slots=True)
class CompiledBlock:
    """One block, ready to be asked. Times in milliseconds."""

    name: str
    hash: str
    nbf_ms: int
    exp_ms: int
    revoked_ms: int
    fresh_until_ms: int
    fresh: frozenset[str]
    programs: Mapping[str, Program] | None
    bounds: Limits | None


class Authority:
    """A compiled chain. Immutable; the same questions always get the same answers."""

    def __init__(
        self,
        chain: VerifiedChain,
        blocks: tuple[CompiledBlock, ...],
        rules: Sequence[CompiledRules],
        arithmetic: Arithmetic,
        epochs: Mapping[str, int],
    ) -> None:
        self.chain = chain
        self.blocks = blocks
        self.arithmetic = arithmetic
        self.epochs = epochs
        self._rules = tuple(rules)
        sub = chain.subject
        self._instance, self._process = sub.instance, sub.process
        self._tenant, self._version = sub.tenant, sub.ver
        self._job = sub.job if isinstance(sub, DerivedFor) else None

    def referenced(self, action: str) -> tuple[str, ...]:
        """The facts that deciding about `action` may read, sorted: what to give and to record.

        The subject's four facts are always among them. With these facts, the slope, the hop and the
        time, the decision can be made again by anybody.
        """
        return _referenced(self._rules, self._job is not None, (action,))

    def beyond_subject(self, *actions: str) -> tuple[str, ...]:
        """The same for any of these actions, without the subject's four facts."""
        return _beyond_subject(self._rules, self._job is not None, actions)

    def variables(self, action: str) -> tuple[str, ...]:
        """The names of the process variables among them."""
        return tuple(name[4:] for name in self.referenced(action) if name.startswith("var."))

    def admit(
        self, action: str, facts: Facts, slope: Slope, now_ms: int, hop: Hop | None = None
    ) -> Decision:
        """Decide about one step; `hop` is the delegation that it would add to the slope."""
        if not self._is_subject(facts):
            return self._denied("$subject", (), slope, action)
        if action not in ACTIONS:
            return self._denied("$action", (), slope, action)
        after = slope if hop is None else self.arithmetic.extend(slope, hop)
        if _reads_own(self._rules, action):
            facts = self._with_own(action, facts, after, now_ms)
        clauses: list[str] = []
        duties: list[str] = []
        for block in self.blocks:
            reason, clause = _ask(block, action, facts, after, now_ms, duties)
            clauses.append(clause)
            if reason:
                return self._denied(reason, tuple(clauses), slope, action, tuple(duties))
        return Decision(True, "admitted", tuple(clauses), after, tuple(duties))

    def _is_subject(self, facts: Facts) -> bool:
        """Strict: the version True is not version 1."""
        get = facts.get
        version = get("version")
        return (
            get("instance") == self._instance
            and get("process") == self._process
            and get("tenant") == self._tenant
            and version == self._version
            and version.__class__ is int
            and (self._job is None or get("jobKey") == self._job)
        )

    def _with_own(self, action: str, facts: Facts, slope: Slope, now_ms: int) -> Facts:
        """The facts with those of the evaluator itself."""
        method = facts.get("actorMethod")
        level = self.arithmetic.level(method) if isinstance(method, str) else 0
        own = {"now": now_ms, "actorLevel": level, **slopes.as_facts(slope)}
        return {**facts, **own}

    def _denied(
        self,
        reason: str,
        clauses: tuple[str, ...],
        slope: Slope,
        action: str,
        duties: tuple[str, ...] = (),
    ) -> Decision:
        on_deny = self._on_deny(len(clauses) - 1, action)
        return Decision(False, reason, clauses, slope, duties, on_deny)

    def _on_deny(self, index: int, action: str) -> Denial:
        """What the denying block says, else the first grant that says something, else an incident."""
        asked = self.chain.blocks[index : index + 1] if index >= 0 else ()
        for each in (*asked, *self.chain.blocks):
            if isinstance(each.block, Grant) and each.block.on_deny:
                said = each.block.on_deny.get(action) or each.block.on_deny.get("default")
                if said is not None:
                    return said
        return "incident"


@lru_cache(maxsize=16_384)
def _referenced(
    rules: tuple[CompiledRules, ...], is_job: bool, actions: tuple[str, ...]
) -> tuple[str, ...]:
    names = set(SUBJECT)
    for action in actions:
        names.update(*(each.referenced[action] for each in rules))
        if is_job and "jobKey" in ACTIONS[action].facts:
            names.add("jobKey")
    if "actorLevel" in names:
        names.add("actorMethod")
    return tuple(sorted(names - set(OWN)))


@lru_cache(maxsize=16_384)
def _beyond_subject(
    rules: tuple[CompiledRules, ...], is_job: bool, actions: tuple[str, ...]
) -> tuple[str, ...]:
    return tuple(name for name in _referenced(rules, is_job, actions) if name not in SUBJECT)


@lru_cache(maxsize=16_384)
def _reads_own(rules: tuple[CompiledRules, ...], action: str) -> bool:
    """Whether any clause about `action` reads what the evaluator itself adds."""
    return any(not each.referenced[action].isdisjoint(OWN) for each in rules)


def _ask(
    block: CompiledBlock, action: str, facts: Facts, slope: Slope, now_ms: int, duties: list[str]
) -> tuple[str, str]:
    """(reason of denial or "", deciding clause) of one block."""
    if not block.nbf_ms <= now_ms < block.exp_ms:
        return "$validity", "$validity"
    if now_ms >= block.revoked_ms:
        return "$revoked", "$revoked"
    if now_ms >= block.fresh_until_ms and action in block.fresh:
        return "$revocation.stale", "$revocation.stale"
    if block.bounds is not None:
        broken = broken_limit(block.bounds, action, slope)
        if broken:
            return broken, broken
    if block.programs is None:
        return "", "$bound"
    program = block.programs[action]
    for name, test in program.deny:
        if test is None or test(facts):
            return "deny", name
    for name, test, needs in program.duty:
        if test is None or test(facts):
            duties.append(name)
            for need in needs:
                if not need(facts):
                    return "duty", name
    if program.allow is None:
        return "", "$inherit"
    for name, test in program.allow:
        if test is None or test(facts):
            return "", name
    return "$default", "$default"


def compile_chain(chain: VerifiedChain, revocations: Sequence[Revocations] = ()) -> Authority:
    """A verified chain, ready to be asked. Raises PolicyError, or BadLink for a missing slope.

    The rules of a block are compiled once for all chains that hold it.
    """
    lists = _relevant(chain, revocations)
    rules = [_compiled(each) for each in chain.blocks]
    _check_slopes(chain, rules)
    blocks = tuple(
        _compile_block(each, compiled, lists)
        for each, compiled in zip(chain.blocks, rules, strict=True)
    )
    arithmetic = Arithmetic(tuple(g.slope for g in chain.grants if g.slope is not None))
    epochs = {iss: each.epoch for iss, each in lists.items()}
    return Authority(chain, blocks, [each for each in rules if each], arithmetic, epochs)


def _relevant(chain: VerifiedChain, revocations: Sequence[Revocations]) -> dict[str, Revocations]:
    """By issuer: the lists of those who granted something in this chain, the newest of each."""
    issuers = {grant.iss for grant in chain.grants}
    found: dict[str, Revocations] = {}
    for each in sorted(revocations, key=lambda one: one.epoch):
        if each.iss in issuers:
            found[each.iss] = each
    return found


def _compile_block(
    each: VerifiedBlock, rules: CompiledRules | None, lists: Mapping[str, Revocations]
) -> CompiledBlock:
    block = each.block
    fresh = rules.fresh if rules else frozenset()
    fresh_until = NEVER
    if isinstance(block, Grant) and fresh:
        known = lists.get(block.iss)
        fresh_until = known.exp * 1000 if known else 0
    return CompiledBlock(
        block.jti,
        each.hash,
        block.nbf * 1000,
        block.exp * 1000,
        _revoked_ms(each, lists),
        fresh_until,
        fresh,
        rules.programs if rules else None,
        rules.bounds if rules else None,
    )


def _revoked_ms(each: VerifiedBlock, lists: Mapping[str, Revocations]) -> int:
    """From when this block is revoked: by its own issuer's list, a link by any in the chain."""
    times = []
    for iss, known in lists.items():
        if not isinstance(each.block, Grant) or each.block.iss == iss:
            times += [known.jtis.get(each.block.jti), known.kids.get(each.kid)]
    return min((since * 1000 for since in times if since is not None), default=NEVER)


def _check_slopes(chain: VerifiedChain, rules: Sequence[CompiledRules | None]) -> None:
    """Who speaks of trust needs a grant, at or before it, that says how trust is counted.

    Otherwise a later block would choose the numbers that an earlier one compares with.
    """
    counted = False
    for each, compiled in zip(chain.blocks, rules, strict=True):
        if isinstance(each.block, Grant) and each.block.slope is not None:
            counted = True
        if compiled is None or counted:
            continue
        if compiled.reads_slope:
            raise PolicyError(each.block.jti, "speaks of trust, but no grant has a slope")
        if compiled.bounds is not None:
            raise BadLink(f"{each.block.jti} bounds the slope, but no grant has one")


def _compiled(each: VerifiedBlock) -> CompiledRules | None:
    if isinstance(each.block, Bind):
        return None
    if isinstance(each.block, Grant):
        return _compile_grant(each.hash, _Held(each.block))
    assert isinstance(each.block, Derive)
    return compile_rules(each.block)


class _Held:
    """Rules whose block hash is the cache's key."""

    def __init__(self, rules: Rules) -> None:
        self.rules = rules

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Held)

    def __hash__(self) -> int:
        return 0


@lru_cache(maxsize=1024)
def _compile_grant(block_hash: str, held: _Held) -> CompiledRules:
    """Shared by all instances under one grant, without spelling out its rules again."""
    assert block_hash
    return compile_rules(held.rules)
