"""The trust slope: how far from its initiator a step is, and how far trust has sunk on the way.

    alice 900 ──▶ engine 880 ──▶ call billing 830 ──▶ partner's worker 500      path (depth 4)
                                                            │ returns, having written variables
    alice 900 ──▶ engine 880 ──▶ call billing 830           ▼                   low 500

Every change (hop, return, re-anchoring) advances `head`, a SHA-256 over the old head and the
canonical form of the change: the head names the whole history. Trust never rises along a path; when
a hop returns, the path is shorter again, but `low` keeps the lowest trust that wrote data. Only a
signed statement lifts `low` (`reanchored`). Floors are compared to the lower of both.

Where tokens join, the slope is the worst of each: pointwise along the paths, a shorter path counting
as if it stayed at its end. That is a semilattice: order and partition do not matter. All numbers are
integers, trust from 0 to 1000.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import zip_longest
from typing import Literal, get_args

from msgspec import Struct
from msgspec.structs import replace

from remit.authority import canon, limits
from remit.authority.policy import Limits, Reanchor, SlopeRules
from remit.authority.vocabulary import closest

HopKind = Literal["initiator", "engine", "call", "worker", "human", "agent", "message"]
HOP_KINDS = frozenset(get_args(HopKind))

DEFAULT_LEVELS = {
    "none": 0,
    "apikey": 200,
    "jwt": 400,
    "mtls": 600,
    "svid": 700,
    "svid+pop": 800,
    "human+mfa": 900,
}
"""Trust by how the channel knows the actor, where no grant says otherwise."""

METHODS = (*DEFAULT_LEVELS, "basic")
"""Ways in that a policy may put a trust to."""


def unknown_method(method: str) -> str:
    """What is wrong with a way in that there is none of; empty for one that there is."""
    if method in METHODS:
        return ""
    hint = closest(method, list(METHODS))
    return f"nobody comes by {method}{hint}; there are {', '.join(METHODS)}"


class Hop(Struct, frozen=True, omit_defaults=True, cache_hash=True, gc=False):
    """One step of delegation. `method` empty: inside the engine, no channel bounds its trust.

    `domain` empty: the domain does not change. `att`: hash of what attests the actor.
    """

    actor: str
    kind: HopKind
    method: str = ""
    domain: str = ""
    att: str = ""


class Frame(Struct, frozen=True, array_like=True, cache_hash=True, gc=False):
    """One hop of the live path, with trust, drop and crossed domains as they were after it."""

    actor: str
    kind: str
    domain: str
    trust: int
    drop: int
    xdom: int


class Slope(Struct, frozen=True, array_like=True, cache_hash=True, gc=False):
    """The state that travels with each token. `n` counts all changes so far."""

    head: str = "0" * 64
    n: int = 0
    low: int = limits.TRUST
    path: tuple[Frame, ...] = ()

    @property
    def depth(self) -> int:
        return len(self.path)

    @property
    def trust(self) -> int:
        return self.path[-1].trust if self.path else limits.TRUST

    @property
    def drop(self) -> int:
        return self.path[-1].drop if self.path else 0

    @property
    def xdom(self) -> int:
        return self.path[-1].xdom if self.path else 0

    @property
    def effective(self) -> int:
        """What floors are compared to."""
        return min(self.trust, self.low)


START = Slope()
_SHA256 = hashlib.sha256


class Arithmetic:
    """How trust sinks, from all grants of a chain: always the worst that any of them says."""

    def __init__(self, rules: tuple[SlopeRules, ...] = ()) -> None:
        self.rules = rules
        self._added: dict[tuple[Frame | None, Hop], tuple[Frame, bytes]] = {}
        self._extended: dict[tuple[Slope, Hop], Slope] = {}

    def level(self, method: str) -> int:
        """Trust in a channel; 0 for a method that some grant does not list."""
        if not self.rules:
            return DEFAULT_LEVELS.get(method, 0)
        return min((each.levels or DEFAULT_LEVELS).get(method, 0) for each in self.rules)

    def decay(self, kind: str) -> int:
        return max((each.decay.get(kind, 0) for each in self.rules), default=0)

    def cap(self, domain: str) -> int:
        """The lowest cap; per grant the longest prefix of `domain` counts."""
        found = limits.TRUST
        for each in self.rules:
            prefixes = [prefix for prefix in each.caps if domain.startswith(prefix)]
            if prefixes:
                found = min(found, each.caps[max(prefixes, key=len)])
        return found

    def extend(self, slope: Slope, hop: Hop) -> Slope:
        """The slope after `hop`: trust decays, and is no higher than the channel's level and cap.

        Instances with the same history have the same slope: it is worked out once for all of them.
        """
        found = self._extended.get((slope, hop))
        if found is None:
            if len(self._extended) >= _REMEMBERED:
                self._extended.clear()
            found = self._extended[slope, hop] = self._worked_out(slope, hop)
        return found

    def _worked_out(self, slope: Slope, hop: Hop) -> Slope:
        path = slope.path
        asked = (path[-1] if path else None, hop)
        found = self._added.get(asked)
        if found is None:
            if len(self._added) >= _REMEMBERED:
                self._added.clear()
            found = self._added[asked] = (self._frame(*asked), canon.encode(["hop", hop]))
        frame, change = found
        return Slope(_advanced(slope, change), slope.n + 1, slope.low, (*path, frame))

    def _frame(self, before: Frame | None, hop: Hop) -> Frame:
        """What a hop adds to a path that ends with `before`."""
        trust = limits.TRUST if before is None else before.trust
        sunk = max(0, trust - self.decay(hop.kind))
        if hop.method:
            sunk = min(sunk, self.level(hop.method))
        domain, crossed = hop.domain, 0
        if before is not None:
            domain = hop.domain or before.domain
            crossed = before.xdom + (domain != before.domain)
        if domain and self.rules:
            sunk = min(sunk, self.cap(domain))
        drop = 0 if before is None else trust - sunk
        return Frame(hop.actor, hop.kind, domain, sunk, drop, crossed)


_REMEMBERED = 4096
"""Hops and slopes that are kept: the same actors come again and again, and do the same."""


def returned(slope: Slope, *, wrote: bool, also: tuple[str, ...] = ()) -> Slope:
    """The last hop is over. When it `wrote` variables, its trust is what they are worth.

    `also` are the actions that were admitted with that of the hop: the head names them as well.
    """
    return _returned(slope, wrote, also)


@lru_cache(maxsize=_REMEMBERED)
def _returned(slope: Slope, wrote: bool, also: tuple[str, ...]) -> Slope:
    assert slope.path, "nothing to return from"
    low = min(slope.low, slope.trust) if wrote else slope.low
    return Slope(_advance(slope, ["return", low, *also]), slope.n + 1, low, slope.path[:-1])


def joined(first: Slope, second: Slope) -> Slope:
    """The worst of both, pointwise; commutative, associative, idempotent."""
    path: list[Frame] = []
    last = (_NOWHERE, _NOWHERE)
    for left, right in zip_longest(first.path, second.path):
        last = (left or _stays(last[0]), right or _stays(last[1]))
        path.append(_worse(*last))
    return Slope(
        max(first.head, second.head),
        max(first.n, second.n),
        min(first.low, second.low),
        tuple(path),
    )


def lowered(slope: Slope, trust: int) -> Slope:
    """Data of this trust came in from outside, such as with a message."""
    low = min(slope.low, trust)
    return Slope(_advance(slope, ["lower", low]), slope.n + 1, low, slope.path)


def lifted(slope: Slope, low: int, evidence: str) -> Slope:
    """`low` after a re-anchoring; `evidence` is the hash of the signed statement."""
    return replace(slope, head=_advance(slope, ["anchor", low, evidence]), n=slope.n + 1, low=low)


def broken_limit(bounds: Limits, action: str, slope: Slope) -> str:
    """The code of the first bound that `slope` breaks for `action`; empty when it breaks none."""
    if bounds.max_depth is not None and len(slope.path) > bounds.max_depth:
        return "$slope.depth"
    if slope.effective < bounds.floors.get(action, bounds.floor):
        return "$slope.floor"
    if bounds.max_step_drop is not None and slope.drop > bounds.max_step_drop:
        return "$slope.step"
    if bounds.max_xdom is not None and slope.xdom > bounds.max_xdom:
        return "$slope.xdom"
    return ""


def anchors(rules: Iterable[SlopeRules]) -> Reanchor | None:
    """Who may re-anchor under all of these rules; None when some rule permits nobody."""
    everyone: list[Reanchor] = []
    for each in rules:
        if each.reanchor is None:
            return None
        everyone.append(each.reanchor)
    if not everyone:
        return None
    common = set.intersection(*(set(each.by) for each in everyone))
    return Reanchor(by=tuple(sorted(common)), max=min(each.max for each in everyone))


def joined_all(slopes: Sequence[Slope]) -> Slope:
    """The worst of all of them; at least one."""
    result = slopes[0]
    for slope in slopes[1:]:
        result = joined(result, slope)
    return result


def check_rules(rules: Limits) -> str:
    """What is wrong with these numbers and names; empty when nothing is."""
    numbers: list[int] = [rules.floor, *rules.floors.values()]
    if isinstance(rules, SlopeRules):
        numbers += [*rules.decay.values(), *rules.levels.values(), *rules.caps.values()]
        unknown = sorted(set(rules.decay) - HOP_KINDS)
        if unknown:
            return f"decay of an unknown kind of hop: {unknown[0]}"
        if rules.reanchor is not None:
            numbers.append(rules.reanchor.max)
    if any(not 0 <= each <= limits.TRUST for each in numbers):
        return f"trust goes from 0 to {limits.TRUST}"
    bounds = (rules.max_depth, rules.max_step_drop, rules.max_xdom)
    return "a bound is negative" if any(each is not None and each < 0 for each in bounds) else ""


def as_facts(slope: Slope) -> Mapping[str, int]:
    """The slope's own attributes, as clauses see them."""
    return {
        "slopeDepth": len(slope.path),
        "slopeTrust": slope.trust,
        "slopeLow": slope.low,
        "xdom": slope.xdom,
    }


def _advance(slope: Slope, change: object) -> str:
    return _advanced(slope, canon.encode(change))


def _advanced(slope: Slope, change: bytes) -> str:
    return _SHA256(slope.head.encode() + change).hexdigest()


_NOWHERE = Frame("", "", "", limits.TRUST, 0, 0)


def _stays(frame: Frame) -> Frame:
    """The path is over: trust and crossings stay as they are, nobody acts any more."""
    return Frame("", "", "", frame.trust, 0, frame.xdom)


def _worse(left: Frame, right: Frame) -> Frame:
    return Frame(
        max(left.actor, right.actor),
        max(left.kind, right.kind),
        max(left.domain, right.domain),
        min(left.trust, right.trust),
        max(left.drop, right.drop),
        max(left.xdom, right.xdom),
    )
