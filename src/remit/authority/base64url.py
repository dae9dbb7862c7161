"""Base64url without padding (RFC 7515 section 2), read strictly: one value has one spelling."""

from __future__ import annotations

import base64
import binascii
import re

from remit.authority.errors import Malformed

_ALPHABET = re.compile(r"[A-Za-z0-9_-]*", re.ASCII)


def encode(content: bytes) -> str:
    """
    >>> encode(b"any?")
    'YW55Pw'
    """
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def decode(text: str) -> bytes:
    """The bytes; raises Malformed for padding, foreign letters and stray trailing bits.

    >>> decode("YW55Pw")
    b'any?'
    """
    if not _ALPHABET.fullmatch(text):
        raise Malformed("not base64url without padding")
    try:
        content = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (binascii.Error, ValueError):
        raise Malformed("not base64url without padding") from None
    if encode(content) != text:
        raise Malformed("base64url with stray bits at its end")
    return content
