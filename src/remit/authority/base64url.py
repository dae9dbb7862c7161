"""Base64url without padding (RFC 7515 section 2), read strictly: one value has one spelling."""

from __future__ import annotations

import binascii
import re

from remit.authority.errors import Malformed

_SAFE = bytes.maketrans(b"+/", b"-_")
_UNSAFE = str.maketrans("-_", "+/")
_ALPHABET = re.compile(r"[A-Za-z0-9_-]*", re.ASCII)


def encode(content: bytes) -> str:
    """
    >>> encode(b"any?")
    'YW55Pw'
    """
    return binascii.b2a_base64(content, newline=False).translate(_SAFE).rstrip(b"=").decode()


def decode(text: str) -> bytes:
    """The bytes; raises Malformed for padding, foreign letters and stray trailing bits.

    >>> decode("YW55Pw")
    b'any?'
    """
    try:
        content = binascii.a2b_base64(text.translate(_UNSAFE) + "=" * (-len(text) % 4))
    except (binascii.Error, ValueError):
        raise Malformed("not base64url without padding") from None
    if encode(content) == text:
        return content
    if not _ALPHABET.fullmatch(text):
        raise Malformed("not base64url without padding")
    raise Malformed("base64url with stray bits at its end")
