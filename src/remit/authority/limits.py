"""What a policy may cost at most (R28). Each limit is checked before the work it bounds is done."""

from __future__ import annotations

BLOCK_BYTES = 16 * 1024
"""One compact JWS. A grant of fifty clauses takes about 6 KiB."""

CHAIN_BLOCKS = 8
"""Blocks of one chain: grants, bind and derivations together."""

CHAIN_BYTES = 64 * 1024
"""All blocks of a chain together."""

CLAUSES = 512
"""Clauses of a whole chain: bounds what one admission may walk through."""

CONSTRAINTS = 16
"""Attributes that one clause may constrain."""

LIST_LENGTH = 256
"""Entries of any one list in a block."""

STRING_LENGTH = 1024
"""Characters of any one string in a block."""

DEPTH = 8
"""Nesting of a block's JSON. What we define needs six levels."""

INTEGER = (1 << 53) - 1
"""Largest absolute value of an integer in a block: what every JSON reader holds exactly (RFC 7493)."""

TRUST = 1000
"""Trust is an integer from 0 to this."""

assert BLOCK_BYTES <= CHAIN_BYTES
assert STRING_LENGTH < BLOCK_BYTES
