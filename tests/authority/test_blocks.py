"""Blocks: what can be read at all (T7, T8, T26), and that nothing else is ever raised."""

from __future__ import annotations

import base64
import json

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from nacl import bindings

from remit.authority import base64url, canon, jws, limits
from remit.authority.chain import verify_block, verify_chain
from remit.authority.derive import mint_grant
from remit.authority.errors import AuthorityFault, BadSignature, Malformed
from remit.authority.keys import KeyRing, PublicKey, Signer, read_key_ring, write_key_ring
from remit.authority.policy import Clause
from tests.authority.world import GRANT, ISSUER, NOW, RING, acme, broker, chain_of, stranger

TOKEN = mint_grant(GRANT, acme)
HEADER = {"alg": "Ed25519", "kid": "acme-1", "typ": "remit-grant+jws"}


def forged(header: object = HEADER, claims: object = GRANT, *, raw: bytes | None = None) -> str:
    """A token with a right signature over whatever is given."""
    payload = canon.encode(claims) if raw is None else raw
    signing_input = f"{base64url.encode(canon.encode(header))}.{base64url.encode(payload)}"
    return f"{signing_input}.{base64url.encode(acme.sign(signing_input.encode()))}"


def changed(**changes: object) -> str:
    return forged(claims={**msgspec.to_builtins(GRANT), **changes})


def test_a_minted_grant_is_read_back_as_it_was() -> None:
    assert verify_block(TOKEN, RING).block == GRANT


@pytest.mark.parametrize(
    "header",
    [
        {**HEADER, "alg": "none"},
        {**HEADER, "alg": "HS256"},
        {**HEADER, "alg": "EdDSA"},
        {**HEADER, "jwk": {"kty": "OKP", "crv": "Ed25519", "x": "A" * 43}},
        {**HEADER, "x5u": "https://attacker.example/key"},
        {**HEADER, "crit": ["exp"]},
        {**HEADER, "kid": ""},
        {**HEADER, "kid": 5},
        {**HEADER, "typ": "JWT"},
        {**HEADER, "typ": ["remit-grant+jws"]},
        {"alg": "Ed25519", "kid": "acme-1"},
    ],
)
def test_t8_a_header_says_algorithm_key_and_kind_and_nothing_else(header: object) -> None:
    with pytest.raises(Malformed):
        verify_block(forged(header), RING)


@pytest.mark.parametrize("kid", ["../../etc/passwd", "https://attacker.example/jwks", "nobody"])
def test_t8_a_key_id_only_ever_names_a_key_of_the_ring(kid: str) -> None:
    with pytest.raises(BadSignature, match="unknown key"):
        verify_block(forged({**HEADER, "kid": kid}), RING)


@pytest.mark.parametrize(
    "spelled",
    [
        lambda b: b.replace(b'"v":1', b'"v":1,"v":1'),
        lambda b: b.replace(b'"exp":', b'"exp":1,"exp":'),
        lambda b: b.replace(b'"v":1', b'"v": 1'),
        lambda b: b.replace(b'"rev":7', b'"rev":7.0'),
        lambda b: b.replace(b'"rev":7', b'"rev":7e0'),
        lambda b: b.replace(b"order", b"\\u006frder"),
        lambda b: b + b" ",
        lambda b: b"\xef\xbb\xbf" + b,
        lambda b: json.dumps(dict(reversed(json.loads(b).items())), separators=(",", ":")).encode(),
    ],
)
def test_t8_only_the_canonical_spelling_is_accepted(spelled) -> None:  # type: ignore[no-untyped-def]
    raw = spelled(canon.encode(GRANT))
    assert raw != canon.encode(GRANT)

    with pytest.raises(Malformed):
        verify_block(forged(raw=raw), RING)


def test_t8_base64_has_no_padding_no_foreign_letters_and_no_stray_bits() -> None:
    header, payload, signature = TOKEN.split(".")
    for wrong in (signature + "=", signature + "==", "+" + signature[1:], signature[:-1] + "\n"):
        with pytest.raises(Malformed):
            verify_block(f"{header}.{payload}.{wrong}", RING)
    assert base64url.decode("YQ") == b"a"
    with pytest.raises(Malformed):
        base64url.decode("YR")


def test_t8_a_signature_beyond_the_group_order_is_refused() -> None:
    order = 2**252 + 27742317777372353535851937790883648493
    header, payload, signature = TOKEN.split(".")
    raw = base64url.decode(signature)
    scalar = int.from_bytes(raw[32:], "little") + order
    twin = base64url.encode(raw[:32] + scalar.to_bytes(32, "little"))

    with pytest.raises(BadSignature):
        verify_block(f"{header}.{payload}.{twin}", RING)


