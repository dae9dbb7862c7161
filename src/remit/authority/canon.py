"""Canonical bytes: one value has one spelling, so that a hash or a signature names the value.

The form is RFC 8785 (JCS) over what a block may hold: objects, lists, strings, booleans, null and
integers up to 2^53-1; no fractions. Keys are sorted; keys outside Unicode's basic plane are refused,
as only there the orders of UTF-8 and UTF-16 differ. Keys of the engine exceed 2^53 and are therefore
written as decimal strings.

`parse` accepts bytes only if they are the canonical form of what they say. That kills duplicate
keys, white space, escapes and number spellings in one comparison.
"""

from __future__ import annotations

import hashlib

import msgspec

from remit.authority import limits
from remit.authority.errors import Malformed

_encoder = msgspec.json.Encoder(order="sorted")


def encode(value: object) -> bytes:
    """The canonical bytes of a value (a struct counts as the object of its set fields).

    >>> encode({"b": 1, "a": [True, None, "x"]})
    b'{"a":[true,null,"x"],"b":1}'
    """
    return _encoder.encode(value)


def digest(value: object) -> str:
    """SHA-256 of the canonical bytes, in hexadecimal.

    >>> digest({})[:16]
    '44136fa355b3678a'
    """
    return hashlib.sha256(_encoder.encode(value)).hexdigest()


def parse(content: bytes) -> dict[str, object]:
    """The JSON object that `content` is the canonical form of. Raises Malformed."""
    try:
        value = msgspec.json.decode(content)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as fault:
        raise Malformed(f"not JSON: {fault}") from None
    if value.__class__ is not dict:
        raise Malformed("not a JSON object")
    _check(value, limits.DEPTH)
    try:
        spelled = _encoder.encode(value)
    except UnicodeEncodeError:
        raise Malformed("a string holds half of a surrogate pair") from None
    if spelled != content:
        raise Malformed("not in canonical form (RFC 8785): sorted keys, no spaces, no duplicates")
    return value


def _check(value: object, depth: int) -> None:
    """Limits on everything inside; only the types that the form knows."""
    if depth == 0:
        raise Malformed(f"nested deeper than {limits.DEPTH} levels")
    kind = value.__class__
    if kind is str:
        if len(value) > limits.STRING_LENGTH:  # type: ignore[arg-type]
            raise _too_long()
    elif kind is int:
        if abs(value) > limits.INTEGER:  # type: ignore[arg-type]
            raise Malformed(f"integer beyond 2^53-1: {value}")
    elif kind is list:
        _check_length(value)
        for item in value:  # type: ignore[attr-defined]
            _check(item, depth - 1)
    elif kind is dict:
        _check_length(value)
        for key, item in value.items():  # type: ignore[attr-defined]
            if not key.isascii() or len(key) > limits.STRING_LENGTH:
                _check_key(key)
            _check(item, depth - 1)
    elif kind is not bool and value is not None:
        raise Malformed(f"fractions are not allowed: {value}")


def _too_long() -> Malformed:
    return Malformed(f"string longer than {limits.STRING_LENGTH} characters")


def _check_key(key: str) -> None:
    if len(key) > limits.STRING_LENGTH:
        raise _too_long()
    if key and max(key) > "\uffff":
        raise Malformed(f"key outside Unicode's basic plane: {key}")


def _check_length(items: object) -> None:
    if len(items) > limits.LIST_LENGTH:  # type: ignore[arg-type]
        raise Malformed(f"more than {limits.LIST_LENGTH} entries in one list or object")
