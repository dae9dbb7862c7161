"""Heads of requests that the parser has read before: a client sends the same headers again and again.

What a parser said of the headers of one request holds for every request with the very same bytes there,
whatever its path is. Kept are only heads without surprises: HTTP/1.1, POST, a plain path, a body whose
length they tell, a connection that stays open.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

END = b"\r\n\r\n"
MOST_BYTES = 4096
"""Of headers that are remembered."""

MOST = 2_000
"""Heads that are remembered, of all connections; then all are forgotten."""

_LINE = re.compile(rb"POST (/[\w/.~-]*) HTTP/1\.1(?=\r\n)")
_SURPRISES = frozenset((b"transfer-encoding", b"expect", b"upgrade", b"trailer", b"traceparent"))
"""Names of headers that ask for more than an answer, or that no other request will have."""


@dataclass(frozen=True, slots=True)
class Known:
    """Headers by their names in lower case, and how many bytes of body follow them."""

    headers: Mapping[bytes, bytes]
    length: int


class Seen(NamedTuple):
    """A request that begins with a known head: `body` is where that ends."""

    path: bytes
    known: Known
    body: int


class Heads:
    """
    >>> heads = Heads()
    >>> request = b"POST /v2/x HTTP/1.1\\r\\nHost: a\\r\\nContent-Length: 2\\r\\n\\r\\n{}"
    >>> heads.look(request) is None
    True
    >>> heads.learn(request, [(b"host", b"a"), (b"content-length", b"2")])
    >>> seen = heads.look(request.replace(b"/x", b"/y/17"))
    >>> seen.path, seen.known.length
    (b'/v2/y/17', 2)
    """

    def __init__(self) -> None:
        self._known: dict[bytes, Known] = {}

    def look(self, data: bytes) -> Seen | None:
        """What is known of a request that begins here, if anything."""
        line = _LINE.match(data)
        if line is None:
            return None
        end = data.find(END)
        known = self._known.get(data[line.end() : end])
        return None if known is None or end < 0 else Seen(line[1], known, end + len(END))

    def learn(self, data: bytes, headers: Sequence[tuple[bytes, bytes]]) -> None:
        """`data` is one request, whole, of which the parser has told `headers`."""
        line, end = _LINE.match(data), data.find(END)
        if line is None or end - line.end() > MOST_BYTES:
            return
        lengths = [value for name, value in headers if name == b"content-length"]
        if len(lengths) != 1 or not lengths[0].isdigit():
            return
        length = int(lengths[0])
        if len(data) != end + len(END) + length:
            return
        if any(map(_is_surprise, headers)):
            return
        if len(self._known) >= MOST:
            self._known.clear()
        self._known[data[line.end() : end]] = Known(dict(headers), length)


def _is_surprise(header: tuple[bytes, bytes]) -> bool:
    name, value = header
    return name in _SURPRISES or (name == b"connection" and value.lower() != b"keep-alive")
