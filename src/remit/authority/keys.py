"""Keys: who may sign what, and the signing itself (Ed25519 by libsodium).

A key ring is read from a JWK set. Each key says what it may sign in `remit_roles`:

    authority   grants and their successors, of the issuer in `iss`, for the tenants in
                `remit_tenants` (absent: for all); revocation lists of that issuer
    holder      bindings and derivations
    worker      receipts
    approver    re-anchoring of trust
    audit       checkpoints

`nbf` and `exp` (seconds) bound the time at which a key may sign; a retired key stays in the ring so
that what it signed in its time can still be verified.
Only these keys count: a header never brings its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Literal

import msgspec
from nacl import bindings
from nacl.exceptions import BadSignatureError
from nacl.signing import SigningKey

from remit.authority import base64url, limits
from remit.authority.errors import BadSignature, Malformed

Role = Literal["authority", "holder", "worker", "approver", "audit"]
FOREVER = limits.INTEGER


class PublicKey(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One Ed25519 public key as a JWK (RFC 8037). Raises ValueError for a point that is none."""

    kid: str
    x: str
    kty: Literal["OKP"] = "OKP"
    crv: Literal["Ed25519"] = "Ed25519"
    roles: tuple[Role, ...] = msgspec.field(name="remit_roles", default=())
    iss: str | None = None
    tenants: tuple[str, ...] | None = msgspec.field(name="remit_tenants", default=None)
    alg: str | None = None
    use: str | None = None
    nbf: int = 0
    exp: int = FOREVER

    def __post_init__(self) -> None:
        if not _is_point(self.raw):
            raise ValueError(f"key {self.kid} is not a point of Ed25519's prime order group")
        if "authority" in self.roles and not self.iss:
            raise ValueError(f"key {self.kid} is an authority's and must name its issuer (iss)")

    @property
    def raw(self) -> bytes:
        return _raw(self.x)

    def check(self, message: bytes, signature: bytes) -> None:
        """Raises BadSignature unless this key signed `message`."""
        if len(signature) != bindings.crypto_sign_BYTES:
            raise BadSignature(f"key {self.kid} did not sign this")
        try:
            bindings.crypto_sign_open(signature + message, self.raw)
        except (BadSignatureError, ValueError):
            raise BadSignature(f"key {self.kid} did not sign this") from None


class Signer:
    """A private key, for tests, tools and holders without a key service."""

    def __init__(self, kid: str, seed: bytes) -> None:
        if len(seed) != bindings.crypto_sign_SEEDBYTES:
            raise Malformed("a private key is a seed of 32 bytes")
        self.kid = kid
        self._key = SigningKey(seed)
        self._secret = seed + bytes(self._key.verify_key)

    def sign(self, message: bytes) -> bytes:
        """64 bytes; the same message always gives the same signature."""
        return bindings.crypto_sign(message, self._secret)[: bindings.crypto_sign_BYTES]

    def public(
        self,
        *roles: Role,
        iss: str | None = None,
        tenants: tuple[str, ...] | None = None,
        nbf: int = 0,
        exp: int = FOREVER,
    ) -> PublicKey:
        """The public half, with what it may sign."""
        x = base64url.encode(bytes(self._key.verify_key))
        return PublicKey(self.kid, x, roles=roles, iss=iss, tenants=tenants, nbf=nbf, exp=exp)


class KeyRing:
    """The public keys that we trust, by their id."""

    def __init__(self, keys: Iterable[PublicKey]) -> None:
        self._keys: dict[str, PublicKey] = {}
        for key in keys:
            if key.kid in self._keys:
                raise Malformed(f"two keys are called {key.kid}")
            self._keys[key.kid] = key

    def key(self, kid: str, role: Role, at: int) -> PublicKey:
        """The key that may act in `role` at second `at`. Raises BadSignature."""
        key = self._keys.get(kid)
        if key is None:
            raise BadSignature(f"unknown key {kid}")
        if role not in key.roles:
            raise BadSignature(f"key {kid} may not sign as {role}")
        if not key.nbf <= at < key.exp:
            raise BadSignature(f"key {kid} was not valid at {at}")
        return key

    def __iter__(self) -> Iterator[PublicKey]:
        return iter(self._keys.values())


def read_key_ring(content: bytes) -> KeyRing:
    """A ring from a JWK set (RFC 7517). Raises Malformed; a private key in it is refused."""
    try:
        parts = msgspec.json.decode(content, type=dict[str, list[PublicKey]])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ValueError) as fault:
        raise Malformed(f"not a set of public keys: {fault}") from None
    if set(parts) != {"keys"}:
        raise Malformed('a set of keys is an object with the one member "keys"')
    return KeyRing(parts["keys"])


def write_key_ring(keys: Iterable[PublicKey]) -> bytes:
    """The JWK set of these keys."""
    members: list[Mapping[str, object]] = [
        {**msgspec.to_builtins(key), "kty": key.kty, "crv": key.crv} for key in keys
    ]
    return msgspec.json.format(msgspec.json.encode({"keys": members}))


@lru_cache(maxsize=1024)
def _raw(x: str) -> bytes:
    return base64url.decode(x)


def _is_point(raw: bytes) -> bool:
    """On the curve, canonical, and not of small order."""
    return len(raw) == 32 and bindings.crypto_core_ed25519_is_valid_point(raw)
