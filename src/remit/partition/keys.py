"""The keys that policies are checked and bound with, from files."""

from __future__ import annotations

from pathlib import Path

from remit.authority import AuthorityFault, Signer, read_key_ring
from remit.base.errors import Unavailable
from remit.engine.governance import Governor


def read_governor(policy_keys: str, holder_key: str) -> Governor | None:
    """`policy_keys` is a JWK set, `holder_key` NAME=FILE with a seed in hexadecimal; both or neither.

    Raises `Unavailable` with a sentence for what can't be used.
    """
    if not policy_keys and not holder_key:
        return None
    if not policy_keys or not holder_key:
        raise Unavailable("policies need both --policy-keys FILE and --holder-key NAME=FILE")
    signer = read_signer(holder_key)
    try:
        ring = read_key_ring(Path(policy_keys).read_bytes())
        ring.key(signer.kid, "holder", 2**31)
    except (OSError, ValueError, AuthorityFault) as fault:
        raise Unavailable(f"the keys for policies can't be used: {fault}") from fault
    return Governor(ring, signer)


def read_signer(spec: str) -> Signer:
    """A private key from NAME=FILE, a file with its seed in hexadecimal.

    Raises `Unavailable` with a sentence for what can't be used.
    """
    name, equals, path = spec.partition("=")
    if not equals:
        raise Unavailable(f"a key is given as NAME=FILE, not as '{spec}'")
    try:
        return Signer(name, bytes.fromhex(Path(path).read_text().strip()))
    except (OSError, ValueError, AuthorityFault) as fault:
        raise Unavailable(f"the key {name} can't be used: {fault}") from fault
