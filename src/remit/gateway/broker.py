"""What every door of the gateway works with: the partitions, who calls, and the workers that wait."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from remit.base.keys import DEPLOYMENT_PARTITION
from remit.gateway import glass
from remit.gateway.auth import Authenticator, Unsure
from remit.gateway.directory import Tables
from remit.gateway.faults import Code, Status
from remit.gateway.limits import Limits
from remit.gateway.polling import LongPolls
from remit.gateway.routing import Router
from remit.gateway.tenancy import Tenancy
from remit.history.reading import History
from remit.identity.directory import Directory
from remit.identity.principal import Principal
from remit.partition.client import PartitionClient
from remit.protocol.values import ANONYMOUS, Actor, Header

VERSION = "8.9.0"
"""The version of Zeebe's protocol that is spoken: clients look at it (rest-api, decision 1)."""


class Broker:
    """`host` and `port` are what the topology tells clients; `directory` follows partition 1."""

    def __init__(
        self,
        partitions: Sequence[PartitionClient],
        authenticator: Authenticator,
        *,
        host: str = "127.0.0.1",
        port: int = 26500,
        cluster_id: str = "",
        history: History | None = None,
        directory: Directory | None = None,
        limits: Limits | None = None,
    ) -> None:
        self.partitions = partitions
        self.router = Router(partitions)
        self.polls = LongPolls(partitions)
        self.host = host
        self.port = port
        self.cluster_id = cluster_id
        self.history = history
        self._authenticator = authenticator
        self.directory = directory or Directory()
        self.limits = limits or Limits()
        self.tables = Tables(self.directory)
        self.tenancy = Tenancy(is_on=self.directory.access.tenants)
        partitions[DEPLOYMENT_PARTITION - 1].watch_identity(self.directory.take)

    def reached(self) -> dict[int, int]:
        """How far the log of each partition is: what is searched now has to tell all of that."""
        return {each.id: each.position for each in (p.status() for p in self.partitions)}

    def principal(self, actor: Actor) -> Principal:
        """What a caller may see and do."""
        return self.directory.principal(actor)

    def tenants_of(self, actor: Actor, given: Sequence[str]) -> tuple[str, ...]:
        """The tenants whose jobs a stream gets; raises `Status` for one that is not the caller's."""
        who = self.principal(actor)
        for each in self.tenancy.several(given):
            if not who.sees(each):
                raise Status(
                    Code.PERMISSION_DENIED,
                    f"Expected to stream jobs of tenant '{each}', but user is not assigned to this "
                    f"tenant",
                )
        return self.tenancy.several(given)

    def client(self, actor: Actor, scope: Mapping[str, Any]) -> str:
        """By what limits know a caller: the name, else the address."""
        address: tuple[str, int] | None = scope.get("client")
        return actor.id or (address[0] if address else "")

    async def authenticate(
        self, headers: Mapping[bytes, bytes], scope: Mapping[str, Any], *, is_open: bool = False
    ) -> Header:
        """The same as `authenticate_nowait`, after a look for the key of a token if need be."""
        try:
            return self.authenticate_nowait(headers, scope, is_open=is_open)
        except Unsure as unsure:
            await unsure.renewed()
        return self.authenticate_nowait(headers, scope, is_open=is_open)

    def authenticate_nowait(
        self, headers: Mapping[bytes, bytes], scope: Mapping[str, Any], *, is_open: bool = False
    ) -> Header:
        """Who calls, the trace that the call belongs to, and why the glass is broken, if it is; raises
        `Status`.

        Of those, `Unsure` may be wrong in a moment. It counts as one of the requests that this client
        may make. `is_open`: anybody may, while there is nobody who could have credentials.
        """
        if is_open and self._authenticator.knows_nobody():
            actor = ANONYMOUS
        else:
            actor = self._authenticator.actor(headers)
        self.limits.spend(self.client(actor, scope))
        traceparent = headers.get(b"traceparent", b"").decode("latin-1")
        if glass.HEADER in headers:
            reason = glass.reason_of(headers[glass.HEADER], actor)
            return Header(actor=actor, traceparent=traceparent, broken_glass=reason)
        return Header(actor=actor, traceparent=traceparent)