@pytest.mark.parametrize("point", [bytes(32), b"\1" + bytes(31), b"\xec" + b"\xff" * 30 + b"\x7f"])
def test_t8_keys_of_small_order_are_refused(point: bytes) -> None:
    assert not bindings.crypto_core_ed25519_is_valid_point(point)

    with pytest.raises(ValueError, match="not a point"):
        PublicKey("weak", base64url.encode(point), roles=("authority",), iss=ISSUER)


def test_t8_the_public_key_is_no_shared_secret() -> None:
    header = base64url.encode(canon.encode({**HEADER, "alg": "HS256"}))
    payload = base64url.encode(canon.encode(GRANT))
    with pytest.raises(Malformed, match="Ed25519"):
        verify_block(f"{header}.{payload}.{base64url.encode(bytes(32))}", RING)


def test_every_bit_of_a_block_is_signed() -> None:
    signing_input, _, signature = TOKEN.rpartition(".")
    raw = bytearray(base64url.decode(signature))
    for index in range(0, 64, 7):
        raw[index] ^= 1
        with pytest.raises(BadSignature):
            verify_block(f"{signing_input}.{base64url.encode(bytes(raw))}", RING)
        raw[index] ^= 1
    with pytest.raises(BadSignature):
        verify_block(
            forged(claims=replace(GRANT, rev=8)).rpartition(".")[0] + "." + signature, RING
        )


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"v": 2}, "v"),
        ({"v": True}, "v"),
        ({"unknown": 1}, "unknown"),
        ({"rev": "7"}, "rev"),
        ({"rev": True}, "rev"),
        ({"allow": None}, "allow"),
        ({"allow": [{"id": "A", "do": ["*"], "or": []}]}, "or"),
        ({"allow": [{"id": "$x", "do": ["*"]}]}, r"\$x"),
        ({"allow": [{"id": "A", "do": ["*"]}, {"id": "A", "do": ["*"]}]}, "two clauses"),
        ({"exp": GRANT.nbf}, "never"),
        ({"cnf": {"kids": []}}, "holder"),
        ({"rev": 2**53}, "2\\^53"),
        ({"rev": 1.5}, "fraction"),
        ({"jti": ""}, "jti"),
        ({"jti": "x" * 1025}, "1024"),
        ({"typ": "succ"}, "typ"),
        ({"del_max_depth": -1}, "negative"),
    ],
)
def test_t7_what_is_not_understood_is_refused(changes: dict[str, object], word: str) -> None:
    with pytest.raises(Malformed, match=word):
        verify_block(changed(**changes), RING)


def test_a_kind_cannot_pass_as_another() -> None:
    with pytest.raises(Malformed, match="expected receipt, found grant"):
        jws.read(TOKEN, "receipt")
    with pytest.raises(Malformed):
        verify_block(forged({**HEADER, "typ": "remit-bind+jws"}), RING)


def test_keys_sign_only_what_their_role_lets_them() -> None:
    with pytest.raises(BadSignature, match="may not sign as authority"):
        verify_block(mint_grant(GRANT, broker), RING)
    with pytest.raises(BadSignature, match="unknown key"):
        verify_block(mint_grant(GRANT, stranger), RING)


def test_t3_an_issuer_speaks_for_itself_and_for_its_tenants() -> None:
    with pytest.raises(BadSignature, match="not for https://other"):
        verify_block(mint_grant(replace(GRANT, iss="https://other"), acme), RING)
    foreign = replace(GRANT, sub=replace(GRANT.sub, tenant="bank"))
    with pytest.raises(BadSignature, match="tenant bank"):
        verify_block(mint_grant(foreign, acme), RING)


def test_t20_a_key_signs_in_its_time_and_rotates_without_a_gap() -> None:
    old = acme.public("authority", iss=ISSUER, exp=NOW)
    new = Signer("acme-2", b"A" * 32)
    ring = KeyRing([old, new.public("authority", iss=ISSUER, nbf=NOW - 500)])

    assert verify_block(TOKEN, ring).kid == "acme-1"
    assert verify_block(mint_grant(GRANT, new), ring).kid == "acme-2"
    with pytest.raises(BadSignature, match="not valid at"):
        verify_block(mint_grant(replace(GRANT, iat=NOW), acme), ring)


