"""A child never admits what its parent does not, whatever the child's block says (R15, T7).

The unit suite tries a few hundred children; `make bench` tries 20,000 with the same function.
"""

from __future__ import annotations

from collections.abc import Mapping

from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from remit.authority import Authority, Hop, Slope, compile_chain, verify_block, verify_chain
from remit.authority.derive import Attenuation, derive, mint_grant
from remit.authority.errors import AuthorityFault
from remit.authority.policy import DerivedFor, Grant
from remit.authority.slope import Frame
from tests.authority import strategies
from tests.authority.world import ENTER, GRANT, INSTANCE, NOW, NOW_MS, RING, acme, broker, chain_of

CHILD = DerivedFor(
    to="worker",
    tenant="acme",
    process="order",
    ver=3,
    instance=INSTANCE,
    parent=INSTANCE,
    element="pay",
    job="77",
)
FACTS = {**ENTER, "jobKey": "77"}

grants = st.builds(
    lambda allow, deny, duty, slope: replace(
        GRANT, allow=allow, deny=deny, duty=duty, slope=slope, del_max_depth=3
    ),
    strategies.allows.filter(len),
    st.just(()) | strategies.denies,
    st.just(()) | strategies.duties,
    st.none() | strategies.slopes,
)
attenuations = st.builds(
    Attenuation,
    allow=st.none() | strategies.allows.filter(len),
    deny=st.just(()) | strategies.denies,
    duty=st.just(()) | strategies.duties,
    slope=st.none() | strategies.limits,
    exp=st.sampled_from([NOW + 1, 2**53 - 1]),
)
slope_states = st.builds(
    lambda low, trust, xdom: Slope("0" * 64, 3, low, (Frame("x", "call", "d/", trust, 0, xdom),)),
    st.just(1000) | strategies.trust,
    st.just(1000) | strategies.trust,
    st.integers(0, 2),
)
questions = st.lists(
    st.tuples(
        st.sampled_from(strategies.ACTIONS),
        strategies.facts,
        slope_states,
        st.none() | strategies.hops,
    ),
    min_size=1,
    max_size=8,
)
tally = {"children": 0, "questions": 0, "admitted by the child": 0}
"""What the property has seen so far; the benchmark prints it."""


def child_authority(
    parent: Grant, own: Grant | None, attenuation: Attenuation
) -> tuple[Authority, Authority]:
    """The compiled chain of the parent, and of a child with a grant of its own, perhaps."""
    if parent.slope is None and (own is None or own.slope is None):
        attenuation = replace(attenuation, slope=None)
    chain = chain_of(parent)
    blocks = [] if own is None else [verify_block(mint_grant(replace(own, jti="own"), acme), RING)]
    tokens = derive(chain, CHILD, broker, attenuation, jti="child", now=NOW, grants=blocks)
    return compile_chain(chain), compile_chain(verify_chain(tokens, RING))


def children(count: int, *, same_each_time: bool = True) -> None:
    """Try `count` random children against their parents; raises with the smallest that widens."""

    @settings(
        max_examples=count,
        deadline=None,
        database=None,
        derandomize=same_each_time,
        suppress_health_check=list(HealthCheck),
    )
    @given(grants, st.none() | grants, attenuations, questions)
    def no_child_widens(
        parent: Grant,
        own: Grant | None,
        attenuation: Attenuation,
        asked: list[tuple[str, Mapping[str, object], Slope, Hop | None]],
    ) -> None:
        try:
            above, below = child_authority(parent, own, attenuation)
        except AuthorityFault:
            return
        tally["children"] += 1
        for action, given_facts, slope, hop in asked:
            facts = {**FACTS, **given_facts}
            answer = below.admit(action, facts, slope, NOW_MS, hop)
            tally["questions"] += 1
            if answer.admitted:
                tally["admitted by the child"] += 1
                parents = above.admit(action, facts, slope, NOW_MS, hop)
                note(f"{action} {facts} child {answer.clauses} parent {parents.clauses}")
                assert parents.admitted
                assert answer.clauses[:2] == parents.clauses

    no_child_widens()


def test_no_random_child_admits_what_its_parent_does_not() -> None:
    children(300)

    assert tally["admitted by the child"] > 20
