"""What every door of the gateway works with: the partitions, who calls, and the workers that wait."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from remit.gateway.auth import Authenticator
from remit.gateway.polling import LongPolls
from remit.gateway.routing import Router
from remit.history.reading import History
from remit.partition.client import PartitionClient
from remit.protocol.values import Header

VERSION = "8.9.0"
"""The version of Zeebe's protocol that is spoken: clients look at it (rest-api, decision 1)."""


class Broker:
    """`host` and `port` are what the topology tells clients."""

    def __init__(
        self,
        partitions: Sequence[PartitionClient],
        authenticator: Authenticator,
        *,
        host: str = "127.0.0.1",
        port: int = 26500,
        cluster_id: str = "",
        history: History | None = None,
    ) -> None:
        self.partitions = partitions
        self.router = Router(partitions)
        self.polls = LongPolls(partitions)
        self.host = host
        self.port = port
        self.cluster_id = cluster_id
        self.history = history
        self._authenticator = authenticator

    def reached(self) -> dict[int, int]:
        """How far the log of each partition is: what is searched now has to tell all of that."""
        return {each.id: each.position for each in (p.status() for p in self.partitions)}

    def authenticate(self, headers: Mapping[bytes, bytes]) -> Header:
        """Who calls, and the trace that the call belongs to; raises `Status`."""
        actor = self._authenticator.actor(headers)
        traceparent = headers.get(b"traceparent", b"").decode("latin-1")
        return Header(actor=actor, traceparent=traceparent)