def test_a_key_ring_is_written_and_read_back() -> None:
    keys = [acme.public("authority", iss=ISSUER, tenants=("acme",)), broker.public("holder", nbf=5)]

    assert list(read_key_ring(write_key_ring(keys))) == keys


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b'{"keys":[],"more":[]}',
        b'{"keys":[{"kid":"a","x":"AA"}]}',
        b'{"keys":[{"kid":"a","x":"' + b"A" * 43 + b'","d":"secret"}]}',
        b"\xff\xfe",
    ],
)
def test_a_key_ring_that_is_none_is_refused(content: bytes) -> None:
    with pytest.raises(Malformed):
        read_key_ring(content)


def test_t26_limits_hold_before_any_work_is_done() -> None:
    many = [Clause(id=f"A{n}", do=("*",)) for n in range(limits.LIST_LENGTH + 1)]
    wide = Clause(id="A", do=("job.complete",), on={f"var.v{n}": {"eq": n} for n in range(17)})
    deep: object = []
    for _ in range(20):
        deep = [deep]
    cases = [
        forged(claims=replace(GRANT, allow=tuple(many))),
        forged(claims=replace(GRANT, allow=(wide,))),
        changed(allow=deep),
        "a" * (limits.BLOCK_BYTES + 1),
        forged(raw=b"[" * 8000),
        forged(raw=b'{"a":' * 2000 + b"1" + b"}" * 2000),
    ]
    for case in cases:
        with pytest.raises(Malformed):
            verify_block(case, RING)


def test_t26_a_chain_has_eight_blocks_and_512_clauses_at_most() -> None:
    def crowded(name: str) -> object:
        clauses = tuple(Clause(id=f"A{n}", do=("*",)) for n in range(200))
        return replace(GRANT, jti=name, allow=clauses, deny=(), duty=())

    with pytest.raises(Malformed, match="600 clauses"):
        chain_of(crowded("a"), crowded("b"), crowded("c"))  # type: ignore[arg-type]
    with pytest.raises(Malformed, match="2 to 8 blocks"):
        verify_chain([TOKEN] * 9, RING)


def test_t28_canonical_form_is_rfc_8785_over_our_types() -> None:
    value = {"b": '\x7f\x01\n"\\/é€😀', "a": [True, False, None, -5, 0], "é": {}, "Z": 2**53 - 1}
    expected = '{"Z":9007199254740991,"a":[true,false,null,-5,0],'
    expected += '"b":"\x7f\\u0001\\n\\"\\\\/é€😀","é":{}}'

    assert canon.encode(value) == expected.encode()
    assert canon.parse(expected.encode()) == value


@pytest.mark.parametrize(
    "content",
    [
        b'{"a":-0}',
        b'{"a":1e400}',
        b'{"a":NaN}',
        b'{"\xf0\x9f\x98\x80":1}',
        b'{"a":"\xed\xa0\x80"}',
        b'{"a":"\\ud800"}',
    ],
)
def test_t28_what_has_no_single_spelling_is_refused(content: bytes) -> None:
    with pytest.raises(Malformed):
        canon.parse(content)


@given(st.binary(max_size=300))
@settings(max_examples=150, deadline=None)
def test_foreign_bytes_raise_only_documented_faults(content: bytes) -> None:
    text = base64.urlsafe_b64encode(content).decode()
    for token in (text, f"{text}.{text}.{text}", content.decode("latin-1")):
        with pytest.raises(AuthorityFault):
            verify_block(token, RING)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(st.sampled_from(sorted(GRANT.__struct_fields__)), JSON)
@settings(max_examples=300, deadline=None)
def test_a_signed_block_with_any_field_replaced_is_read_or_refused(
    field: str, value: object
) -> None:
    try:
        token = changed(**{field: value})
    except (UnicodeEncodeError, ValueError):
        return
    try:
        block = verify_block(token, RING)
    except AuthorityFault:
        return
    assert msgspec.to_builtins(block.block) == msgspec.to_builtins(
        msgspec.convert(
            json.loads(canon.encode({**msgspec.to_builtins(GRANT), field: value})), type(GRANT)
        )
    )


@given(st.data())
@settings(max_examples=200, deadline=None)
def test_a_token_with_any_byte_changed_is_refused(data: st.DataObject) -> None:
    index = data.draw(st.integers(0, len(TOKEN) - 1))
    letter = data.draw(st.characters(max_codepoint=0x2FF))
    mutated = TOKEN[:index] + letter + TOKEN[index + 1 :]
    if mutated != TOKEN:
        with pytest.raises(AuthorityFault):
            verify_block(mutated, RING)
