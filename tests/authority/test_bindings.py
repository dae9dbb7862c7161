"""Reading a binding the short way gives what the long way gives, and takes nothing that it refuses."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from remit.authority import (
    AuthorityFault,
    Signer,
    VerifiedChain,
    base64url,
    canon,
    jws,
    together,
    verify_chain,
)
from remit.authority.binding import bindable, read_bound, stem_of
from remit.authority.evaluate import compile_chain
from remit.authority.policy import Initiator
from tests.support.governed import (
    RING,
    WORK,
    acme,
    grant,
    holder,
    policy,
    signed_together,
    stranger,
)

GRANTS = tuple(policy(grant(WORK)))


def signed_alone(chain: VerifiedChain) -> VerifiedChain:
    """The chain of a binding that waited for its signature, with one that is for nobody else."""
    *grants, text = chain.tokens
    (token,) = signed_together([text])
    return verify_chain((*grants, token), RING)


BOUND = signed_alone(
    bindable(GRANTS, RING, "<default>", "one", 1, "holder").bind(
        "2251799813685249", Initiator(actor="alice", method="jwt"), 1_700_000_000
    )
)
CLAIMS = jws.read(BOUND.tokens[-1], "bind").claims


def test_a_binding_of_ours_is_read_as_the_chain_that_it_is() -> None:
    found = read_bound(BOUND.tokens, RING)

    assert found is not None
    assert found.chain().blocks == verify_chain(BOUND.tokens, RING).blocks == BOUND.blocks
    assert found.hash == BOUND.hash
    assert found.in_force() == found.authority().in_force() == compile_chain(BOUND).in_force()


NAMES = st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=30)


@settings(max_examples=200, deadline=None)
@given(NAMES, NAMES, NAMES, st.integers(0, (1 << 53) - 2))
def test_whatever_the_names_a_binding_is_written_as_its_block_is(
    instance: str, actor: str, domain: str, now: int
) -> None:
    grants = bindable(GRANTS, RING, "<default>", 'o"ne\\', 1, "holder")
    initiator = Initiator(actor=actor, method="jwt", domain=domain)
    bound = signed_alone(grants.bind(instance, initiator, now))

    envelope = jws.read(bound.tokens[-1], "bind")
    assert envelope.payload == canon.encode(grants.block(instance, initiator, now))
    assert bound.tokens[-1].startswith(grants.begin[-1])
    assert stem_of(bound.tokens[-1]) == len(grants.begin[-1])


@settings(max_examples=300, deadline=None)
@given(st.integers(0, len(BOUND.tokens[-1]) - 1), st.sampled_from("Aa0-_.=é"))
def test_t8_no_other_letter_anywhere_makes_a_binding(place: int, letter: str) -> None:
    token = BOUND.tokens[-1]
    bent = token[:place] + letter + token[place + 1 :]

    assert (read_bound((*GRANTS, bent), RING) is None) == (bent != token)


@pytest.mark.parametrize(
    "changes",
    [
        {"jti": ""}, {"iat": -1}, {"iat": 1 << 53}, {"nbf": 5}, {"exp": 5}, {"del_max_depth": 9},
        {"del_depth": 1}, {"v": 2}, {"typ": "grant"}, {"grants": []}, {"more": 1},
        {"cnf": {"kids": ["stranger"]}}, {"initiator": {"actor": "a" * 1025, "method": "jwt"}},
        {"sub": {"tenant": "t", "process": "one", "ver": 1, "instance": "1"}},
        {"sub": {"tenant": "<default>", "process": "one", "ver": 1, "instance": ""}},
        {"sub": {"tenant": "<default>", "process": "one", "ver": "1", "instance": "1"}},
    ],
)  # fmt: skip
def test_t7_a_signed_binding_that_says_more_or_else_is_left_to_the_long_way(
    changes: dict[str, object],
) -> None:
    tokens = signed(canon.encode({**CLAIMS, **changes}))

    assert read_bound(tokens, RING) is None


def test_t5_t8_who_may_not_bind_and_what_is_no_grant_are_refused() -> None:
    for tokens in (
        signed(canon.encode(CLAIMS), stranger),
        signed(canon.encode(CLAIMS), acme),
        (BOUND.tokens[-1],),
        (BOUND.tokens[-1], BOUND.tokens[-1]),
        (*reversed(BOUND.tokens),),
        (*GRANTS, *GRANTS, BOUND.tokens[-1]),
        (),
    ):
        assert read_bound(tokens, RING) is None
        with pytest.raises(AuthorityFault):
            verify_chain(tokens, RING)


def signed(spoken: bytes, signer: Signer = holder) -> tuple[str, ...]:
    """A chain whose binding is this text, whatever it says, with the holder's signature."""
    header = jws.header("bind", signer.kid, together.ALGORITHM)
    return (*GRANTS, *signed_together([f"{header}.{base64url.encode(spoken)}"], signer))


SPOKEN = canon.encode(CLAIMS)


@settings(max_examples=600, deadline=None)
@given(
    st.integers(0, len(SPOKEN)),
    st.integers(0, 3),
    st.sampled_from([b"", b"0", b"7", b'"', b" ", b"x"]),
)
def test_t7_next_to_a_good_binding_no_other_text_passes_that_the_long_way_refuses(
    place: int, length: int, letters: bytes
) -> None:
    """The form of a good one is known by then: all that is not the instance or the time is compared."""
    assert read_bound(BOUND.tokens, RING) is not None
    tokens = signed(SPOKEN[:place] + letters + SPOKEN[place + length :])

    found = read_bound(tokens, RING)

    if found is not None:
        assert found.chain().blocks == verify_chain(tokens, RING).blocks


@pytest.mark.parametrize(
    "changes",
    [
        {"iat": 1_700_000_001, "nbf": 1_700_000_001},
        {"jti": "7", "sub": {**CLAIMS["sub"], "instance": "7"}},  # type: ignore[dict-item]
        {"iat": 0, "nbf": 0},
        {"iat": (1 << 53) - 1, "nbf": (1 << 53) - 1},
        {"jti": "a", "sub": {**CLAIMS["sub"], "instance": "a"}},  # type: ignore[dict-item]
        {"jti": "\u0664", "sub": {**CLAIMS["sub"], "instance": "\u0664"}},  # type: ignore[dict-item]
    ],
)  # fmt: skip
def test_other_instances_and_times_are_read_as_the_long_way_reads_them(
    changes: dict[str, object],
) -> None:
    assert read_bound(BOUND.tokens, RING) is not None
    tokens = signed(canon.encode({**CLAIMS, **changes}))
    try:
        expected = verify_chain(tokens, RING).blocks
    except AuthorityFault:
        expected = None  # it is beyond what a block may say

    found = read_bound(tokens, RING)

    assert (found and found.chain().blocks) == expected
