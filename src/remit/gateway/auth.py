"""Who calls, as the channel says it: never as the caller says it of itself.

Mode `none` takes everybody as anonymous; the server then listens on the loopback only, unless it is
told otherwise in words. An empty `authorization` header is anonymous as well: clients send it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from remit.protocol.values import ANONYMOUS, Actor


class Authenticator(Protocol):
    def actor(self, headers: Mapping[bytes, bytes]) -> Actor:
        """Who sent a request with these headers (names in lower case); raises `Status`."""
        ...


class Nobody:
    """Mode `none`: everybody is anonymous."""

    def actor(self, headers: Mapping[bytes, bytes]) -> Actor:
        return ANONYMOUS
