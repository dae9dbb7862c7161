"""Base64url without padding (RFC 7515 section 2), read strictly: one value has one spelling."""

from __future__ import annotations

import binascii
from collections.abc import Mapping

from remit.authority.errors import Malformed

_SAFE = bytes.maketrans(b"+/", b"-_")
_UNSAFE = bytes.maketrans(b"-_+/=", b"+/!!!")
_LAST: Mapping[int, bytes] = {2: b"AQgw", 3: b"AEIMQUYcgkosw048"}
"""Where so many letters are left after the last four: the last one's bits that nothing needs are 0."""


def encode(content: bytes) -> str:
    """
    >>> encode(b"any?")
    'YW55Pw'
    """
    spelled = binascii.b2a_base64(content, newline=False)
    return spelled.translate(_SAFE).rstrip(b"=").decode()


def decode(text: str) -> bytes:
    """The bytes; raises Malformed for padding, foreign letters and stray trailing bits.

    >>> decode("YW55Pw")
    b'any?'
    """
    try:
        given = text.encode("ascii")
        padded = given.translate(_UNSAFE) + b"=" * (-len(given) % 4)
        content = binascii.a2b_base64(padded, strict_mode=True)
    except (binascii.Error, ValueError):
        raise Malformed("not base64url without padding") from None
    left = len(given) % 4
    if left and given[-1] not in _LAST[left]:
        raise Malformed("base64url with stray bits at its end")
    return content
