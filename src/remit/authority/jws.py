"""One signed statement as a compact JWS (RFC 7515) with `alg` Ed25519 (RFC 9864).

The header is exactly {"alg":"Ed25519","kid":…,"typ":"remit-<kind>+jws"} in canonical form. The kind
is therefore signed: a receipt can never pass as a derivation. Anything else in a header (`jwk`,
`x5u`, `crit`, another `alg`) is refused before a key is looked at.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, get_args

from remit.authority import base64url, canon, limits
from remit.authority.errors import BadSignature, Malformed
from remit.authority.keys import PublicKey, Signer

Kind = Literal["grant", "succ", "bind", "derive", "receipt", "anchor", "revocation"]
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

    @property
    def hash(self) -> str:
        """SHA-256 of the signing input, in hexadecimal: the name of this block."""
        return hashlib.sha256(self.signing_input).hexdigest()

    def verify(self, key: PublicKey) -> None:
        """Raises BadSignature unless `key` signed this."""
        key.check(self.signing_input, self.signature)


def sign(kind: Kind, claims: object, signer: Signer) -> str:
    """The compact JWS of `claims` (a struct or a dictionary)."""
    return sign_text(f"{header(kind, signer.kid)}.{_part(claims)}", signer)[0]


def sign_text(text: str, signer: Signer) -> tuple[str, str]:
    """The compact JWS of a signing input that is written already, and the hash that names the block
    (see `Envelope.hash`)."""
    content = text.encode()
    token = f"{text}.{base64url.encode(signer.sign(content))}"
    return token, hashlib.sha256(content).hexdigest()


@lru_cache(maxsize=256)
def header(kind: Kind, kid: str) -> str:
    """The first part of a statement that this key signs."""
    return _part({"alg": "Ed25519", "kid": kid, "typ": f"remit-{kind}+jws"})


def read(token: str, *expected: Kind) -> Envelope:
    """The statement in `token`, one of the `expected` kinds. Raises Malformed."""
    if not isinstance(token, str) or len(token) > limits.BLOCK_BYTES:
        raise Malformed(f"a block is text of at most {limits.BLOCK_BYTES} bytes")
    parts = token.split(".")
    if len(parts) != 3:
        raise Malformed("a compact JWS has three parts")
    kind, kid = read_header(parts[0])
    payload, signature = base64url.decode(parts[1]), base64url.decode(parts[2])
    if kind not in expected:
        raise Malformed(f"expected {' or '.join(expected)}, found {kind}")
    if len(signature) != 64:
        raise BadSignature("an Ed25519 signature has 64 bytes")
    signing_input = f"{parts[0]}.{parts[1]}".encode()
    return Envelope(kind, kid, canon.parse(payload), payload, signing_input, signature)


@lru_cache(maxsize=256)
def read_header(part: str) -> tuple[Kind, str]:
    """The kind of statement, and the key that it names. Raises Malformed.

    Sound as a cache: a few keys sign everything. Faults are not cached.
    """
    header = canon.parse(base64url.decode(part))
    if header.get("alg") != "Ed25519":
        raise Malformed(f"the algorithm is Ed25519 and nothing else, found {header.get('alg')!r}")
    if set(header) != {"alg", "kid", "typ"}:
        raise Malformed("a header has alg, kid and typ and nothing else")
    kind, kid = header["typ"], header["kid"]
    if not isinstance(kid, str) or not kid:
        raise Malformed("a header names its key (kid)")
    if not isinstance(kind, str) or kind not in KINDS:
        raise Malformed(f"unknown kind of statement: {kind!r}")
    return KINDS[kind], kid


def _part(value: object) -> str:
    return base64url.encode(canon.encode(value))
