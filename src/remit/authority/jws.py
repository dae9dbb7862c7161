"""One signed statement as a compact JWS (RFC 7515) with `alg` Ed25519 (RFC 9864).

The header is exactly {"alg":"Ed25519","kid":…,"typ":"remit-<kind>+jws"} in canonical form. The kind
is therefore signed: a receipt can never pass as a derivation. Anything else in a header (`jwk`,
`x5u`, `crit`, another `alg`) is refused before a key is looked at.

Bindings have `alg` Ed25519-tree where one signature is for several of them (see `together`). Until that
is made they have two parts: such a one can be read, and never verified.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, get_args

from remit.authority import base64url, canon, limits, together
from remit.authority.errors import BadSignature, Malformed
from remit.authority.keys import PublicKey, Signer

Kind = Literal["grant", "succ", "bind", "derive", "receipt", "anchor", "revocation"]
ALGORITHM = "Ed25519"
KINDS: dict[object, Kind] = {f"remit-{kind}+jws": kind for kind in get_args(Kind)}


@dataclass(frozen=True, slots=True)
class Envelope:
    """A JWS that was read but not verified yet. `claims` is the decoded payload."""

    kind: Kind
    kid: str
    claims: dict[str, object]
    payload: bytes
    signing_input: bytes
    signature: bytes
    is_together: bool

    @property
    def hash(self) -> str:
        """SHA-256 of the signing input, in hexadecimal: the name of this block."""
        return hashlib.sha256(self.signing_input).hexdigest()

    def verify(self, key: PublicKey) -> None:
        """Raises BadSignature unless `key` signed this."""
        if self.is_together:
            together.check_third_part(self.signing_input, self.signature, key)
        else:
            key.check(self.signing_input, self.signature)


def sign(kind: Kind, claims: object, signer: Signer) -> str:
    """The compact JWS of `claims` (a struct or a dictionary)."""
    text = f"{header(kind, signer.kid)}.{_part(claims)}"
    return f"{text}.{base64url.encode(signer.sign(text.encode()))}"


@lru_cache(maxsize=256)
def header(kind: Kind, kid: str, alg: str = ALGORITHM) -> str:
    """The first part of a statement that this key signs."""
    return _part({"alg": alg, "kid": kid, "typ": f"remit-{kind}+jws"})


def read(token: str, *expected: Kind) -> Envelope:
    """The statement in `token`, one of the `expected` kinds. Raises Malformed."""
    if not isinstance(token, str) or len(token) > limits.BLOCK_BYTES:
        raise Malformed(f"a block is text of at most {limits.BLOCK_BYTES} bytes")
    parts = token.split(".")
    if len(parts) not in (2, 3):
        raise Malformed("a compact JWS has three parts")
    kind, kid, is_together = read_header(parts[0])
    if len(parts) == 2 and not is_together:
        raise Malformed("a compact JWS has three parts")
    payload, signature = base64url.decode(parts[1]), base64url.decode("".join(parts[2:]))
    if kind not in expected:
        raise Malformed(f"expected {' or '.join(expected)}, found {kind}")
    if len(signature) != 64 and not is_together:
        raise BadSignature("an Ed25519 signature has 64 bytes")
    signing_input = f"{parts[0]}.{parts[1]}".encode()
    claims = canon.parse(payload)
    return Envelope(kind, kid, claims, payload, signing_input, signature, is_together)


@lru_cache(maxsize=256)
def read_header(part: str) -> tuple[Kind, str, bool]:
    """The kind of statement, the key that it names, and whether it is signed together with others.

    Raises Malformed. Sound as a cache: a few keys sign everything. Faults are not cached.
    """
    header = canon.parse(base64url.decode(part))
    is_together = header.get("alg") == together.ALGORITHM
    if header.get("alg") != ALGORITHM and not is_together:
        raise Malformed(f"the algorithm is Ed25519 and nothing else, found {header.get('alg')!r}")
    if set(header) != {"alg", "kid", "typ"}:
        raise Malformed("a header has alg, kid and typ and nothing else")
    kind, kid = header["typ"], header["kid"]
    if not isinstance(kid, str) or not kid:
        raise Malformed("a header names its key (kid)")
    if not isinstance(kind, str) or kind not in KINDS:
        raise Malformed(f"unknown kind of statement: {kind!r}")
    if is_together and KINDS[kind] != "bind":
        raise Malformed(f"bindings are signed together and nothing else, found {KINDS[kind]}")
    return KINDS[kind], kid, is_together


def _part(value: object) -> str:
    return base64url.encode(canon.encode(value))
