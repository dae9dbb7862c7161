"""Personal data outside of the log: a salted hash stands for the value, and can be proven later.

The salt of a variable of an instance is the holder's signature over both names. Nobody else can make
it, so nobody can try out values until the hash fits; whoever is shown a salt can tell by the public key
that it is the right one. Showing one says nothing of any other.

    withheld    {"withheld": HEX}               SHA-256 over salt and canonical value
    disclosed   instance, variable, value, salt, kid: `check_disclosure` gives the hash that it proves

In recorded decisions a value may be withheld as well. A decision that was made over a value which is no
longer known can not be made again; the auditor says so instead of guessing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterable, Mapping
from functools import lru_cache
from typing import Any

import msgspec
from msgspec import Struct

from remit.authority import base64url, canon, jws, policy
from remit.authority.errors import AuthorityFault, BadSignature, Malformed
from remit.authority.keys import KeyRing, Signer


class Withheld(Struct, frozen=True, tag=True):
    """Stands in the log for a value: SHA-256 over salt and canonical value."""

    digest: str


def withhold(value: object, salt: bytes) -> Withheld:
    """The stand-in; `salt` must be random, 16 bytes or more, and kept where it can be erased."""
    assert len(salt) >= 16, "a short salt can be guessed"
    return Withheld(hashlib.sha256(salt + canon.encode(value)).hexdigest())


def redacted(
    facts: Mapping[str, object], names: Collection[str], salt_of: Callable[[str], bytes]
) -> dict[str, object]:
    """The facts as they go into the log: the values of these variables withheld."""
    return {
        name: withhold(value, salt_of(name)) if name.removeprefix("var.") in names else value
        for name, value in facts.items()
    }


class Disclosure(Struct, frozen=True, forbid_unknown_fields=True):
    """A value that was withheld, and what proves it. `salt` is the signature of the key `kid`."""

    instance: str
    variable: str
    value: Any
    salt: str
    kid: str


def salt_of(signer: Signer, instance: str, variable: str) -> bytes:
    """The salt of one variable of one instance; always the same, and known to the holder alone."""
    return signer.sign(_salted(instance, variable))


def disclose(signer: Signer, instance: str, variable: str, value: object) -> Disclosure:
    """What shows somebody that this value is behind a hash."""
    salt = base64url.encode(salt_of(signer, instance, variable))
    return Disclosure(instance, variable, value, salt, signer.kid)


def read_disclosure(content: bytes) -> Disclosure:
    """Raises Malformed."""
    try:
        return msgspec.json.decode(content, type=Disclosure)
    except (msgspec.DecodeError, UnicodeDecodeError) as fault:
        raise Malformed(f"no disclosure: {fault}") from None


def check_disclosure(shown: Disclosure, ring: KeyRing) -> Withheld:
    """The hash that stands for the value; raises BadSignature for a salt that no holder made."""
    salt = base64url.decode(shown.salt)
    keys = [key for key in ring if key.kid == shown.kid and "holder" in key.roles]
    if not keys:
        raise BadSignature(f"no holder's key {shown.kid} is known")
    keys[0].check(_salted(shown.instance, shown.variable), salt)
    return withhold(shown.value, salt)


def personal_in(tokens: Iterable[str]) -> frozenset[str]:
    """The variables that any grant of a chain calls personal; signatures are for others to check."""
    names: set[str] = set()
    for token in tokens:
        names.update(_personal(token))
    return frozenset(names)


@lru_cache(maxsize=1024)
def _personal(token: str) -> tuple[str, ...]:
    try:
        claims = jws.read(token, "grant", "succ", "bind", "derive").claims
        said = claims.get("audit")
        return () if said is None else policy.read(said, policy.Audit).pii
    except AuthorityFault:
        return ()


def _salted(instance: str, variable: str) -> bytes:
    return b"remit personal data\n" + canon.encode([instance, variable])
