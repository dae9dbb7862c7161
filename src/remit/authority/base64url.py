"""Base64url without padding (RFC 7515 section 2), read strictly: one value has one spelling."""

from __future__ import annotations

import binascii
import re

from remit.authority.errors import Malformed

_SAFE = bytes.maketrans(b"+/", b"-_")
_UNSAFE = bytes.maketrans(b"-_", b"+/")
_ALPHABET = re.compile(r"[A-Za-z0-9_-]*", re.ASCII)


def encode(content: bytes) -> str:
    """
    >>> encode(b"any?")
    'YW55Pw'
    """
    return _spelled(content).decode()


def decode(text: str) -> bytes:
    """The bytes; raises Malformed for padding, foreign letters and stray trailing bits.

    >>> decode("YW55Pw")
    b'any?'
    """
    try:
        given = text.encode("ascii")
        content = binascii.a2b_base64(given.translate(_UNSAFE) + b"=" * (-len(given) % 4))
    except (binascii.Error, ValueError):
        raise Malformed("not base64url without padding") from None
    if _spelled(content) == given:
        return content
    if not _ALPHABET.fullmatch(text):
        raise Malformed("not base64url without padding")
    raise Malformed("base64url with stray bits at its end")


def _spelled(content: bytes) -> bytes:
    return binascii.b2a_base64(content, newline=False).translate(_SAFE).rstrip(b"=")
