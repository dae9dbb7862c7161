"""The trust slope: sinks along the path, never rises by itself (T9, T21, T24, T25)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from remit.authority import START, Hop, Slope, joined, returned
from remit.authority.errors import PolicyError
from remit.authority.policy import Clause, Limits, SlopeRules
from remit.authority.slope import HOP_KINDS, Arithmetic, Frame, broken_limit, joined_all, lowered
from tests.authority.world import (
    GRANT,
    SLOPE,
    SLOPED,
    WORKER_HOP,
    admit,
    allowing,
    authority_of,
    started,
)

HOPS = st.builds(
    Hop,
    actor=st.sampled_from(["a", "b", "c"]),
    kind=st.sampled_from(sorted(HOP_KINDS)),
    method=st.sampled_from(["", "none", "apikey", "jwt", "svid", "human+mfa", "unheard of"]),
    domain=st.sampled_from(["", "spiffe://acme.example/x", "spiffe://partner.example/y"]),
)
CHANGES = st.lists(HOPS | st.sampled_from(["return", "wrote"]), max_size=12)
ARITHMETIC = Arithmetic((SLOPE,))


def played(changes: list[Hop | str], arithmetic: Arithmetic = ARITHMETIC) -> Slope:
    slope = START
    for change in changes:
        if isinstance(change, Hop):
            slope = arithmetic.extend(slope, change)
        elif slope.path:
            slope = returned(slope, wrote=change == "wrote")
    return slope


SLOPES = CHANGES.map(played)


def test_trust_sinks_from_alice_to_the_partners_worker() -> None:
    authority = authority_of(SLOPED)
    slope = started(authority)
    assert (slope.trust, slope.depth) == (880, 2)
    called = authority.arithmetic.extend(slope, Hop("billing", "call"))
    assert called.trust == 830
    partner = authority.arithmetic.extend(
        called, Hop("w", "worker", "svid", "spiffe://partner.example/w")
    )
    assert (partner.trust, partner.drop, partner.xdom, partner.depth) == (480, 350, 1, 4)


def test_r20_a_hop_below_the_floor_is_denied_before_it_is_taken() -> None:
    authority = authority_of(SLOPED)
    slope = started(authority)
    partner = Hop("w", "worker", "svid", "spiffe://partner.example/w")

    decision = admit(authority, slope=slope, hop=partner)

    assert (decision.reason, decision.clauses) == ("$slope.floor", ("$slope.floor",))
    assert decision.slope == slope
    assert admit(authority, "job.activate", slope=slope, hop=partner).admitted


@pytest.mark.parametrize(
    ("bounds", "code"),
    [
        (Limits(max_depth=2), "$slope.depth"),
        (Limits(floor=701), "$slope.floor"),
        (Limits(floors={"job.complete": 701}), "$slope.floor"),
        (Limits(max_step_drop=179), "$slope.step"),
        (Limits(max_xdom=0), "$slope.xdom"),
        (Limits(max_depth=3, floor=700, max_step_drop=180, max_xdom=1), ""),
        (Limits(floor=999, floors={"job.complete": 0}), ""),
    ],
)
def test_each_bound_has_its_code(bounds: Limits, code: str) -> None:
    authority = authority_of(SLOPED)
    hop = replace(WORKER_HOP, domain="spiffe://acme.example/")
    slope = authority.arithmetic.extend(started(authority), hop)
    assert (slope.depth, slope.trust, slope.drop, slope.xdom) == (3, 700, 180, 1)

    assert broken_limit(bounds, "job.complete", slope) == code


def test_t9_only_the_channels_method_gives_a_level_never_a_name() -> None:
    authority = authority_of(SLOPED)
    slope = started(authority)
    liar = Hop("human+mfa", "worker", "none")

    assert authority.arithmetic.extend(slope, liar).trust == 0
    assert admit(authority, slope=slope, hop=liar, worker="human+mfa").reason == "$slope.floor"
    unheard = Hop("w", "worker", "very secure")
    assert authority.arithmetic.extend(slope, unheard).trust == 0


def test_t24_data_keeps_the_trust_of_whoever_wrote_it() -> None:
    authority = authority_of(SLOPED)
    slope = started(authority)
    low = authority.arithmetic.extend(slope, Hop("w", "worker", "jwt"))

    read_only = returned(low, wrote=False)
    laundered = returned(low, wrote=True)

    assert (read_only.trust, read_only.low) == (880, 1000)
    assert (laundered.trust, laundered.low) == (880, 400)
    assert admit(authority, slope=read_only, hop=WORKER_HOP).admitted
    assert admit(authority, slope=laundered, hop=WORKER_HOP).reason == "$slope.floor"


def test_t25_a_loop_cannot_raise_trust_and_head_goes_on() -> None:
    slope = played([Hop("a", "initiator", "human+mfa"), Hop("e", "engine")])
    heads = {slope.head}
    for _ in range(10):
        slope = returned(ARITHMETIC.extend(slope, Hop("w", "worker", "jwt")), wrote=True)
        heads.add(slope.head)

    assert (slope.trust, slope.low, slope.depth, slope.n) == (880, 400, 2, 22)
    assert len(heads) == 11


def test_t21_a_low_trust_sender_lowers_the_receiver() -> None:
    authority = authority_of(SLOPED)
    receiver = started(authority)
    sender = started(authority, "apikey")

    assert admit(authority, slope=receiver, hop=WORKER_HOP).admitted
    merged = joined(receiver, sender)
    assert admit(authority, slope=merged, hop=WORKER_HOP).reason == "$slope.floor"
    told = lowered(receiver, sender.effective)
    assert admit(authority, slope=told, hop=WORKER_HOP).reason == "$slope.floor"


@given(SLOPES, SLOPES, SLOPES)
def test_joining_is_a_semilattice(a: Slope, b: Slope, c: Slope) -> None:
    assert joined(a, a) == a
    assert joined(a, b) == joined(b, a)
    assert joined(joined(a, b), c) == joined(a, joined(b, c)) == joined_all([c, b, a])


@given(SLOPES, SLOPES)
def test_t25_a_join_is_no_better_than_any_of_its_branches(a: Slope, b: Slope) -> None:
    both = joined(a, b)
    for each in (a, b):
        assert both.trust <= each.trust
        assert both.low <= each.low
        assert both.depth >= each.depth
        assert both.xdom >= each.xdom
    while both.path:
        both = returned(both, wrote=False)
        assert not both.path or both.trust >= both.path[-1].trust


@given(CHANGES, HOPS)
def test_r22_no_hop_raises_trust(changes: list[Hop | str], hop: Hop) -> None:
    before = played(changes)
    after = ARITHMETIC.extend(before, hop)

    assert after.trust <= before.trust
    assert after.low == before.low
    assert after.xdom >= before.xdom
    assert (after.depth, after.n) == (before.depth + 1, before.n + 1)
    assert after.head != before.head


@given(CHANGES)
def test_low_never_rises_by_itself(changes: list[Hop | str]) -> None:
    lows = [played(changes[:count]).low for count in range(len(changes) + 1)]

    assert lows == sorted(lows, reverse=True)


@given(CHANGES)
def test_r4_the_same_hops_give_the_same_slope(changes: list[Hop | str]) -> None:
    assert played(changes) == played(list(changes))


@given(
    CHANGES,
    st.dictionaries(st.sampled_from(["none", "jwt", "svid", "human+mfa"]), st.integers(0, 1000)),
    st.dictionaries(st.sampled_from(["engine", "call", "worker"]), st.integers(0, 1000)),
)
def test_a_further_grant_only_lowers_trust(
    changes: list[Hop | str], levels: dict[str, int], decay: dict[str, int]
) -> None:
    more = Arithmetic((SLOPE, SlopeRules(levels=levels, decay=decay)))

    assert played(changes, more).trust <= played(changes).trust
    assert played(changes, more).low <= played(changes).low


def test_the_longest_prefix_of_a_domain_gives_its_cap() -> None:
    rules = SlopeRules(caps={"spiffe://p/": 300, "spiffe://p/gold/": 600})
    arithmetic = Arithmetic((rules, SlopeRules(caps={"spiffe://": 500})))

    assert arithmetic.cap("spiffe://p/gold/x") == 500
    assert arithmetic.cap("spiffe://p/x") == 300
    assert arithmetic.cap("other") == 1000


def test_entering_a_domain_counts_and_staying_does_not() -> None:
    domain = "spiffe://acme.example/"
    slope = played([Hop("a", "initiator", "jwt"), Hop("w", "worker", "jwt", domain)])
    assert slope.xdom == 1
    assert ARITHMETIC.extend(slope, Hop("e", "engine")).xdom == 1
    assert ARITHMETIC.extend(slope, Hop("v", "worker", "jwt", domain)).xdom == 1
    assert ARITHMETIC.extend(slope, Hop("x", "worker", "jwt", "spiffe://b/")).xdom == 2


def test_clauses_may_ask_for_trust() -> None:
    clause = Clause(id="T", do=("job.complete",), on={"slopeTrust": {"min": 600}})
    authority = authority_of(allowing(clause, slope=SlopeRules()))
    slope = started(authority)

    assert admit(authority, slope=slope).admitted
    assert not admit(authority, slope=slope, hop=Hop("w", "worker", "jwt")).admitted
    assert not admit(authority, slope=slope, hop=Hop("w", "worker", "jwt"), slopeTrust=900).admitted


@pytest.mark.parametrize("attribute", ["slopeTrust", "slopeLow", "actorLevel"])
def test_less_trust_never_permits_more(attribute: str) -> None:
    upside_down = Clause(id="T", do=("job.complete",), on={attribute: {"max": 600}})
    with pytest.raises(PolicyError, match="by min only"):
        authority_of(allowing(upside_down, slope=SlopeRules()))
    deny = replace(
        GRANT, slope=SlopeRules(), deny=(replace(upside_down, on={attribute: {"min": 1}}),)
    )
    with pytest.raises(PolicyError, match="by max only"):
        authority_of(deny)


def test_who_speaks_of_trust_says_how_it_is_counted() -> None:
    clause = Clause(id="T", do=("job.complete",), on={"slopeTrust": {"min": 600}})
    with pytest.raises(PolicyError, match="no grant has a slope"):
        authority_of(allowing(clause))
    with pytest.raises(PolicyError, match="no grant has a slope"):
        authority_of(allowing(clause, jti="first"), SLOPED)
    assert authority_of(SLOPED, allowing(clause, jti="second"))


@pytest.mark.parametrize(
    "rules",
    [
        SlopeRules(floor=1001),
        SlopeRules(floors={"job.complete": -1}),
        SlopeRules(floors={"job.explode": 1}),
        SlopeRules(levels={"jwt": 1001}),
        SlopeRules(decay={"walk": 1}),
        SlopeRules(max_depth=-1),
    ],
)
def test_impossible_numbers_are_refused(rules: SlopeRules) -> None:
    with pytest.raises(PolicyError):
        authority_of(replace(GRANT, slope=rules))


def test_a_path_is_joined_pointwise() -> None:
    short = Slope("1", 1, 1000, (Frame("a", "initiator", "", 900, 0, 0),))
    long = Slope(
        "2", 2, 500, (Frame("b", "initiator", "", 950, 0, 0), Frame("w", "worker", "d", 940, 10, 1))
    )

    assert joined(short, long) == Slope(
        "2", 2, 500, (Frame("b", "initiator", "", 900, 0, 0), Frame("w", "worker", "d", 900, 10, 1))
    )
