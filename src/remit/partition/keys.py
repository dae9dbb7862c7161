"""The keys that policies are checked and bound with, from files."""

from __future__ import annotations

from pathlib import Path

import msgspec

from remit.authority import AuthorityFault, KeyRing, Signer, read_key_ring, verify_block
from remit.authority.keys import Role
from remit.base.errors import Unavailable
from remit.engine.governance import Governor


class PolicyFiles(msgspec.Struct, frozen=True):
    """What a broker governs with: `keys` is a JWK set, `holder` NAME=FILE with a seed in hexadecimal.

    `standing` is a file of signed grants, one to a line, that every instance begins under;
    `requires`: nothing begins without a policy.
    """

    keys: str = ""
    holder: str = ""
    standing: str = ""
    requires: bool = False


NO_POLICIES = PolicyFiles()


def read_governor(files: PolicyFiles) -> Governor | None:
    """None for a broker that governs nothing. Raises `Unavailable` for what can't be used."""
    if not files.keys and not files.holder:
        if files.standing or files.requires:
            raise Unavailable("policies for all instances need --policy-keys and --holder-key")
        return None
    if not files.keys or not files.holder:
        raise Unavailable("policies need both --policy-keys FILE and --holder-key NAME=FILE")
    signer = read_signer(files.holder)
    try:
        ring = read_key_ring(Path(files.keys).read_bytes())
        ring.key(signer.kid, "holder", 2**31)
        check_pair(signer, ring, files.keys)
        standing = tuple(Path(files.standing).read_text().split()) if files.standing else ()
        for token in standing:
            verify_block(token, ring)
    except (OSError, ValueError, AuthorityFault) as fault:
        raise Unavailable(f"the keys for policies can't be used: {fault}") from fault
    return Governor(ring, signer, standing, files.requires)


def read_signer(spec: str) -> Signer:
    """A private key from NAME=FILE, a file with its seed in hexadecimal.

    Raises `Unavailable` with a sentence for what can't be used.
    """
    name, equals, path = spec.partition("=")
    if not equals:
        raise Unavailable(f"a key is given as NAME=FILE, not as '{spec}'")
    if not name:
        raise Unavailable(f"a key has a name: write NAME=FILE, not '{spec}'")
    try:
        return Signer(name, bytes.fromhex(Path(path).read_text().strip()))
    except OSError as fault:
        raise Unavailable(f"the key {name} can't be read from {path}: {fault.strerror}") from fault
    except (ValueError, AuthorityFault) as fault:
        raise Unavailable(
            f"the key {name} can't be used: {path} holds no private key, 32 bytes in hexadecimal"
        ) from fault


def check_signer(signer: Signer, keys: str, role: Role) -> None:
    """Where the set of public keys in the file `keys` has this key, it is its other half, for this role.

    Raises `Unavailable` with a sentence.
    """
    if not keys:
        return
    try:
        ring = read_key_ring(Path(keys).read_bytes())
        if any(each.kid == signer.kid for each in ring):
            ring.key(signer.kid, role, 2**31)
            check_pair(signer, ring, keys)
    except (OSError, AuthorityFault) as fault:
        raise Unavailable(f"the key {signer.kid} can't be used: {fault}") from fault


def check_pair(signer: Signer, ring: KeyRing, keys: str) -> None:
    """Nobody could check what another key of the same name has signed. Raises `Unavailable`."""
    if any(each.kid == signer.kid and each.x != signer.public().x for each in ring):
        raise Unavailable(
            f"the private key given for {signer.kid} is not the one whose public half {keys} has under "
            f"that name: give the right file, or put the new public key into the set"
        )
