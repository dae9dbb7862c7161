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

from collections.abc import Hashable, Mapping, Sequence
from functools import lru_cache
from typing import Generic, TypeVar

from msgspec import Struct

from remit.authority import slope as slopes
from remit.authority.chain import VerifiedBlock, VerifiedChain
from remit.authority.errors import BadLink, PolicyError
from remit.authority.policy import Bind, Denial, DerivedFor, Grant
from remit.authority.revocation import Revocations
from remit.authority.rulebook import UNASKED, Part, Rulebook, rulebook
from remit.authority.rules import CompiledRules, compile_rules
from remit.authority.slope import Arithmetic, Hop, Slope, broken_limit

NEVER = 1 << 62
"""Later than every time, in milliseconds."""

Facts = Mapping[str, object]


class Decision(Struct, frozen=True, gc=False):
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


class CompiledBlock(Struct, frozen=True, gc=False):
    """One block, ready to be asked. Times in milliseconds."""

    name: str
    hash: str
    nbf_ms: int
    exp_ms: int
    revoked_ms: int
    fresh_until_ms: int
    fresh: frozenset[str]


class Authority:
    """A compiled chain. Immutable; the same questions always get the same answers.

    `alike` is what two chains have in common that answer alike, in force, where `is_alike` says so.
    """

    __slots__ = (
        "_from_ms",
        "_instance",
        "_job",
        "_process",
        "_rules",
        "_tenant",
        "_until_ms",
        "_version",
        "alike",
        "arithmetic",
        "blocks",
        "chain",
        "epochs",
    )

    def __init__(
        self,
        chain: VerifiedChain,
        blocks: tuple[CompiledBlock, ...],
        rules: Rulebook,
        arithmetic: Arithmetic,
        epochs: Mapping[str, int],
    ) -> None:
        self.chain = chain
        self.blocks = blocks
        self.arithmetic = arithmetic
        self.epochs = epochs
        self._rules = rules
        sub = chain.subject
        self._instance, self._process = sub.instance, sub.process
        self._tenant, self._version = sub.tenant, sub.ver
        self._job = sub.job if isinstance(sub, DerivedFor) else None
        self._from_ms, self._until_ms = _in_force(blocks)
        self.alike: Hashable = (rules, arithmetic, self._tenant, self._process, self._version)

    def rebound(self, chain: VerifiedChain) -> Authority:
        """The same blocks, with the binding at the end of `chain` in place of ours, which is always in
        force, and for any instance of the same process.

        Only where nothing is revoked: a list might name the new binding.
        """
        last = chain.blocks[-1]
        link = last.block
        assert isinstance(link, Bind)
        nbf_ms, exp_ms = link.nbf * 1000, link.exp * 1000
        bound = CompiledBlock(link.jti, last.hash, nbf_ms, exp_ms, NEVER, NEVER, _NOTHING)
        made = Authority.__new__(Authority)
        made.chain = chain
        made.blocks = (*self.blocks[:-1], bound)
        made.arithmetic, made.epochs, made.alike = self.arithmetic, self.epochs, self.alike
        made._rules, made._job, made._instance = self._rules, None, link.sub.instance
        made._tenant, made._process, made._version = self._tenant, self._process, self._version
        made._from_ms = nbf_ms if nbf_ms > self._from_ms else self._from_ms
        made._until_ms = exp_ms if exp_ms < self._until_ms else self._until_ms
        return made

    def referenced(self, action: str) -> tuple[str, ...]:
        """The facts that deciding about `action` may read, sorted: what to give and to record.

        The subject's four facts are always among them. With these facts, the slope, the hop and the
        time, the decision can be made again by anybody.
        """
        asking = self._rules.asking(action)
        assert asking is not None, action
        return asking.referenced

    def beyond_subject(self, *actions: str) -> tuple[str, ...]:
        """The same for any of these actions, without the subject's four facts."""
        return self._rules.beyond_subject(actions)

    def variables(self, action: str) -> tuple[str, ...]:
        """The names of the process variables among them."""
        return tuple(name[4:] for name in self.referenced(action) if name.startswith("var."))

    def admit(
        self, action: str, facts: Facts, slope: Slope, now_ms: int, hop: Hop | None = None
    ) -> Decision:
        """Decide about one step; `hop` is the delegation that it would add to the slope."""
        if not self.is_subject(facts):
            return self._denied("$subject", (), slope, action)
        return self.decide(action, facts, slope, now_ms, hop)

    def decide(
        self, action: str, facts: Facts, slope: Slope, now_ms: int, hop: Hop | None = None
    ) -> Decision:
        """The same where `is_subject` was asked of these facts before."""
        if self._job is not None and facts.get("jobKey") != self._job:
            return self._denied("$subject", (), slope, action)
        asking = self._rules.asking(action)
        if asking is None:
            return self._denied("$action", (), slope, action)
        after = slope if hop is None else self.arithmetic.extend(slope, hop)
        in_force = self._from_ms <= now_ms < self._until_ms
        if in_force and asking.certain is not None:
            return Decision(True, "admitted", asking.certain, after)
        if asking.reads_own:
            facts = self._with_own(action, facts, after, now_ms)
        clauses: list[str] = []
        duties: list[str] = []
        for part, block in zip(asking.parts, self.blocks, strict=True):
            reason = clause = "" if in_force else _out_of_force(block, action, now_ms)
            if not reason and part is UNASKED:
                clause = "$bound"
            elif not reason:
                reason, clause = _ask(part, action, facts, after, duties)
            clauses.append(clause)
            if reason:
                return self._denied(reason, tuple(clauses), slope, action, tuple(duties))
        return Decision(True, "admitted", tuple(clauses), after, tuple(duties))

    def passes(self, action: str, now_ms: int) -> tuple[str, ...] | None:
        """The deciding clauses of a step that nobody takes, where no fact could change the answer.

        None where `decide` has to be asked: facts count or are to be recorded, or it is out of force.
        """
        if self._from_ms <= now_ms < self._until_ms and self._job is None:
            return self._rules.passes(action)
        return None

    def is_in_force(self, now_ms: int) -> bool:
        """Whether every block is valid, fresh and not revoked."""
        return self._from_ms <= now_ms < self._until_ms

    def in_force(self) -> tuple[int, int]:
        """From when until when, in milliseconds, every block is valid, fresh and not revoked."""
        return self._from_ms, self._until_ms

    def is_alike(self, action: str) -> bool:
        """Whether neither the time nor which instance it is counts for the answer."""
        asking = self._rules.asking(action)
        return asking is not None and not asking.is_individual

    def is_subject(self, facts: Facts) -> bool:
        """Whether the facts are those of the instance that the chain is for.

        Strict: the version True is not version 1.
        """
        get = facts.get
        version = get("version")
        return (
            get("instance") == self._instance
            and get("process") == self._process
            and get("tenant") == self._tenant
            and version == self._version
            and version.__class__ is int
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


def _in_force(blocks: tuple[CompiledBlock, ...]) -> tuple[int, int]:
    """From when until when every block is valid, none revoked, and all lists fresh enough."""
    first, last = 0, NEVER
    for each in blocks:
        if each.nbf_ms > first:
            first = each.nbf_ms
        for end in (each.exp_ms, each.revoked_ms, each.fresh_until_ms):
            if end < last:
                last = end
    return first, last


def _out_of_force(block: CompiledBlock, action: str, now_ms: int) -> str:
    """Why this block does not count now; empty when it does."""
    if not block.nbf_ms <= now_ms < block.exp_ms:
        return "$validity"
    if now_ms >= block.revoked_ms:
        return "$revoked"
    if now_ms >= block.fresh_until_ms and action in block.fresh:
        return "$revocation.stale"
    return ""


def _ask(part: Part, action: str, facts: Facts, slope: Slope, duties: list[str]) -> tuple[str, str]:
    """(reason of denial or "", deciding clause) of one block."""
    if part.bounds is not None:
        broken = broken_limit(part.bounds, action, slope)
        if broken:
            return broken, broken
    program = part.program
    if program is None:
        return "", "$bound"
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

    What follows from the rules is worked out once for all chains that differ in their binding alone.
    """
    lists = _relevant(chain, revocations) if revocations else {}
    sharing = _sharing(_names(chain), _Held(chain))
    if lists:
        blocks = tuple(
            _compile_block(each, fresh, lists)
            for each, fresh in zip(chain.blocks, sharing.fresh, strict=True)
        )
    else:
        blocks = tuple(
            _unrevoked(each.hash, _Held(each), fresh)
            if isinstance(each.block, Grant)
            else _compile_block(each, fresh, lists)
            for each, fresh in zip(chain.blocks, sharing.fresh, strict=True)
        )
    epochs = {iss: each.epoch for iss, each in lists.items()}
    return Authority(chain, blocks, sharing.rules, sharing.arithmetic, epochs)


T = TypeVar("T")


class _Held(Generic[T]):
    """An argument that does not count for a cache: what it follows from is the key beside it."""

    __slots__ = ("held",)

    def __init__(self, held: T) -> None:
        self.held = held

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Held)

    def __hash__(self) -> int:
        return 0


class _Sharing(Struct, frozen=True):
    """What is the same for all chains whose rules are the same. `fresh` has one entry per block."""

    rules: Rulebook
    arithmetic: Arithmetic
    fresh: tuple[frozenset[str], ...]


def _names(chain: VerifiedChain) -> tuple[str, ...]:
    """What names the rules of a chain: its blocks, without the bindings, which have none."""
    return tuple("" if isinstance(each.block, Bind) else each.hash for each in chain.blocks)


@lru_cache(maxsize=1024)
def _sharing(names: tuple[str, ...], chain: _Held[VerifiedChain]) -> _Sharing:
    """Raises what `compile_chain` does."""
    assert names
    found = chain.held
    rules = tuple(_compiled(each) for each in found.blocks)
    _check_slopes(found, rules)
    sub = found.subject
    is_job = isinstance(sub, DerivedFor) and sub.job is not None
    return _Sharing(
        rulebook(rules, is_job),
        Arithmetic(tuple(grant.slope for grant in found.grants if grant.slope is not None)),
        tuple(each.fresh if each else _NOTHING for each in rules),
    )


_NOTHING: frozenset[str] = frozenset()


def _relevant(chain: VerifiedChain, revocations: Sequence[Revocations]) -> dict[str, Revocations]:
    """By issuer: the lists of those who granted something in this chain, the newest of each."""
    issuers = {grant.iss for grant in chain.grants}
    found: dict[str, Revocations] = {}
    for each in sorted(revocations, key=lambda one: one.epoch):
        if each.iss in issuers:
            found[each.iss] = each
    return found


def _compile_block(
    each: VerifiedBlock, fresh: frozenset[str], lists: Mapping[str, Revocations]
) -> CompiledBlock:
    block = each.block
    fresh_until = NEVER
    if isinstance(block, Grant) and fresh:
        known = lists.get(block.iss)
        fresh_until = known.exp * 1000 if known else 0
    return CompiledBlock(
        block.jti,
        each.hash,
        block.nbf * 1000,
        block.exp * 1000,
        _revoked_ms(each, lists) if lists else NEVER,
        fresh_until,
        fresh,
    )


@lru_cache(maxsize=1024)
def _unrevoked(name: str, each: _Held[VerifiedBlock], fresh: frozenset[str]) -> CompiledBlock:
    """A block where nothing is revoked."""
    assert name
    return _compile_block(each.held, fresh, {})


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
    return compile_rules(each.block)


@lru_cache(maxsize=1024)
def _compile_grant(name: str, grant: _Held[Grant]) -> CompiledRules:
    """Shared by all chains that begin with one grant, without spelling out its rules again."""
    assert name
    return compile_rules(grant.held)
