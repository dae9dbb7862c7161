"""Personal data in recorded decisions: a salted hash in the log, the value and its salt beside it.

Erasing the salt erases the value, and no hash chain breaks. A decision that was made over a value
which has been erased can no longer be made again; the auditor says so instead of guessing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Mapping

from msgspec import Struct

from remit.authority import canon


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
