"""The broker process: what the server loads. Opens the partitions, answers, closes them.

Settings come as JSON in the environment; progress goes to the supervisor over the control line.
"""

from __future__ import annotations

import asyncio
import logging
import os
import uuid
from pathlib import Path

import msgspec

from remit.base.errors import Fault, Unavailable
from remit.base.garbage import collect_seldom
from remit.base.scheduling import stand_aside
from remit.gateway.app import Gateway
from remit.gateway.auth import authenticator
from remit.gateway.broker import Broker
from remit.gateway.grpc.framing import Receive, Scope, Send
from remit.gateway.limits import Limits
from remit.history.reading import History
from remit.identity.directory import Directory
from remit.partition.partitions import Partitions, open_partitions
from remit.server import control, logs
from remit.server.config import CLUSTER_ID, SETTINGS, Config
from remit.server.http import HttpPort
from remit.server.tls import Context

ENVOYS_WORKER = "wrk:"
"""How the names of the threads begin on which Envoy speaks HTTP/2; they are in this process."""

log = logging.getLogger("remit.server")


class Application:
    """ASGI: the life span opens and closes the broker, everything else is the gateway's."""

    def __init__(self) -> None:
        self._gateway: Gateway | None = None
        self._broker: Broker | None = None
        self._partitions: Partitions | None = None
        self._port: HttpPort | None = None
        self._watching: asyncio.Task[None] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif self._gateway is not None:
            await self._gateway(scope, receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        config = msgspec.json.decode(os.environ[SETTINGS], type=Config)
        logs.set_up(os.environ.get("REMIT_LOG_LEVEL", "INFO"))
        line = await control.connect(config.control)
        try:
            port = await self._open(config)
        except Fault as fault:
            await line.say(f"failed {fault}")
            await send({"type": "lifespan.startup.failed", "message": str(fault)})
            return
        self._watching = asyncio.create_task(self._obey(line, config))
        await line.say(f"ready {port}")
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await send({"type": "lifespan.shutdown.complete"})

    async def _open(self, config: Config) -> int:
        """Ready to answer; the REST port."""
        folder = Path(config.data)
        self._partitions = await open_partitions(
            folder, config.partitions, config.policies, config.access
        )
        directory = Directory(config.access)
        self._broker = Broker(
            self._partitions.clients,
            authenticator(
                config.users,
                config.api_keys,
                config.oidc_issuer,
                config.oidc_audience,
                config.oidc_keys,
                config.oidc_name_claim,
                authority=config.oidc_ca,
                certificates=bool(config.tls_client_ca),
                directory=directory,
            ),
            host=config.host,
            port=config.grpc_port,
            cluster_id=_cluster_id(folder),
            history=_history(config.history_url, _cluster_id(folder)),
            directory=directory,
            limits=Limits(config.max_requests_per_second, config.max_streams),
        )
        self._gateway = Gateway(self._broker)
        required = config.requires_certificate
        tls = Context(config.tls, is_required=required) if config.tls else None
        self._port = HttpPort(self._gateway.rest, tls)
        port = await self._port.open(config.host, config.http_port)
        collect_seldom()
        log.info("partitions open", extra={"data": str(folder), "partitions": config.partitions})
        return port

    async def _obey(self, line: control.Line, config: Config) -> None:
        """Do what the supervisor says; end when it is gone."""
        while True:
            said = await line.hear()
            if said is None:
                log.error("the supervisor is gone: this broker ends itself")
                os._exit(3)
            if said.startswith("ports ") and self._broker is not None:
                _, self._broker.host, port = said.split()
                self._broker.port = int(port)
                if config.is_read_beside:
                    stand_aside(os.getpid(), ENVOYS_WORKER)
            elif said == "drain" and self._partitions is not None:
                if self._broker is not None:
                    self._broker.polls.close()
                if self._port is not None:
                    self._port.close()
                await self._partitions.close()
                log.info("drained")
                await line.say("drained")


def _history(url: str, cluster: str) -> History | None:
    """None where no history is kept; raises `Unavailable` with a sentence."""
    try:
        return History(url, cluster) if url else None
    except ValueError as fault:
        raise Unavailable(f"--history: {fault}") from fault


def _cluster_id(folder: Path) -> str:
    """An id that stays with the data."""
    path = folder / CLUSTER_ID
    if not path.exists():
        path.write_text(str(uuid.uuid4()))
    return path.read_text().strip()


app = Application()
