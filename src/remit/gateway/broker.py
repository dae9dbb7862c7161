"""What every door of the gateway works with: the partitions, who calls, and the workers that wait."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from remit.gateway.auth import Authenticator
from remit.gateway.polling import LongPolls
from remit.gateway.routing import Router
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
    ) -> None:
        self.partitions = partitions
        self.router = Router(partitions)
        self.polls = LongPolls(partitions)
        self.host = host
        self.port = port
        self.cluster_id = cluster_id
        self._authenticator = authenticator

    def authenticate(self, headers: Mapping[bytes, bytes]) -> Header:
        """Who calls, and the trace that the call belongs to; raises `Status`."""
        actor = self._authenticator.actor(headers)
        traceparent = headers.get(b"traceparent", b"").decode("latin-1")
        return Header(actor=actor, traceparent=traceparent)
