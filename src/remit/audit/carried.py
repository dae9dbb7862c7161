"""What the auditor knows of one governed instance, and which answers were found right before.

The same question has the same answer, whichever instance asks it: under the same rules and the same
arithmetic of trust, for the same process, while the chain is in force, with the same facts on the same
slope. An `Agreement` says that this question, with the answer that the log records for it, was asked
again in full and nothing was found; both together are its key, so that another answer is another key.
Where a rule asks for the time or for the instance itself, nothing is remembered.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from functools import lru_cache
from typing import Any

import msgspec
from msgspec import Struct

from remit.authority.binding import Bound
from remit.authority.evaluate import Authority
from remit.authority.slope import START, Slope
from remit.protocol.events.governance import PolicyAttached, PolicySucceeded

encode = msgspec.msgpack.Encoder().encode
REMEMBERED = 50_000
"""Agreements under one set of rules; then they are forgotten, and found again."""

_NEVER = (0, 0)
_decode_slope = msgspec.msgpack.Decoder(Slope).decode


@lru_cache(maxsize=4096)
def decode_slope(content: bytes) -> Slope:
    """A slope as records have it; instances with the same history have the same."""
    return _decode_slope(content)


@lru_cache(maxsize=4096)
def encode_slope(slope: Slope) -> bytes:
    return encode(slope)


_STARTS = encode(START)


class Agreement(Struct, frozen=True):
    """Where the slope is afterwards, and the facts that the log itself must tell of this instance.

    `decisions` is how many were asked: what went with the step counts as well.
    """

    slope: Slope
    told: bytes
    facts: Mapping[str, Any]
    decisions: int


Agreements = dict[Hashable, Agreement]


class Carried:
    """A governed instance. `told` are the bytes of its slope, as the log writes them."""

    __slots__ = (
        "_authority", "agreements", "definition", "from_ms", "name", "policy", "root", "slope",
        "tenant", "told", "until_ms",
    )  # fmt: skip

    def __init__(self, event: PolicyAttached) -> None:
        self.name = str(event.instance)
        self.root = event.root
        self.tenant = event.tenant
        self.slope, self.told = START, _STARTS
        self.attach(event, None, {})

    def attach(
        self,
        event: PolicyAttached | PolicySucceeded,
        authority: Authority | Bound | None,
        agreements: Agreements,
    ) -> None:
        """The instance carries this policy from here on; None for one that does not verify."""
        self.policy = event.policy
        self.definition = event.definition
        self.rule(authority, agreements)

    def rule(self, authority: Authority | Bound | None, agreements: Agreements) -> None:
        """Its policy is read like this: other revocations may count."""
        self._authority = authority
        self.agreements = agreements
        self.from_ms, self.until_ms = authority.in_force() if authority else _NEVER

    @property
    def authority(self) -> Authority | None:
        """What its steps are asked of; None where its policy does not verify."""
        found = self._authority
        if found.__class__ is Bound:
            found = self._authority = found.authority()
        return found  # type: ignore[return-value]

    def move(self, slope: Slope) -> None:
        self.slope = slope
        self.told = encode_slope(slope)

    def remember(self, question: Hashable, agreement: Agreement) -> None:
        if len(self.agreements) >= REMEMBERED:
            self.agreements.clear()
        self.agreements[question] = agreement
